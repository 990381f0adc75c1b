"""Authorisation: the permissions of roles and scopes, and the agencies that a principal reaches."""

from dataclasses import dataclass, replace
from enum import StrEnum

from app.vocabulary import Role, Scope


class Permission(StrEnum):
    """A permission that an operation requires, named `noun:verb`."""

    SELF = "self"
    SELF_WRITE = "self:write"
    REFERENCE_READ = "reference:read"
    REFERENCE_WRITE = "reference:write"
    PERIODS_READ = "periods:read"
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
    PASSWORDS_RESET = "passwords:reset"
    ACCOUNTS_MANAGE = "accounts:manage"
    REORGANISATIONS_MANAGE = "reorganisations:manage"


P = Permission

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.REPORTER: frozenset(
        {
            P.SELF,
            P.SELF_WRITE,
            P.REFERENCE_READ,
            P.PERIODS_READ,
            P.OBLIGATIONS_READ,
            P.REPORTS_READ,
            P.REPORTS_WRITE,
            P.AGGREGATES_READ,
            P.NOTIFICATIONS_READ_SENT,
            P.CALENDARS_MANAGE,
        }
    ),
    Role.COORDINATOR: frozenset(
        {
            P.SELF,
            P.SELF_WRITE,
            P.REFERENCE_READ,
            P.PERIODS_READ,
            P.REFERENCE_WRITE,
            P.PERIODS_MANAGE,
            P.OBLIGATIONS_READ,
            P.OBLIGATIONS_MANAGE,
            P.REPORTS_READ,
            P.REPORTS_WRITE,  # to enter paper reports
            P.REPORTS_REVIEW,
            P.AGGREGATES_READ,
            P.NOTIFICATIONS_READ_SENT,
            P.REMINDERS_MANAGE,
            P.CALENDARS_MANAGE,
            P.WEBHOOKS_MANAGE,
            P.JOBS_READ,
            P.AUDIT_READ,
            P.PASSWORDS_RESET,
        }
    ),
    Role.VIEWER: frozenset(
        {
            P.SELF,
            P.SELF_WRITE,
            P.REFERENCE_READ,
            P.PERIODS_READ,
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
            P.PERIODS_READ,
            P.REFERENCE_WRITE,
            P.PERIODS_MANAGE,
            P.OBLIGATIONS_READ,
            P.NOTIFICATIONS_READ_SENT,
            P.CALENDARS_MANAGE,
            P.WEBHOOKS_MANAGE,
            P.JOBS_READ,
            P.AUDIT_READ,
            P.PASSWORDS_RESET,
            P.ACCOUNTS_MANAGE,
            P.REORGANISATIONS_MANAGE,
        }
    ),
}

RESETTABLE_ROLES: dict[Role, frozenset[Role]] = {
    Role.COORDINATOR: frozenset({Role.REPORTER, Role.VIEWER}),
    Role.ADMIN: frozenset(Role),
}
"""The roles of the accounts for which a role may issue reset codes.

Who has the code can sign in as that person, so none of them may do what the issuer may not. The
coordinators of a commune are excluded: they manage plans that the district's may only read.
"""

SCOPE_PERMISSIONS: dict[Scope, frozenset[Permission]] = {
    Scope.REFERENCE_READ: frozenset({P.REFERENCE_READ, P.PERIODS_READ}),
    Scope.REPORTS_READ: frozenset({P.OBLIGATIONS_READ, P.REPORTS_READ}),
    Scope.REPORTS_WRITE: frozenset({P.REPORTS_WRITE}),
    Scope.AGGREGATES_READ: frozenset({P.AGGREGATES_READ, P.PERIODS_READ}),
}

READING = frozenset(
    {
        P.SELF,
        P.SELF_WRITE,
        P.REFERENCE_READ,
        P.OBLIGATIONS_READ,
        P.REPORTS_READ,
        P.AGGREGATES_READ,
        P.NOTIFICATIONS_READ_SENT,
        P.JOBS_READ,
        P.AUDIT_READ,
    }
)
"""The permissions that remain to the accounts of an agency that has ended."""


def permissions_of(role: Role | None, scopes: list[Scope]) -> frozenset[Permission]:
    """The permissions of an account's role or of an API key's scopes. Every key may read itself."""
    if role is not None:
        return ROLE_PERMISSIONS[role]
    return frozenset({P.SELF}).union(*(SCOPE_PERMISSIONS[scope] for scope in scopes))


@dataclass(frozen=True, slots=True)
class Principal:
    """The authenticated account or API key of a request.

    `area_path` is the path of the nearest government at or above its agency. `reach` is the path of
    the subtree whose reports it may access, `horizon` that of the subtree whose reference data it
    may see: its area, or what surrounds it for a government of the lowest tier. An empty path is
    the whole tree. All come from the view `agency_area`. `agency_ended`: the account can only read.
    """

    name: str
    role: Role | None
    permissions: frozenset[Permission]
    agency_id: int | None
    agency_path: str
    area_path: str
    horizon: str
    account_id: int | None = None
    api_key_id: int | None = None
    agency_ended: bool = False

    @property
    def reach(self) -> str:
        """The area for coordinators, the own subtree for others; see `own_agency_only`."""
        return self.area_path if self.role is Role.COORDINATOR else self.agency_path

    @property
    def own_agency_only(self) -> bool:
        """Whether the reach excludes subordinate agencies, as for reporters."""
        return self.role is Role.REPORTER

    @property
    def reach_pattern(self) -> str:
        """`reaches` as a LIKE pattern over agency paths, for the SQL function `within_reach`."""
        return self.reach if self.own_agency_only else f"{self.reach}%"

    def reaches(self, path: str) -> bool:
        """Whether the principal may access the reports of the agency with this path."""
        return path == self.reach if self.own_agency_only else path.startswith(self.reach)

    def manages(self, path: str) -> bool:
        """Whether the principal may manage the plans of the government with this path.

        A coordinator manages those of its own government only, an administrator all in its subtree.
        """
        return path == self.area_path if self.role is Role.COORDINATOR else self.reaches(path)

    def may_reset(self, role: Role) -> bool:
        """Whether the principal may issue reset codes to accounts of this role within its reach."""
        return self.role is not None and role in RESETTABLE_ROLES.get(self.role, frozenset())

    def reading_only(self) -> "Principal":
        """The principal after the end of its agency."""
        return replace(self, permissions=self.permissions & READING, agency_ended=True)

    def knows(self, path: str) -> bool:
        """Whether the agency with this path is within the horizon or above it."""
        return path.startswith(self.horizon) or self.horizon.startswith(path)
