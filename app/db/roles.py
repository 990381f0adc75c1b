"""The two database roles: the owner migrates; the application cannot change what is recorded.

The owner's role owns the tables. The application's role, under which everything else runs, can only
add to the append-only tables, so neither a fault of the service nor an injected statement can
change or remove what they contain.
"""

from dataclasses import dataclass

import asyncpg
from sqlalchemy import make_url

from app.errors import OperatorError
from app.text.bilingual import Bilingual

APPEND_ONLY = frozenset(
    {
        "audit_event",
        "budget_change",
        "decision",
        "due_date_history",
        "due_soon_history",
        "exemption",
        "extension",
        "revision",
        "revision_disbursement",
        "revision_entry",
        "revision_opening",
        "target_value",
    }
)
"""Tables whose rows are never changed or deleted: audit events, and what aggregates are made of."""
KEPT = frozenset(
    {
        "account",
        "agency",
        "indicator",
        "ledger",
        "obligation",
        "plan",
        "plan_indicator",
        "plan_project",
        "programme",
        "project",
        "report",
        "reporting_period",
        "schedule",
        "target",
    }
)
"""Tables whose rows change but are never deleted."""

GRANT_LOCK = 7_283_651_906
"""Advisory lock: one process at a time grants privileges."""

# The tables, views and sequences with the privileges that a role has on each.
LIST_PRIVILEGES = """
SELECT c.relname AS name, c.relkind::text AS kind, ARRAY(
    SELECT privilege_type FROM aclexplode(c.relacl) WHERE grantee = r.oid
) AS privileges
FROM pg_class c, pg_roles r
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'S')
AND r.rolname = $1
ORDER BY c.relname
"""

# Whether the current role can change rows of append-only tables, or give itself the right to.
CAN_CHANGE_RECORD = """
SELECT coalesce(bool_or(pg_has_role(relowner, 'USAGE')
    OR has_table_privilege(oid, 'UPDATE, DELETE, TRUNCATE, TRIGGER')), false)
FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname = ANY($1)
"""


class RoleError(OperatorError):
    """The application's role cannot be used; the message addresses the operator."""


@dataclass(frozen=True)
class DatabaseUrls:
    """The URLs of one database for its two roles; the same URL twice if there is only one role.

    application: for requests and jobs. owner: for migrations, and for backups.
    """

    application: str
    owner: str

    @property
    def are_separate(self) -> bool:
        """Whether there are two roles."""
        return self.application != self.owner


async def grant(urls: DatabaseUrls) -> None:
    """Create the application's role if it is missing, and give it its privileges, no others.

    Privileges that are right already are left alone.

    Raises:
        RoleError: the role is missing and the owner's role may not create it.
    """
    owner = await asyncpg.connect(urls.owner)
    try:
        async with owner.transaction():
            await grant_within(owner, urls.application)
    finally:
        await owner.close()


async def grant_within(owner: asyncpg.Connection, application: str) -> None:
    """Do the same for the role of the URL `application`, within the owner's transaction.

    Raises:
        RoleError: the role is missing and the owner's role may not create it.
    """
    parsed = make_url(application)
    if parsed.username is None:
        raise RoleError(
            Bilingual(
                "TIENDO_DATABASE_URL: cần có tên người dùng, như TIENDO_OWNER_DATABASE_URL",
                "TIENDO_DATABASE_URL: expected a user name, as TIENDO_OWNER_DATABASE_URL",
            )
        )
    await owner.execute("SELECT pg_advisory_xact_lock($1)", GRANT_LOCK)
    await _ensure_role(owner, parsed.username, str(parsed.password or ""))
    for statement in await _missing_grants(owner, parsed.username):
        await owner.execute(statement)


async def can_change_record(url: str) -> bool:
    """Whether the role of this URL could change or remove audit events and revisions."""
    connection = await asyncpg.connect(url)
    try:
        answer: bool = await connection.fetchval(CAN_CHANGE_RECORD, list(APPEND_ONLY))
    finally:
        await connection.close()
    return answer


async def _ensure_role(owner: asyncpg.Connection, role: str, password: str) -> None:
    if await owner.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", role):
        return
    create = await owner.fetchval(
        "SELECT format('CREATE ROLE %I LOGIN PASSWORD %L', $1::text, nullif($2::text, ''))",
        role,
        password,
    )
    try:
        await owner.execute(create)
    except asyncpg.InsufficientPrivilegeError as error:
        raise RoleError(
            Bilingual(
                f"tài khoản {role} của TIENDO_DATABASE_URL chưa có, và tài khoản của "
                "TIENDO_OWNER_DATABASE_URL không được tạo nó: hãy tạo bằng tài khoản quản trị cơ "
                "sở dữ liệu",
                f"the role {role} of TIENDO_DATABASE_URL does not exist, and the role of "
                "TIENDO_OWNER_DATABASE_URL may not create it: create it as a superuser",
            )
        ) from error


async def _missing_grants(owner: asyncpg.Connection, role: str) -> list[str]:
    """The statements that give the role its privileges where it has others."""
    grantee = await owner.fetchval("SELECT quote_ident($1)", role)
    statements = []
    if not await owner.fetchval("SELECT has_schema_privilege($1, 'public', 'USAGE')", role):
        statements.append(f"GRANT USAGE ON SCHEMA public TO {grantee}")
    for row in await owner.fetch(LIST_PRIVILEGES, role):
        privileges = privileges_on(row["name"], row["kind"])
        if privileges != set(row["privileges"]):
            kind = "SEQUENCE" if row["kind"] == "S" else "TABLE"
            name = f'{kind} public."{row["name"]}"'
            statements += [
                f"REVOKE ALL ON {name} FROM {grantee}",
                f"GRANT {', '.join(sorted(privileges))} ON {name} TO {grantee}",
            ]
    return statements


def privileges_on(name: str, kind: str) -> set[str]:
    """The privileges of the application on a relation; `kind` is PostgreSQL's `relkind`."""
    if kind == "S":
        return {"USAGE"}
    if kind == "v" or name == "alembic_version":
        return {"SELECT"}
    if name in APPEND_ONLY:
        return {"SELECT", "INSERT"}
    if name in KEPT:
        return {"SELECT", "INSERT", "UPDATE"}
    return {"SELECT", "INSERT", "UPDATE", "DELETE"}
