"""Who may do what: one table, and the reach within which it holds."""

from dataclasses import dataclass
from enum import StrEnum

from app.vocabulary import Role, Scope


class Permission(StrEnum):
    """One thing that a request may need to be allowed, named `noun:verb`."""

    SELF = "self"
    SELF_WRITE = "self:write"
    REFERENCE_READ = "reference:read"
    REFERENCE_WRITE = "reference:write"
    PERIODS_MANAGE = "periods:manage"
    OBLIGATIONS_READ = "obligations:read"
    OBLIGATIONS_MANAGE = "obligations:manage"
    REPORTS_READ = "reports:read"
    REPORTS_WRITE = "reports:write"
    REPORTS_REVIEW = "reports:review"
    AGGREGATES_READ = "aggregates:read"
    NOTIFICATIONS_READ_SENT = "notifications:read-sent"
    REMINDERS_MANAGE = "reminders:manage"
    CALENDARS_MANAGE = "calendars:manage"
    WEBHOOKS_MANAGE = "webhooks:manage"
    JOBS_READ = "jobs:read"
    AUDIT_READ = "audit:read"
    ACCOUNTS_MANAGE = "accounts:manage"


P = Permission

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.REPORTER: frozenset(
        {
            P.SELF,
            P.SELF_WRITE,
            P.REFERENCE_READ,
            P.OBLIGATIONS_READ,
            P.REPORTS_READ,
            P.REPORTS_WRITE,
            P.NOTIFICATIONS_READ_SENT,
            P.CALENDARS_MANAGE,
        }
    ),
    Role.COORDINATOR: frozenset(
        {
            P.SELF,
            P.SELF_WRITE,
            P.REFERENCE_READ,
            P.REFERENCE_WRITE,
            P.PERIODS_MANAGE,
            P.OBLIGATIONS_READ,
            P.OBLIGATIONS_MANAGE,
            P.REPORTS_READ,
            P.REPORTS_WRITE,  # paper reports, entered for the one who sent them
            P.REPORTS_REVIEW,
            P.AGGREGATES_READ,
            P.NOTIFICATIONS_READ_SENT,
            P.REMINDERS_MANAGE,
            P.CALENDARS_MANAGE,
            P.WEBHOOKS_MANAGE,
            P.JOBS_READ,
            P.AUDIT_READ,
        }
    ),
    Role.VIEWER: frozenset(
        {
            P.SELF,
            P.SELF_WRITE,
            P.REFERENCE_READ,
            P.OBLIGATIONS_READ,
            P.REPORTS_READ,
            P.AGGREGATES_READ,
            P.NOTIFICATIONS_READ_SENT,
            P.CALENDARS_MANAGE,
        }
    ),
    Role.ADMIN: frozenset(
        {
            P.SELF,
            P.SELF_WRITE,
            P.REFERENCE_READ,
            P.REFERENCE_WRITE,
            P.PERIODS_MANAGE,
            P.OBLIGATIONS_READ,
            P.NOTIFICATIONS_READ_SENT,
            P.CALENDARS_MANAGE,
            P.WEBHOOKS_MANAGE,
            P.JOBS_READ,
            P.AUDIT_READ,
            P.ACCOUNTS_MANAGE,
        }
    ),
}

SCOPE_PERMISSIONS: dict[Scope, frozenset[Permission]] = {
    Scope.REFERENCE_READ: frozenset({P.REFERENCE_READ}),
    Scope.REPORTS_READ: frozenset({P.OBLIGATIONS_READ, P.REPORTS_READ}),
    Scope.REPORTS_WRITE: frozenset({P.REPORTS_WRITE}),
    Scope.AGGREGATES_READ: frozenset({P.AGGREGATES_READ}),
}


def permissions_of(role: Role | None, scopes: list[Scope]) -> frozenset[Permission]:
    """What an account's role, or an API key's scopes, may do; a key always sees itself."""
    if role is not None:
        return ROLE_PERMISSIONS[role]
    return frozenset({P.SELF}).union(*(SCOPE_PERMISSIONS[scope] for scope in scopes))


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: an account or an API key.

    `reach` is the path of the subtree whose reports it may touch, `horizon` that of the
    reference data it may know; an empty path is everything.
    """

    name: str
    role: Role | None
    permissions: frozenset[Permission]
    agency_id: int | None
    agency_path: str
    district_path: str
    account_id: int | None = None
    api_key_id: int | None = None

    @property
    def reach(self) -> str:
        """A coordinator works for its whole district; all others stand where they stand."""
        return self.district_path if self.role is Role.COORDINATOR else self.agency_path

    @property
    def horizon(self) -> str:
        """The district around the principal, or, above districts, its own subtree."""
        return self.district_path

    @property
    def own_agency_only(self) -> bool:
        """A reporter speaks for its agency, not for those below it."""
        return self.role is Role.REPORTER

    @property
    def reach_pattern(self) -> str:
        """`reaches` as a LIKE pattern over agency paths, for the SQL function `within_reach`."""
        return self.reach if self.own_agency_only else f"{self.reach}%"

    def reaches(self, path: str) -> bool:
        """Whether an agency's reports are the principal's to touch."""
        return path == self.reach if self.own_agency_only else path.startswith(self.reach)

    def knows(self, path: str) -> bool:
        """Whether an agency is within the horizon, or above it."""
        return path.startswith(self.horizon) or self.horizon.startswith(path)
