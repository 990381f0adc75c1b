"""The only source of "now", and the local calendar that turns instants into days."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")
"""The calendar of every due date and data window."""


class Clock:
    """Real time moved by a fixed offset: zero in service, something else in a rehearsal."""

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self.offset = offset

    @classmethod
    def starting_at(cls, instant: datetime) -> "Clock":
        """A clock that shows `instant` (with its zone) at the moment of the call."""
        return cls(instant - datetime.now(UTC))

    @classmethod
    def from_settings(cls, start: datetime | None, offset_seconds: float | None) -> "Clock":
        """A rehearsal's clock where a start or an offset is set, else the real one."""
        if start is not None:
            return cls.starting_at(start)
        return cls(timedelta(seconds=offset_seconds or 0))

    def now(self) -> datetime:
        """The present instant, in the local zone, microseconds kept."""
        return (datetime.now(UTC) + self.offset).astimezone(LOCAL)


def local_day(instant: datetime) -> date:
    """The local calendar day on which an instant falls."""
    return instant.astimezone(LOCAL).date()


def midnight(day: date) -> datetime:
    """The first instant of a local day."""
    return datetime(day.year, day.month, day.day, tzinfo=LOCAL)
