"""The person who is signed in in a browser."""

from dataclasses import dataclass
from datetime import datetime

from fastapi import Request

from app.policy import Principal
from app.services.audit.action import Action

VISITOR = "tiendo.visitor"
"""Key in a request's scope: the `Visitor`, on routes that need one."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """The principal of a session, with the names that every page shows.

    secret: the access token in the session's cookie. agency: its code; None for an administrator of
    the whole service. notice: what every page says first, because the person's agency has ended.
    """

    principal: Principal
    secret: str
    full_name: str
    agency: str | None
    agency_name: str | None
    notice: str | None

    def action(self, request: Request, now: datetime) -> Action:
        """The context of a write that the person makes."""
        return Action(self.principal, now, request.client.host if request.client else None)
