"""Each falsification of the record by the owner of the tables is found and named."""

import asyncio
from collections.abc import Mapping

import pytest
from alembic import command
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.migration import configuration
from app.models.reports import Revision
from app.services.reports.submission import fingerprint
from app.services.verification import checkpoints
from app.services.verification.checkpoints import Checkpoint
from tests.conftest import Service
from tests.support.report_bodies import money
from tests.support.report_calls import Q2, XUAN_HONG, draft, ok, review, submit, submit_complete
from tests.support.verification import list_findings

REPORT = f"reports/{Q2}/{XUAN_HONG}, plan tho-xuan-2024"
SECOND = f"revision 2 of {REPORT}"
OTHER = "2024-H1"

RECOMPUTE = """
DO $$
DECLARE
    head ledger;
    event audit_event;
    computed bytea;
BEGIN
    FOR head IN SELECT * FROM ledger LOOP
        computed := '';
        FOR event IN SELECT * FROM audit_event WHERE ledger_id = head.id ORDER BY id LOOP
            computed := event_hash(computed, event.at, event.actor, event.action, event.subject,
                event.agency_id, event.origin, event.before, event.after);
            UPDATE audit_event SET hash = computed WHERE id = event.id;
        END LOOP;
        UPDATE ledger SET last_hash = computed WHERE id = head.id;
    END LOOP;
END $$
"""


@pytest.fixture
async def service_with_history(service: Service) -> Service:
    """Two revisions of a report, every kind of decision, an extension, exemptions, money."""
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    money_spent = [money("DA2", 350_000_000)]
    await submit_complete(commune, XUAN_HONG, {"DA2.02": 12}, money_spent)
    service.clock.advance(hours=1)
    comments = [{"pointer": "/entries/0/value", "text": "Xem lại."}]
    await review(
        office,
        "return",
        XUAN_HONG,
        reason="Sửa «số hộ».",
        comments=comments,
        correction_due="2024-06-20",
    )
    await draft(commune, XUAN_HONG, {"DA2.02": 13}, money_spent)
    service.clock.advance(hours=1)
    await submit(commune, XUAN_HONG)
    await review(office, "accept", XUAN_HONG, note="Số liệu khớp.")
    await submit_complete(commune, XUAN_HONG, period=OTHER)
    await review(office, "accept", XUAN_HONG, period=OTHER)
    await review(office, "reopen", XUAN_HONG, period=OTHER, note="Sửa lại.")
    at = f"/obligations/{Q2}/15502"
    ok(await office.put(f"{at}/extension", json={"due_date": "2024-06-25", "reason": "Lũ."}))
    ok(await office.put(f"{at}/exemption", json={"reason": "Lũ.", "document_number": "7/UBND"}))
    ok(await office.delete(f"{at}/exemption"))
    ok(await office.put("/obligations/2024-Q2/15505/exemption", json={"reason": "Sáp nhập."}))
    granted = {
        "project": "DA2",
        "source": "district",
        "origin": "current_year",
        "amount_vnd": 5,
        "decision": "12/QĐ-UBND",
    }
    ok(await office.post("/budgets", json=granted), 201)
    return service


async def test_an_honest_history_has_no_contradiction(service_with_history: Service) -> None:
    async with service_with_history.database.snapshot() as session:
        assert await list_findings(session) == []


CHANGE_BODY = """
UPDATE revision SET body = replace(body::text, '13', '31')::jsonb WHERE number = 2
"""
FALSIFICATIONS: Mapping[str, tuple[str, str]] = {
    "the body": (
        CHANGE_BODY,
        f"{SECOND}: fingerprint of its body",
    ),
    "the body and its figures": (
        f"WITH changed AS ({CHANGE_BODY}) UPDATE revision_entry SET value = 31 WHERE value = 13",  # noqa: S608 - a constant
        f"{SECOND}: fingerprint in its audit event",
    ),
    "the fingerprint": (
        "UPDATE revision SET fingerprint = repeat('0', 64) WHERE number = 2",
        f"{SECOND}: fingerprint of its body: expected 0000",
    ),
    "the time of receipt": (
        "UPDATE revision SET received_at = received_at - interval '1 day' WHERE number = 2",
        f"{SECOND}: received_at: expected 2024-06-10T10:00:00+07:00, found 2024-06-09T10:",
    ),
    "the time of submission": (
        "UPDATE revision SET submitted_at = submitted_at - interval '1 day' WHERE number = 2",
        f"{SECOND}: submitted_at",
    ),
    "the place in the order of commits": (
        "UPDATE revision SET recorded_at = recorded_at - interval '1 day' WHERE number = 2",
        f"{SECOND}: recorded_at",
    ),
    "the sender": (
        "UPDATE revision SET submitted_by = 'bac-luong' WHERE number = 2",
        f"{SECOND}: submitted_by: expected xuan-hong, found bac-luong",
    ),
    "the note": (
        "UPDATE revision SET warnings_note = 'Đã kiểm tra.' WHERE number = 2",
        f"{SECOND}: warnings_note: expected nothing, found Đã kiểm tra.",
    ),
    "a figure": (
        "UPDATE revision_entry SET value = 31 WHERE value = 13",
        f"{SECOND}: stored figure of DA2.02: expected 13, found 31",
    ),
    "a missing figure": (
        "DELETE FROM revision_entry WHERE value = 13",
        f"{SECOND}: stored figure of DA2.02: expected 13, found nothing",
    ),
    "an amount": (
        """UPDATE revision_disbursement SET amount_vnd = amount_vnd + 1
        WHERE revision_id = (SELECT id FROM revision WHERE number = 2)""",
        "stored disbursement of DA2 central current_year: expected 350000000, found 350000001",
    ),
    "the numbering": (
        "UPDATE revision SET number = 3 WHERE number = 2",
        f"{REPORT}: numbers of its revisions: expected [1, 2], found [1, 3]",
    ),
    "the last number": (
        "UPDATE report SET last_revision = 1 WHERE last_revision = 2",
        f"{REPORT}: numbers of its revisions: expected [1], found [1, 2]",
    ),
    "the state": (
        "UPDATE report SET status = 'submitted' WHERE last_revision = 2",
        f"{REPORT}: state: expected accepted, found submitted",
    ),
    "the state of a report never sent": (
        """INSERT INTO report (obligation_id, status) SELECT o.id, 'accepted' FROM obligation o
        WHERE NOT EXISTS (SELECT FROM report r WHERE r.obligation_id = o.id) LIMIT 1""",
        "state: expected draft, found accepted",
    ),
    "the first submission": (
        """UPDATE obligation SET first_submitted_at = first_submitted_at - interval '1 day'
        WHERE id = (SELECT obligation_id FROM report WHERE last_revision = 2)""",
        f"{REPORT}: first_submitted_at",
    ),
    "a revision with its figures": (
        """WITH gone AS (SELECT id FROM revision WHERE number = 2),
        e AS (DELETE FROM revision_entry WHERE revision_id IN (TABLE gone)),
        d AS (DELETE FROM revision_disbursement WHERE revision_id IN (TABLE gone)),
        a AS (DELETE FROM arrival WHERE revision_id IN (TABLE gone)),
        c AS (DELETE FROM decision WHERE revision_id IN (TABLE gone))
        DELETE FROM revision WHERE id IN (TABLE gone)""",
        f"{SECOND}: row of the revision: expected one, found nothing",
    ),
    "an event": (
        "DELETE FROM audit_event WHERE action = 'report.submitted' AND after ->> 'revision' = '2'",
        "hash of its content and of the event before it",
    ),
    "an event's actor": (
        "UPDATE audit_event SET actor = 'bac-luong' WHERE action = 'report.submitted'",
        f"(report.submitted, reports/{Q2}/{XUAN_HONG}): hash of its content",
    ),
    "the ledger's instant": (
        "UPDATE ledger SET last_at = last_at - interval '1 hour' WHERE plan_id IS NOT NULL",
        "ledger of plan tho-xuan-2024: last instant",
    ),
    "the instant of the figures": (
        "UPDATE ledger SET figures_at = last_at + interval '1 hour' WHERE plan_id IS NOT NULL",
        "ledger of plan tho-xuan-2024: instant of its figures",
    ),
    "the order of events": (
        """UPDATE audit_event e SET at = before.at FROM (SELECT ledger_id, min(at) AS at
        FROM audit_event GROUP BY 1) before WHERE before.ledger_id = e.ledger_id""",
        ": instant: expected after",
    ),
    "a decision": (
        "UPDATE decision SET action = 'returned' WHERE action = 'accepted'",
        "action: expected report.accepted, found report.returned",
    ),
    "a decision's comments": (
        "UPDATE decision SET comments = '[]' WHERE action = 'returned'",
        "comments: expected [{",
    ),
    "a decision's date": (
        "UPDATE decision SET correction_due = '2024-07-20' WHERE action = 'returned'",
        "correction_due: expected 2024-06-20, found 2024-07-20",
    ),
    "a removed decision": (
        "DELETE FROM decision WHERE action = 'reopened'",
        "row of the decision: expected one, found nothing",
    ),
    "an invented decision": (
        """INSERT INTO decision (report_id, revision_id, action, comments, decided_by, recorded_at)
        SELECT report_id, id, 'accepted', '[]', 'coordinator', recorded_at + interval '1 s'
        FROM revision WHERE number = 1 LIMIT 1""",
        "its audit event: expected one, found nothing",
    ),
    "an extension": (
        "UPDATE extension SET due_date = '2024-07-25'",
        "due_date: expected 2024-06-25, found 2024-07-25",
    ),
    "an obligation's date": (
        "UPDATE obligation SET late_from = late_from + '1 day' WHERE due_date = '2024-06-25'",
        "obligations/2024-Q2/15502, plan tho-xuan-2024: due date",
    ),
    "an exemption": (
        "UPDATE obligation SET exempted_at = NULL",
        "2024-Q2/15505, plan tho-xuan-2024: whether it is exempt: expected True, found False",
    ),
    "an exemption's row": (
        "DELETE FROM exemption WHERE NOT exempt",
        "row of the extension or exemption: expected one, found nothing",
    ),
    "an exemption's reason": (
        "UPDATE exemption SET reason = 'Khác' WHERE reason = 'Sáp nhập.'",
        "reason: expected Sáp nhập., found Khác",
    ),
    "an exemption of a whole period": (
        """DELETE FROM exemption WHERE cause = 'due_before_plan'
        AND obligation_id = (SELECT min(obligation_id) FROM exemption)""",
        "row of the extension or exemption: expected one, found nothing",
    ),
    "a sum of budget changes": (
        "UPDATE budget_change SET change_vnd = 6 WHERE change_vnd = 5",
        "DA2 district current_year, undistributed, plan tho-xuan-2024: sum of its budget changes",
    ),
    "a budget change's instant": (
        """UPDATE budget_change SET recorded_at = recorded_at - interval '1 s'
        WHERE change_vnd = 5""",
        "of 5 VND, plan tho-xuan-2024: audit event at its instant",
    ),
}


@pytest.mark.parametrize("name", FALSIFICATIONS)
async def test_a_falsification_is_named(service_with_history: Service, name: str) -> None:
    statement, expected = FALSIFICATIONS[name]
    async with service_with_history.as_owner() as session:
        await session.execute(text(statement))
        findings = await list_findings(session)
        await session.rollback()
    assert any(expected in finding for finding in findings), findings


async def _take_checkpoints(service: Service) -> list[Checkpoint]:
    async with service.database.snapshot() as session:
        return await checkpoints.take(session, service.clock.now())


NO_TRIGGER = "ALTER TABLE budget_line DISABLE TRIGGER budget_line_history"
RECOMPUTED: Mapping[str, tuple[list[str], str]] = {
    "a cut tail": (
        [
            NO_TRIGGER,
            "DELETE FROM budget_line WHERE amount_vnd = 5",
            "DELETE FROM budget_change WHERE change_vnd = 5",
            "DELETE FROM audit_event WHERE action = 'budget_line.created'",
            """UPDATE ledger SET (last_at, figures_at, last_hash) = (SELECT at, at, hash
            FROM audit_event WHERE ledger_id = ledger.id ORDER BY id DESC LIMIT 1)
            WHERE plan_id IS NOT NULL""",
        ],
        "number of audit events: expected",
    ),
    "a removed event": (
        [
            "DELETE FROM decision WHERE action = 'reopened'",
            "DELETE FROM audit_event WHERE action = 'report.reopened'",
            "UPDATE report SET status = 'accepted' WHERE status = 'returned'",
            RECOMPUTE,
        ],
        "number of audit events: expected 18, found 17",
    ),
    "a changed revision with its event": (
        [
            "UPDATE revision_entry SET value = 31 WHERE value = 13",
            CHANGE_BODY,
            "UPDATE revision SET fingerprint = :fingerprint WHERE number = 2",
            """UPDATE audit_event SET after = jsonb_set(after, '{fingerprint}',
            to_jsonb(CAST(:fingerprint AS text))) WHERE after ->> 'revision' = '2'""",
            RECOMPUTE,
        ],
        "hash of the first",
    ),
    "the history of a budget": (
        [
            NO_TRIGGER,
            "UPDATE budget_change SET change_vnd = 6 WHERE change_vnd = 5",
            "UPDATE budget_line SET amount_vnd = 6 WHERE amount_vnd = 5",
        ],
        "budget changes: expected",
    ),
}


@pytest.mark.parametrize("name", RECOMPUTED)
async def test_only_a_checkpoint_contradicts_a_recomputed_chain(
    service_with_history: Service, name: str
) -> None:
    statements, expected = RECOMPUTED[name]
    taken = await _take_checkpoints(service_with_history)
    async with service_with_history.as_owner() as session:
        for statement in statements:
            await _execute(session, statement)
        alone = await list_findings(session)
        compared = await list_findings(session, taken)
        await session.rollback()
    assert alone == []
    assert any(expected in finding for finding in compared), compared
    where = "checkpoint of 2024-06-10T10:00:00+07:00, plan tho-xuan-2024: "
    assert all(finding.startswith(where) for finding in compared)


async def _execute(session: AsyncSession, statement: str) -> None:
    """Run a statement; `:fingerprint` is that of the second revision's body."""
    if ":fingerprint" in statement:
        body = await session.scalar(select(Revision.body).where(Revision.number == 2))
        assert body is not None
        await session.execute(text(statement), {"fingerprint": fingerprint(body)})
    else:
        await session.execute(text(statement))


async def test_later_changes_do_not_contradict_a_checkpoint(
    service_with_history: Service,
) -> None:
    taken = await _take_checkpoints(service_with_history)
    service_with_history.clock.advance(days=1)
    await submit_complete(service_with_history.client("bac-luong"), "15502")
    async with service_with_history.database.snapshot() as session:
        assert await list_findings(session, taken) == []
        assert await list_findings(session, [*taken, *taken]) == []


async def test_revisions_of_an_earlier_version_are_sealed_once(
    service_with_history: Service,
) -> None:
    """The migration records what their own events do not contain, and moves no aggregate."""
    service = service_with_history
    forget = """UPDATE audit_event SET after = after - '{fingerprint,submitted_at}'::text[]
        WHERE action = 'report.submitted'"""
    state = "SELECT figures_at FROM ledger ORDER BY id"
    async with service.as_owner() as session:
        await session.execute(text(forget))
        await session.execute(text(RECOMPUTE))
        before = list(await session.scalars(text(state)))
        assert len(await list_findings(session)) == 6
    config = configuration(service.owner_url)
    for _ in range(2):
        await asyncio.to_thread(command.downgrade, config, "0023")
        await asyncio.to_thread(command.upgrade, config, "head")
    async with service.as_owner() as session:
        assert await list_findings(session) == []
        assert list(await session.scalars(text(state))) == before
        sealed = "SELECT count(*) FROM audit_event WHERE action = 'report.sealed'"
        assert await session.scalar(text(sealed)) == 3
        await session.execute(text(CHANGE_BODY))
        findings = await list_findings(session)
        assert any("fingerprint in its audit event" in finding for finding in findings)
        await session.rollback()
