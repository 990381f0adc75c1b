"""The wire format of health."""

from typing import Literal

from app.schemas.base import Output


class Health(Output):
    """The service is well."""

    status: Literal["ok"]
