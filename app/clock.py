"""The source of the current time, and the local calendar."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")
"""The time zone of all due dates and data windows."""


class Clock:
    """The real time plus a fixed offset, which is zero except in rehearsals and tests."""

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self.offset = offset

    @classmethod
    def starting_at(cls, instant: datetime) -> "Clock":
        """A clock that shows `instant` (timezone-aware) at the moment of the call."""
        return cls(instant - datetime.now(UTC))

    @classmethod
    def from_settings(cls, start: datetime | None, offset_seconds: float | None) -> "Clock":
        """A clock that begins at `start` or has an offset in seconds; by default the real time."""
        if start is not None:
            return cls.starting_at(start)
        return cls(timedelta(seconds=offset_seconds or 0))

    @property
    def is_rehearsal(self) -> bool:
        """Whether the clock does not show the real time."""
        return bool(self.offset)

    def now(self) -> datetime:
        """The current instant in the local time zone."""
        return (datetime.now(UTC) + self.offset).astimezone(LOCAL)


def local_day(instant: datetime) -> date:
    """The local day of an instant."""
    return instant.astimezone(LOCAL).date()


def midnight(day: date) -> datetime:
    """The first instant of a local day."""
    return datetime(day.year, day.month, day.day, tzinfo=LOCAL)
