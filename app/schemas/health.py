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

    status: Literal["ok"]
    now: datetime = Field(description="Giờ của hệ thống; khi diễn tập thì khác giờ thật.")
    rehearsal: bool = Field(description="Hệ thống đang diễn tập, theo đồng hồ riêng.")
