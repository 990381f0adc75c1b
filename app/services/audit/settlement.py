"""Settled instants: up to one, nothing can change any more.

In one plan the ledger gives it: its instants grow in the order of commits. Over several plans it
follows from how old an instant is, and from the changes that are under way (decision 31).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from app.clock import LOCAL
from app.db.database import Database
from app.db.driver import Connection, Statement
from app.errors import FieldError, NotSettled, ValidationFailed
from app.text.bilingual import Bilingual

BEFORE_THE_PLAN = Bilingual(
    "Thời điểm (as_of) phải từ đầu năm kế hoạch, {begins}.",
    "The instant must not be before the plan's year, which begins at {begins}.",
)

SETTLED_AFTER = timedelta(seconds=20)
"""No event is recorded with an instant that is further back, counted from when `record_event` shows
it to readers: 5 s that an action stays fresh (`FRESH_SECONDS`), 8 s on a network that stalls
(`TCP_USER_TIMEOUT`), 5 s from there to `record_event`, 2 s between the servers' clocks."""
MARGIN = timedelta(seconds=2)
"""An answer's own instant is older by this, so that a server whose clock is behind takes it for
settled too."""
LONGEST_WRITE = timedelta(days=1)
"""Keys that stand for older instants are those of other locks."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Advance a ledger to an instant, so that later commits get later instants.
ADVANCE = text("UPDATE ledger SET last_at = greatest(last_at, :as_of) WHERE plan_id = :plan_id")

# The earliest instant, in microseconds, of an event that may be committed yet: each transaction
# that has recorded one holds a lock with its instant as the key (`record_event`).
GET_EARLIEST_WRITE = Statement("""
SELECT min(key) AS instant
FROM pg_locks CROSS JOIN LATERAL (SELECT classid::bigint << 32 | objid::bigint) AS lock (key)
WHERE locktype = 'advisory' AND objsubid = 1 AND mode = 'ShareLock'
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
AND key BETWEEN CAST(:since AS bigint) AND CAST(:until AS bigint)
""")


@dataclass(frozen=True, slots=True)
class LedgerInstants:
    """What the ledger of a plan says of instants.

    last_at: the last commit. figures_at: the last one that aggregates can show. begins_at: the
    start of the plan's year.
    """

    plan_id: int
    last_at: datetime
    figures_at: datetime
    begins_at: datetime


async def settled_in_all_plans(connection: Connection, now: datetime) -> datetime:
    """An instant up to which nothing can still be committed in any plan.

    Read the figures in a later statement: its snapshot has all that was committed by then. Writes
    nothing and waits for nothing.
    """
    settled = now - SETTLED_AFTER
    since = _microseconds(now - LONGEST_WRITE)
    parameters = {"since": since, "until": _microseconds(settled)}
    row = (await GET_EARLIEST_WRITE.fetch_all(connection, parameters))[0]
    if row["instant"] is None:
        return settled
    return EPOCH + timedelta(microseconds=row["instant"] - 1)


def _microseconds(instant: datetime) -> int:
    return (instant - EPOCH) // timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Settlement:
    """Finds settled instants for a question.

    Advancing a ledger is a write, so it has a transaction of its own, apart from the session that
    reads the aggregate.
    """

    database: Database

    async def settle(
        self, ledger: LedgerInstants, as_of: datetime | None, now: datetime
    ) -> datetime:
        """The settled instant for a question about one plan.

        Without `as_of` that is the last commit that aggregates can show. An `as_of` after the last
        commit, which is too recent to be settled in all plans, advances the ledger to it, so that
        every later commit gets a later instant.

        Raises:
            NotSettled: `as_of` lies after `now`.
            ValidationFailed: `as_of` lies before the plan's year.
        """
        ensure_askable(ledger, as_of, now)
        if as_of is None:
            return ledger.figures_at.astimezone(LOCAL)
        if as_of > ledger.last_at and as_of > await settled_in_all_plans(self.database.driver, now):
            async with self.database.transaction() as writing:
                await writing.execute(ADVANCE, {"plan_id": ledger.plan_id, "as_of": as_of})
        return as_of.astimezone(LOCAL)


def ensure_askable(ledger: LedgerInstants, as_of: datetime | None, now: datetime) -> None:
    """Ensure that figures of one plan can be asked for as of this instant.

    Raises:
        NotSettled: it lies after `now`.
        ValidationFailed: it lies before the plan's year. The offset of 1900, 7:06:30, cannot be
            written by RFC 3339.
    """
    if as_of is None:
        return
    _ensure_within_year(as_of, ledger.begins_at)
    if as_of > max(now, ledger.last_at):
        raise NotSettled(settled=now.isoformat())


def settle_all(
    figures_at: datetime, begins_at: datetime, as_of: datetime | None, settled: datetime
) -> datetime:
    """The settled instant for a question about several plans.

    figures_at, begins_at: the last change that aggregates of the plans can show, and the start of
    the earliest plan's year. settled: see `settled_in_all_plans`. Without `as_of` it is the last
    change, or an instant before, where that is not settled yet.

    Raises:
        NotSettled: `as_of` is not settled.
        ValidationFailed: `as_of` lies before the year.
    """
    if as_of is None:
        return min(figures_at, settled - MARGIN).astimezone(LOCAL)
    _ensure_within_year(as_of, begins_at)
    if as_of > settled:
        raise NotSettled(settled=settled.astimezone(LOCAL).isoformat())
    return as_of.astimezone(LOCAL)


def _ensure_within_year(as_of: datetime, begins_at: datetime) -> None:
    begins = begins_at.astimezone(LOCAL)
    if as_of < begins:
        facts = {"begins": begins.isoformat()}
        error = FieldError("/as_of", "before_the_plan", BEFORE_THE_PLAN, facts, part="query")
        raise ValidationFailed([error])
