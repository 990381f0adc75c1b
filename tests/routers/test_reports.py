"""The life cycle of a report: draft, submission, return, acceptance and reopening."""

import hashlib
import json
from typing import Any

import pytest
from sqlalchemy import func, select

from app.models.audit_events import AuditEvent
from app.models.reports import RevisionDisbursement, RevisionEntry
from tests.conftest import Service
from tests.support.reference_calls import allow_decimals
from tests.support.report_bodies import complete_body, entry, money
from tests.support.report_calls import (
    BAC_LUONG,
    Q2,
    XUAN_HONG,
    draft,
    ok,
    read,
    review,
    save,
    submit,
    submit_complete,
    submit_paper,
)

REPORT = f"/reports/{Q2}/{XUAN_HONG}"
DISBURSEMENTS = [money("DA2", 350_000_000)]


async def recorded_actions(service: Service) -> list[str]:
    """The actions recorded since the plan was loaded, in order."""
    async with service.database.reading() as session:
        query = select(AuditEvent.action).where(AuditEvent.actor != "seed").order_by(AuditEvent.id)
        return list(await session.scalars(query))


async def test_the_life_cycle_from_first_draft_to_second_acceptance(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    initial = await read(commune, XUAN_HONG)
    assert (initial["report_status"], initial["draft"]) == ("not_started", None)
    assert (initial["last_revision"], initial["findings"]) == (None, [])

    saved = await draft(commune, XUAN_HONG, {"DA2.02": 12, "DA2.02.1": 9}, DISBURSEMENTS)
    assert (saved["report_status"], saved["findings"]) == ("draft", [])
    assert saved["first_submitted_at"] is None

    submitted = await submit(commune, XUAN_HONG)
    assert (submitted["report_status"], submitted["timeliness"]) == ("submitted", "on_time")
    assert (submitted["draft"], submitted["last_revision"]["number"]) == (None, 1)
    assert submitted["last_revision"]["body"] == saved["draft"]
    assert submitted["last_revision"]["submitted_by"] == "xuan-hong"

    comments = [{"pointer": "/entries/0/value", "text": "Danh sách có 11 hộ."}]
    returned = await review(
        office,
        "return",
        XUAN_HONG,
        reason="Chưa khớp.",
        comments=comments,
        correction_due="2024-06-19",
    )
    assert returned["report_status"] == "returned"
    assert (await read(commune, XUAN_HONG))["draft"] == submitted["last_revision"]["body"]
    assert returned["correction_due"] == "2024-06-19"
    decision = returned["decisions"][-1]
    assert (decision["action"], decision["revision"]) == ("returned", 1)
    assert (decision["reason"], decision["comments"]) == ("Chưa khớp.", comments)

    resubmitted = await submit_complete(commune, XUAN_HONG, {"DA2.02": 11}, DISBURSEMENTS)
    assert (resubmitted["last_revision"]["number"], resubmitted["correction_due"]) == (2, None)
    accepted = await review(office, "accept", XUAN_HONG, note="Khớp.")
    assert accepted["report_status"] == "accepted"
    reopened = await review(office, "reopen", XUAN_HONG, note="Xã đề nghị sửa.")
    assert reopened["report_status"] == "returned"
    assert (await read(commune, XUAN_HONG))["draft"] == resubmitted["last_revision"]["body"]
    await submit(commune, XUAN_HONG)
    final = await review(office, "accept", XUAN_HONG)
    assert [(d["action"], d["revision"]) for d in final["decisions"]] == [
        ("returned", 1),
        ("accepted", 2),
        ("reopened", 2),
        ("accepted", 3),
    ]
    assert await recorded_actions(service) == [
        "report.draft_saved",
        "report.submitted",
        "report.returned",
        "report.draft_saved",
        "report.submitted",
        "report.accepted",
        "report.reopened",
        "report.submitted",
        "report.accepted",
    ]


@pytest.mark.parametrize(
    ("first_submission", "resubmission", "expected"),
    [
        ("2024-06-16 00:00", "2024-06-20 09:00", ("late", 1)),
        ("2024-06-17 23:59", "2024-07-30 09:00", ("late", 2)),
        ("2024-06-15 23:59:59.999999", "2024-06-20 09:00", ("on_time", 0)),
        ("2024-06-12 08:00", "2024-06-13 08:00", ("on_time", 0)),
    ],
)
async def test_the_first_submission_decides_timeliness(
    service: Service, first_submission: str, resubmission: str, expected: tuple[str, int]
) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    service.clock.set(first_submission)
    first = await submit_complete(commune, XUAN_HONG)
    assert (first["timeliness"], first["days_late"]) == expected
    returned = await review(office, "return", XUAN_HONG, reason="Sửa lại.")
    assert (returned["timeliness"], returned["days_late"]) == expected
    service.clock.set(resubmission)
    resubmitted = await submit(commune, XUAN_HONG)
    assert (resubmitted["timeliness"], resubmitted["days_late"]) == expected
    assert resubmitted["first_submitted_at"] == first["first_submitted_at"]
    assert resubmitted["last_revision"]["number"] == 2
    accepted = await review(office, "accept", XUAN_HONG)
    assert (accepted["timeliness"], accepted["days_late"]) == expected
    listed = ok(await office.get(f"/obligations?agency={XUAN_HONG}&period={Q2}"))["items"][0]
    assert (listed["timeliness"], listed["days_late"]) == expected


async def test_a_revision_never_changes(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    await submit_complete(commune, XUAN_HONG, {"DA2.05": 12_500_000}, DISBURSEMENTS)
    before = ok(await commune.get(f"{REPORT}/revisions/1"))
    await review(office, "return", XUAN_HONG, reason="Sửa lại.")
    await save(commune, XUAN_HONG, complete_body(await read(commune, XUAN_HONG), {"DA2.05": 3}))
    service.clock.advance(days=1)
    await submit(commune, XUAN_HONG)
    await review(office, "accept", XUAN_HONG)
    assert ok(await commune.get(f"{REPORT}/revisions/1")) == before
    listed = ok(await commune.get(f"{REPORT}/revisions"))
    assert [item["number"] for item in listed["items"]] == [1, 2]
    assert (listed["items"][0], listed["next_cursor"]) == (before, None)
    page = ok(await commune.get(f"{REPORT}/revisions?limit=1"))
    following = ok(await commune.get(f"{REPORT}/revisions?limit=1&cursor={page['next_cursor']}"))
    assert page["items"] + following["items"] == listed["items"]
    for number in (0, 3, 100_001):
        assert (await commune.get(f"{REPORT}/revisions/{number}")).status_code in {404, 422}


async def test_two_revisions_are_compared_line_by_line(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    await submit_complete(commune, XUAN_HONG, {"DA2.05": 7}, DISBURSEMENTS)
    await review(office, "return", XUAN_HONG, reason="Sửa lại.")
    await draft(commune, XUAN_HONG, {"DA2.05": 3}, DISBURSEMENTS)
    await submit(commune, XUAN_HONG)
    compared = ok(await office.get(f"{REPORT}/revisions/2/diff?from=1"))
    assert (compared["from_number"], compared["number"]) == (1, 2)
    [change] = compared["differences"]
    assert (change["project"], change["indicator"]) == ("DA2", "DA2.05")
    assert (change["field"], change["before"], change["after"]) == ("value", 7, 3)
    revision = ok(await office.get(f"{REPORT}/revisions/2"))
    *_, index, field = change["pointer"].split("/")
    assert revision["body"]["entries"][int(index)][field] == 3
    assert ok(await office.get(f"{REPORT}/revisions/1/diff?from=1"))["differences"] == []
    assert (await office.get(f"{REPORT}/revisions/2/diff?from=3")).status_code == 404
    assert (await office.get(f"{REPORT}/revisions/2/diff")).status_code == 422


async def test_a_fingerprint_is_the_hash_of_the_canonical_body(service: Service) -> None:
    """The hash is SHA-256; canonical JSON has sorted keys, no spaces and is UTF-8."""
    commune = service.client("xuan-hong")
    await allow_decimals(service.client("coordinator"), "DA2.05")
    submitted = await submit_complete(
        commune, XUAN_HONG, {"DA2.05": 1234567890.05, "DA2.02": 7}, DISBURSEMENTS
    )
    revision = submitted["last_revision"]
    canonical = json.dumps(
        revision["body"], sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    assert revision["fingerprint"] == hashlib.sha256(canonical.encode()).hexdigest()


async def test_the_rows_of_a_revision_equal_its_body(service: Service) -> None:
    """Aggregates sum these rows, so they must hold exactly the figures of the body."""
    await allow_decimals(service.client("coordinator"), "DA2.05")
    submitted = await submit_complete(
        service.client("xuan-hong"), XUAN_HONG, {"DA2.05": 12.34}, DISBURSEMENTS
    )
    async with service.database.reading() as session:
        entries = await session.scalar(select(func.count()).select_from(RevisionEntry))
        spent = list(await session.scalars(select(RevisionDisbursement.amount_vnd)))
        values = list(await session.scalars(select(RevisionEntry.value)))
    assert entries == len(submitted["last_revision"]["body"]["entries"])
    assert spent == [350_000_000]
    assert [str(value) for value in values if value] == ["12.34"]


VERBS: dict[str, dict[str, Any]] = {
    "submit": {},
    "return": {"reason": "Sửa lại."},
    "accept": {},
    "reopen": {"note": "Mở lại."},
}
ALLOWED = {
    "not_started": set(),
    "draft": {"submit"},
    "submitted": {"accept", "return"},
    "returned": {"submit"},
    "accepted": {"reopen"},
}


async def _bring_to_status(service: Service, status: str) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    if status != "not_started":
        await draft(commune, XUAN_HONG)
    if status in {"submitted", "returned", "accepted"}:
        await submit(commune, XUAN_HONG)
    if status == "returned":
        await review(office, "return", XUAN_HONG, reason="Sửa lại.")
    if status == "accepted":
        await review(office, "accept", XUAN_HONG)


@pytest.mark.parametrize("status", ALLOWED)
async def test_a_step_that_the_status_does_not_allow_is_a_conflict(
    service: Service, status: str
) -> None:
    await _bring_to_status(service, status)
    clients = {"submit": service.client("xuan-hong")}
    count = len(await recorded_actions(service))
    for verb in sorted(VERBS.keys() - ALLOWED[status]):
        client = clients.get(verb, service.client("coordinator"))
        answer = await client.post(f"{REPORT}/{verb}", json=VERBS[verb])
        assert answer.status_code == 409, f"{status} {verb}: {answer.text}"
        assert answer.json()["type"] == "/problems/state-conflict"
    assert len(await recorded_actions(service)) == count
    assert (await read(clients["submit"], XUAN_HONG))["report_status"] == status


@pytest.mark.parametrize("status", ["submitted", "accepted"])
async def test_a_submitted_report_cannot_be_edited(service: Service, status: str) -> None:
    await _bring_to_status(service, status)
    commune = service.client("xuan-hong")
    answer = await commune.get(REPORT)
    body = answer.json()["last_revision"]["body"]
    saved = await commune.put(
        f"{REPORT}/draft", json=body, headers={"If-Match": answer.headers["ETag"]}
    )
    assert saved.status_code == 409


async def test_saving_a_draft_requires_the_current_etag(service: Service) -> None:
    commune = service.client("xuan-hong")
    body = complete_body(await read(commune, XUAN_HONG))
    for tag, status in (
        (None, 428),
        ("", 412),
        ('"7"', 412),
        ("0", 412),
        ('W/"7"', 412),
        ('w/"0"', 412),
        ('"00"', 412),
        ('"7", W/"9"', 412),
        ('"7", 0, "0"', 412),
        ('"0"', 200),
        ('"0"', 412),
        ('"9,"\t,, "1"', 200),
        ('"2","9"', 200),
        ('W/"3"', 200),  # as nginx marks the tag of a response that it compresses
        ('"4-gzip"', 200),  # as Apache httpd and Caddy do
        ('W/"4"', 412),
    ):
        headers = {} if tag is None else {"If-Match": tag}
        answer = await commune.put(f"{REPORT}/draft", json=body, headers=headers)
        assert answer.status_code == status, tag
    assert await recorded_actions(service) == ["report.draft_saved"], (
        "one event per person and draft"
    )


async def test_if_match_on_several_lines_is_one_list(service: Service) -> None:
    commune = service.client("xuan-hong")
    body = complete_body(await read(commune, XUAN_HONG))
    lines = [("If-Match", '"9"'), ("If-Match", '"0"')]
    assert (await commune.put(f"{REPORT}/draft", json=body, headers=lines)).status_code == 200


async def test_if_match_asterisk_matches_any_version(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    body = complete_body(await read(commune, XUAN_HONG))
    for _ in range(2):  # also matches a report that has no draft yet
        ok(await commune.put(f"{REPORT}/draft", json=body, headers={"If-Match": "*"}))
    for client, verb in ((commune, "submit"), (office, "return")):
        stale = await client.post(f"{REPORT}/{verb}", json=VERBS[verb], headers={"If-Match": '"1"'})
        assert stale.status_code == 412, verb
        ok(await client.post(f"{REPORT}/{verb}", json=VERBS[verb], headers={"If-Match": "*"}))


async def test_each_change_gives_the_report_a_new_etag(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    tags = [(await commune.get(REPORT)).headers["ETag"]]
    body = complete_body(await read(commune, XUAN_HONG))
    for _ in range(2):  # saving an identical draft is also a change
        saved = await commune.put(f"{REPORT}/draft", json=body, headers={"If-Match": tags[-1]})
        tags.append(saved.headers["ETag"])
    for client, verb in (
        (commune, "submit"),
        (office, "return"),
        (commune, "submit"),
        (office, "accept"),
        (office, "reopen"),
    ):
        stale = await client.post(
            f"{REPORT}/{verb}", json=VERBS[verb], headers={"If-Match": tags[-2]}
        )
        assert stale.status_code == 412, verb
        answer = await client.post(
            f"{REPORT}/{verb}", json=VERBS[verb], headers={"If-Match": tags[-1]}
        )
        assert answer.status_code == 200, answer.text
        tags.append(answer.headers["ETag"])
        assert (await commune.get(REPORT)).headers["ETag"] == tags[-1]
    assert len(set(tags)) == len(tags)


async def test_an_incomplete_draft_is_saved_with_findings(service: Service) -> None:
    commune = service.client("xuan-hong")
    saved = await save(commune, XUAN_HONG, {"entries": [entry("DA2", "DA2.02", 3)]})
    codes = {finding["code"] for finding in saved["findings"]}
    assert codes == {"required_figure_missing"}
    required = sum(line["required"] for line in saved["expected"])
    assert len(saved["findings"]) == required - 1


async def test_a_report_outside_the_callers_scope_is_not_found(service: Service) -> None:
    await submit_complete(service.client("xuan-hong"), XUAN_HONG)
    other = service.client("bac-luong")
    unknown = await other.get(f"/reports/{Q2}/99999")
    for path in ("", "/revisions", "/revisions/1"):
        answer = await other.get(REPORT + path)
        assert (answer.status_code, answer.json()["type"]) == (404, unknown.json()["type"])
    assert (await other.post(f"{REPORT}/submit", json={})).status_code == 404
    changed = await other.put(f"{REPORT}/draft", json={}, headers={"If-Match": '"1"'})
    assert changed.status_code == 404
    assert ok(await other.get(f"/reports?agency={XUAN_HONG}"))["items"] == []


async def test_a_correction_cannot_be_due_in_the_past(service: Service) -> None:
    await _bring_to_status(service, "submitted")
    office = service.client("coordinator")
    for day, status in (("2024-06-09", 422), ("2024-06-10", 200)):
        body = {"reason": "Sửa lại.", "correction_due": day}
        assert (await office.post(f"{REPORT}/return", json=body)).status_code == status


async def test_reports_are_filtered_by_status_and_timeliness(service: Service) -> None:
    office = service.client("coordinator")
    await submit_complete(service.client("xuan-hong"), XUAN_HONG)
    await draft(service.client("bac-luong"), BAC_LUONG)
    service.clock.set("2024-06-16 08:00")
    await submit_paper(service, "15505")
    for query, expected in (
        ("status=submitted", {XUAN_HONG, "15505"}),
        ("status=submitted&timeliness=late", {"15505"}),
        ("status=draft", {BAC_LUONG}),
        ("status=draft&timeliness=overdue", {BAC_LUONG}),
        ("status=accepted", set()),
    ):
        items = ok(await office.get(f"/reports?period={Q2}&limit=200&{query}"))["items"]
        assert {item["agency"] for item in items} == expected, query
    not_started = ok(await office.get(f"/reports?period={Q2}&limit=200&status=not_started"))[
        "items"
    ]
    assert len(not_started) == 35 - 3


async def test_paragraphs_allow_tabs_and_line_breaks_but_no_other_control_characters(
    service: Service,
) -> None:
    commune = service.client("xuan-hong")
    body = complete_body(await read(commune, XUAN_HONG))
    body["narrative"]["results"] = "Một.\r\n\tHai.\n"
    saved = await save(commune, XUAN_HONG, body)
    assert saved["draft"]["narrative"]["results"] == "Một.\n\tHai.\n"
    tag = (await commune.get(REPORT)).headers["ETag"]
    for character in ("\r", "\x0b", "\x1b", "\x7f", "\x85", "\ufdd0", "\ufffe", "\U0010ffff"):
        body["narrative"]["results"] = f"Một.{character}Hai."
        answer = await commune.put(f"{REPORT}/draft", json=body, headers={"If-Match": tag})
        (error,) = ok(answer, 422)["errors"]
        assert (error["pointer"], error["code"]) == ("/narrative/results", "control_character")
