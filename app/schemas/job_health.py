"""Schemas of the background work's health."""

from pydantic import Field

from app.schemas.base import Instant, Output, examples


class Backlog(Output):
    """Numbers of messages by state, and the waiting time of the oldest unsent one."""

    oldest_unsent_seconds: float | None = Field(
        description="The seconds that the oldest message has waited since it could be sent."
    )
    waiting: int = Field(
        description="Waiting messages, also those in quiet hours or between attempts."
    )
    sending: int = Field(description="Messages that are being sent.")
    failed: int = Field(description="Messages that were given up so far.")
    failed_last_24h: int = Field(description="Messages that were given up within 24 hours.")


class JobsHealth(Output):
    """The state of message delivery, reminder sweeps and the job queue."""

    model_config = examples(
        {
            "ok": True,
            "held_since": None,
            "messages": {
                "oldest_unsent_seconds": None,
                "waiting": 0,
                "sending": 0,
                "failed": 1,
                "failed_last_24h": 0,
            },
            "last_sweep_seconds": 21.4,
            "queue": {"doing": 1, "todo": 1},
        }
    )

    ok: bool = Field(
        description="false: a message or a sweep is more than ten minutes late, or messages are "
        "held."
    )
    held_since: Instant | None = Field(
        description="Since when messages are held after a restore; null: they are not."
    )
    messages: Backlog = Field(description="The messages by state.")
    last_sweep_seconds: float | None = Field(
        description="The seconds since the last sweep; null before the first one."
    )
    queue: dict[str, int] = Field(description="The number of queued jobs by state.")
