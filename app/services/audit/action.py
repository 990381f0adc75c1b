"""The context of a write, handed to services as one value."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from time import monotonic

from app.clock import local_day
from app.policy import Principal

FRESH_SECONDS = 5.0
"""An action that has taken longer is recorded as of the present, not as of `now`."""


@dataclass(frozen=True, slots=True)
class Action:
    """The principal, instant and origin of a write.

    now: the instant of the service's clock, with its zone.
    origin: the network address of the request; None for a command.
    signature: the name in audit events where it is not the principal's.
    began: the reading of the process's monotonic clock at `now`.
    """

    principal: Principal
    now: datetime
    origin: str | None = None
    signature: str | None = None
    began: float = field(default_factory=monotonic, repr=False, compare=False)

    @property
    def actor(self) -> str:
        """The name in audit events."""
        return self.signature or self.principal.name

    @property
    def today(self) -> date:
        """The day of `now` in the local calendar."""
        return local_day(self.now)

    @property
    def recording_instant(self) -> datetime:
        """`now`, or the present where the action has lasted longer than `FRESH_SECONDS`.

        So no audit event is much older than its statement, which settles the instants before
        (`app.services.audit.settlement`).
        """
        elapsed = monotonic() - self.began
        return self.now if elapsed < FRESH_SECONDS else self.now + timedelta(seconds=elapsed)
