"""Tables, a noun a file; importing this package makes them all known to `Base.metadata`."""

from app.models import (
    accounts,
    agencies,
    audit_events,
    budgets,
    idempotency,
    indicators,
    notifications,
    obligations,
    periods,
    plans,
    programmes,
    projects,
    reorganisations,
    reports,
    targets,
)
from app.models.base import Base

__all__ = [
    "Base",
    "accounts",
    "agencies",
    "audit_events",
    "budgets",
    "idempotency",
    "indicators",
    "notifications",
    "obligations",
    "periods",
    "plans",
    "programmes",
    "projects",
    "reorganisations",
    "reports",
    "targets",
]
