"""The context of a write, handed to services as one value."""

from dataclasses import dataclass
from datetime import date, datetime

from app.clock import local_day
from app.policy import Principal


@dataclass(frozen=True, slots=True)
class Action:
    """The principal, instant and origin of a write.

    now: the instant of the service's clock, with its zone.
    origin: the network address of the request; None for a command.
    signature: the name in audit events where it is not the principal's.
    """

    principal: Principal
    now: datetime
    origin: str | None = None
    signature: str | None = None

    @property
    def actor(self) -> str:
        """The name in audit events."""
        return self.signature or self.principal.name

    @property
    def today(self) -> date:
        """The day of `now` in the local calendar."""
        return local_day(self.now)
