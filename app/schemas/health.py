"""The wire format of health."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from app.schemas.base import Output


class Health(Output):
    """The service is well."""

    status: Literal["ok"]
    now: datetime = Field(description="Giờ của hệ thống; khi diễn tập thì khác giờ thật.")
