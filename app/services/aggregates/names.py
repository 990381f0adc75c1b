"""The names of what an aggregate covers, for the title of a file."""

from app.db.driver import Connection, Statement
from app.services.aggregates.scopes import Scope
from app.text.sheets.aggregates import Names

# The title of the only plan, or the name of the programme; the name of the root.
FIND_NAMES = Statement("""
SELECT coalesce(
    (SELECT title FROM plan WHERE code = CAST(:plan AS text)),
    (SELECT name FROM programme WHERE code = CAST(:programme AS text))
) AS subject,
(SELECT name FROM agency WHERE id = :root_id) AS agency
""")


async def get_names(connection: Connection, scope: Scope) -> Names:
    """The names of the plan, or of the programme of several plans, and of the root."""
    plans = [each.plan for each in scope.periods]
    row = await FIND_NAMES.fetch_one(
        connection,
        {
            "plan": plans[0] if len(plans) == 1 else None,
            "programme": scope.programme,
            "root_id": scope.root.id,
        },
    )
    assert row is not None, "the statement has no FROM"  # noqa: S101 - narrows
    return Names(subject=row["subject"], agency=row["agency"])
