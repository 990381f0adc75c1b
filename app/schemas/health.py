"""Schemas of the health probes."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from app.schemas.base import Output, examples


class Health(Output):
    """The result of a successful probe."""

    model_config = examples(
        {"status": "ok", "now": "2024-06-15T16:30:00+07:00", "rehearsal": False}
    )

    status: Literal["ok"] = Field(description="`ok`.")
    now: datetime = Field(
        description="The time of the service; in a rehearsal it differs from the real time."
    )
    rehearsal: bool = Field(description="Whether the service has a rehearsal clock.")
