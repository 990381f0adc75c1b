"""A report's life: drafted, sent, returned, sent again, accepted, reopened."""

import hashlib
import json
from typing import Any

import pytest
from sqlalchemy import func, select

from app.models.audit_events import AuditEvent
from app.models.reports import RevisionDisbursement, RevisionEntry
from tests.conftest import Service
from tests.support.report_bodies import complete_body, entry, money
from tests.support.report_calls import (
    BAC_LUONG,
    Q2,
    XUAN_HONG,
    draft,
    read,
    review,
    save,
    seen,
    send,
    send_paper,
    submit,
)

AT = f"/reports/{Q2}/{XUAN_HONG}"
SPENT = [money("DA2", 350_000_000)]


async def actions(service: Service) -> list[str]:
    """What was recorded since the plan was loaded, in order."""
    async with service.database.reading() as session:
        query = select(AuditEvent.action).where(AuditEvent.actor != "seed").order_by(AuditEvent.id)
        return list(await session.scalars(query))


async def test_a_report_lives_from_the_first_draft_to_a_second_acceptance(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    fresh = await read(commune, XUAN_HONG)
    assert (fresh["report_status"], fresh["draft"]) == ("not_started", None)
    assert (fresh["last_revision"], fresh["findings"]) == (None, [])

    saved = await draft(commune, XUAN_HONG, {"DA2.02": 12, "DA2.02.1": 9}, SPENT)
    assert (saved["report_status"], saved["findings"]) == ("draft", [])
    assert saved["first_submitted_at"] is None

    sent = await submit(commune, XUAN_HONG)
    assert (sent["report_status"], sent["timeliness"]) == ("submitted", "on_time")
    assert (sent["draft"], sent["last_revision"]["number"]) == (None, 1)
    assert sent["last_revision"]["body"] == saved["draft"]
    assert sent["last_revision"]["submitted_by"] == "xuan-hong"

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
    assert returned["draft"] == sent["last_revision"]["body"]
    assert returned["correction_due"] == "2024-06-19"
    decision = returned["decisions"][-1]
    assert (decision["action"], decision["revision"]) == ("returned", 1)
    assert (decision["reason"], decision["comments"]) == ("Chưa khớp.", comments)

    again = await send(commune, XUAN_HONG, {"DA2.02": 11}, SPENT)
    assert (again["last_revision"]["number"], again["correction_due"]) == (2, None)
    accepted = await review(office, "accept", XUAN_HONG, note="Khớp.")
    assert accepted["report_status"] == "accepted"
    reopened = await review(office, "reopen", XUAN_HONG, note="Xã đề nghị sửa.")
    assert (reopened["report_status"], reopened["draft"]) == (
        "returned",
        again["last_revision"]["body"],
    )
    await submit(commune, XUAN_HONG)
    final = await review(office, "accept", XUAN_HONG)
    assert [(d["action"], d["revision"]) for d in final["decisions"]] == [
        ("returned", 1),
        ("accepted", 2),
        ("reopened", 2),
        ("accepted", 3),
    ]
    assert await actions(service) == [
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
    ("first_sent", "sent_again", "expected"),
    [
        ("2024-06-16 00:00", "2024-06-20 09:00", ("late", 1)),
        ("2024-06-17 23:59", "2024-07-30 09:00", ("late", 2)),
        ("2024-06-15 23:59:59.999999", "2024-06-20 09:00", ("on_time", 0)),
        ("2024-06-12 08:00", "2024-06-13 08:00", ("on_time", 0)),
    ],
)
async def test_the_first_sending_decides_timeliness_for_ever(
    service: Service, first_sent: str, sent_again: str, expected: tuple[str, int]
) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    service.clock.set(first_sent)
    first = await send(commune, XUAN_HONG)
    assert (first["timeliness"], first["days_late"]) == expected
    returned = await review(office, "return", XUAN_HONG, reason="Sửa lại.")
    assert (returned["timeliness"], returned["days_late"]) == expected
    service.clock.set(sent_again)
    again = await submit(commune, XUAN_HONG)
    assert (again["timeliness"], again["days_late"]) == expected
    assert again["first_submitted_at"] == first["first_submitted_at"]
    assert again["last_revision"]["number"] == 2
    accepted = await review(office, "accept", XUAN_HONG)
    assert (accepted["timeliness"], accepted["days_late"]) == expected
    listed = seen(await office.get(f"/obligations?agency={XUAN_HONG}&period={Q2}"))["items"][0]
    assert (listed["timeliness"], listed["days_late"]) == expected


async def test_a_revision_never_changes(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    await send(commune, XUAN_HONG, {"DA2.05": 12.5}, SPENT)
    before = seen(await commune.get(f"{AT}/revisions/1"))
    await review(office, "return", XUAN_HONG, reason="Sửa lại.")
    await save(commune, XUAN_HONG, complete_body(await read(commune, XUAN_HONG), {"DA2.05": 3}))
    service.clock.advance(days=1)
    await submit(commune, XUAN_HONG)
    await review(office, "accept", XUAN_HONG)
    assert seen(await commune.get(f"{AT}/revisions/1")) == before
    listed = seen(await commune.get(f"{AT}/revisions"))
    assert [item["number"] for item in listed["items"]] == [1, 2]
    assert (listed["items"][0], listed["next_cursor"]) == (before, None)
    page = seen(await commune.get(f"{AT}/revisions?limit=1"))
    following = seen(await commune.get(f"{AT}/revisions?limit=1&cursor={page['next_cursor']}"))
    assert page["items"] + following["items"] == listed["items"]
    for number in (0, 3, 100_001):
        assert (await commune.get(f"{AT}/revisions/{number}")).status_code in {404, 422}


async def test_a_fingerprint_can_be_computed_by_anybody(service: Service) -> None:
    """SHA-256 of the canonical JSON: keys sorted, no spaces, UTF-8."""
    commune = service.client("xuan-hong")
    sent = await send(commune, XUAN_HONG, {"DA2.05": 1234567890.05, "DA2.02": 7}, SPENT)
    revision = sent["last_revision"]
    canonical = json.dumps(
        revision["body"], sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    assert revision["fingerprint"] == hashlib.sha256(canonical.encode()).hexdigest()


async def test_what_is_summed_is_what_was_sent(service: Service) -> None:
    """The rows beside a revision hold its body's figures, no more and no less."""
    sent = await send(service.client("xuan-hong"), XUAN_HONG, {"DA2.05": 12.34}, SPENT)
    async with service.database.reading() as session:
        entries = await session.scalar(select(func.count()).select_from(RevisionEntry))
        spent = list(await session.scalars(select(RevisionDisbursement.amount_vnd)))
        values = list(await session.scalars(select(RevisionEntry.value)))
    assert entries == len(sent["last_revision"]["body"]["entries"])
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


async def _bring_to(service: Service, status: str) -> None:
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
async def test_only_the_steps_that_its_state_allows_can_be_taken(
    service: Service, status: str
) -> None:
    await _bring_to(service, status)
    people = {"submit": service.client("xuan-hong")}
    recorded = len(await actions(service))
    for verb in sorted(VERBS.keys() - ALLOWED[status]):
        client = people.get(verb, service.client("coordinator"))
        answer = await client.post(f"{AT}/{verb}", json=VERBS[verb])
        assert answer.status_code == 409, f"{status} {verb}: {answer.text}"
        assert answer.json()["type"] == "/problems/state-conflict"
    assert len(await actions(service)) == recorded
    assert (await read(people["submit"], XUAN_HONG))["report_status"] == status


@pytest.mark.parametrize("status", ["submitted", "accepted"])
async def test_a_report_that_was_sent_cannot_be_edited(service: Service, status: str) -> None:
    await _bring_to(service, status)
    commune = service.client("xuan-hong")
    answer = await commune.get(AT)
    body = answer.json()["last_revision"]["body"]
    saved = await commune.put(
        f"{AT}/draft", json=body, headers={"If-Match": answer.headers["ETag"]}
    )
    assert saved.status_code == 409


async def test_a_draft_is_saved_only_over_the_version_that_was_read(service: Service) -> None:
    commune = service.client("xuan-hong")
    body = complete_body(await read(commune, XUAN_HONG))
    for tag, status in (
        (None, 428),
        ("", 412),
        ('"7"', 412),
        ("0", 412),
        ('W/"0"', 412),
        ('w/"0"', 412),
        ('"00"', 412),
        ('"7", W/"0"', 412),
        ('"7", 0, "0"', 412),
        ('"0"', 200),
        ('"0"', 412),
        ('"9,"\t,, "1"', 200),
        ('"2","9"', 200),
    ):
        headers = {} if tag is None else {"If-Match": tag}
        answer = await commune.put(f"{AT}/draft", json=body, headers=headers)
        assert answer.status_code == status, tag
    assert await actions(service) == ["report.draft_saved"], "recorded once a person and draft"


async def test_tags_on_several_lines_are_one_list(service: Service) -> None:
    commune = service.client("xuan-hong")
    body = complete_body(await read(commune, XUAN_HONG))
    lines = [("If-Match", '"9"'), ("If-Match", '"0"')]
    assert (await commune.put(f"{AT}/draft", json=body, headers=lines)).status_code == 200


async def test_an_asterisk_matches_whatever_there_is(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    body = complete_body(await read(commune, XUAN_HONG))
    for _ in range(2):  # a report that is not begun is there, too
        seen(await commune.put(f"{AT}/draft", json=body, headers={"If-Match": "*"}))
    for client, verb in ((commune, "submit"), (office, "return")):
        weak = await client.post(f"{AT}/{verb}", json=VERBS[verb], headers={"If-Match": 'W/"2"'})
        assert weak.status_code == 412, verb
        seen(await client.post(f"{AT}/{verb}", json=VERBS[verb], headers={"If-Match": "*"}))


async def test_each_change_gives_the_report_another_tag(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    tags = [(await commune.get(AT)).headers["ETag"]]
    body = complete_body(await read(commune, XUAN_HONG))
    for _ in range(2):  # saving the same draft again is a change, too
        saved = await commune.put(f"{AT}/draft", json=body, headers={"If-Match": tags[-1]})
        tags.append(saved.headers["ETag"])
    for client, verb in (
        (commune, "submit"),
        (office, "return"),
        (commune, "submit"),
        (office, "accept"),
        (office, "reopen"),
    ):
        stale = await client.post(f"{AT}/{verb}", json=VERBS[verb], headers={"If-Match": tags[-2]})
        assert stale.status_code == 412, verb
        answer = await client.post(f"{AT}/{verb}", json=VERBS[verb], headers={"If-Match": tags[-1]})
        assert answer.status_code == 200, answer.text
        tags.append(answer.headers["ETag"])
        assert (await commune.get(AT)).headers["ETag"] == tags[-1]
    assert len(set(tags)) == len(tags)


async def test_a_draft_may_be_incomplete_and_says_what_it_lacks(service: Service) -> None:
    commune = service.client("xuan-hong")
    saved = await save(commune, XUAN_HONG, {"entries": [entry("DA2", "DA2.02", 3)]})
    codes = {finding["code"] for finding in saved["findings"]}
    assert codes == {"required_figure_missing"}
    required = sum(line["required"] for line in saved["expected"])
    assert len(saved["findings"]) == required - 1


async def test_who_may_not_see_a_report_is_told_that_there_is_none(service: Service) -> None:
    await send(service.client("xuan-hong"), XUAN_HONG)
    other = service.client("bac-luong")
    unknown = await other.get(f"/reports/{Q2}/99999")
    for path in ("", "/revisions", "/revisions/1"):
        answer = await other.get(AT + path)
        assert (answer.status_code, answer.json()["type"]) == (404, unknown.json()["type"])
    assert (await other.post(f"{AT}/submit", json={})).status_code == 404
    changed = await other.put(f"{AT}/draft", json={}, headers={"If-Match": '"1"'})
    assert changed.status_code == 404
    assert seen(await other.get(f"/reports?agency={XUAN_HONG}"))["items"] == []


async def test_a_correction_is_not_due_in_the_past(service: Service) -> None:
    await _bring_to(service, "submitted")
    office = service.client("coordinator")
    for day, status in (("2024-06-09", 422), ("2024-06-10", 200)):
        said = {"reason": "Sửa lại.", "correction_due": day}
        assert (await office.post(f"{AT}/return", json=said)).status_code == status


async def test_reports_are_listed_by_status_and_timeliness(service: Service) -> None:
    office = service.client("coordinator")
    await send(service.client("xuan-hong"), XUAN_HONG)
    await draft(service.client("bac-luong"), BAC_LUONG)
    service.clock.set("2024-06-16 08:00")
    await send_paper(service, "15505")
    for question, expected in (
        ("status=submitted", {XUAN_HONG, "15505"}),
        ("status=submitted&timeliness=late", {"15505"}),
        ("status=draft", {BAC_LUONG}),
        ("status=draft&timeliness=overdue", {BAC_LUONG}),
        ("status=accepted", set()),
    ):
        items = seen(await office.get(f"/reports?period={Q2}&limit=200&{question}"))["items"]
        assert {item["agency"] for item in items} == expected, question
    unsent = seen(await office.get(f"/reports?period={Q2}&limit=200&status=not_started"))["items"]
    assert len(unsent) == 35 - 3


async def test_paragraphs_hold_line_breaks_and_no_other_control_characters(
    service: Service,
) -> None:
    commune = service.client("xuan-hong")
    body = complete_body(await read(commune, XUAN_HONG))
    body["narrative"]["results"] = "Một.\r\n\tHai.\n"
    saved = await save(commune, XUAN_HONG, body)
    assert saved["draft"]["narrative"]["results"] == "Một.\n\tHai.\n"
    tag = (await commune.get(AT)).headers["ETag"]
    for wrong in ("\r", "\x0b", "\x1b", "\x7f", "\x85", "\ufdd0", "\ufffe", "\U0010ffff"):
        body["narrative"]["results"] = f"Một.{wrong}Hai."
        answer = await commune.put(f"{AT}/draft", json=body, headers={"If-Match": tag})
        (error,) = seen(answer, 422)["errors"]
        assert (error["pointer"], error["code"]) == ("/narrative/results", "control_character")
