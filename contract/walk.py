"""The whole way of a report with the generated Python client, also over a cut connection."""

import os
import uuid
from typing import TypeVar

import httpx
from tiendo_client import AuthenticatedClient, Client
from tiendo_client.api.auth import get_me, sign_in, sign_out
from tiendo_client.api.obligations import list_obligations
from tiendo_client.api.reports import (
    accept_report,
    get_report,
    list_revisions,
    return_report,
    save_draft,
    submit_report,
)
from tiendo_client.models import (
    Acceptance,
    DraftBody,
    DraftEntry,
    FindingCode,
    PageObligationOut,
    PageRevisionOut,
    ProblemDocument,
    ReportOut,
    ReportStatus,
    Return,
    SignIn,
    Submission,
    Token,
)
from tiendo_client.types import Response

URL, PASSWORD = os.environ["CONTRACT_URL"], os.environ["CONTRACT_PASSWORD"]
PERIOD, AGENCY = "2024-Q2", "15493"
Answer = TypeVar("Answer")


def expect(kind: type[Answer], answer: object) -> Answer:
    """The answer if it has the expected type; otherwise the check fails."""
    if isinstance(answer, kind):
        return answer
    raise SystemExit(f"expected {kind.__name__}, got {answer}")


def ensure(condition: bool, message: str) -> None:
    """End with a message unless the condition holds."""
    if not condition:
        raise SystemExit(message)


def signed_in(username: str, *, cut: str | None = None) -> AuthenticatedClient:
    """A client with a token of the account; `cut` makes the proxy cut its connections."""
    form = SignIn(username=username, password=PASSWORD)
    token = expect(Token, sign_in.sync(client=Client(base_url=URL), body=form))
    headers = {"X-Cut": cut} if cut else {}
    return AuthenticatedClient(base_url=URL, token=token.access_token, headers=headers)


def version_of(answer: Response[ProblemDocument | ReportOut]) -> str:
    """The ETag, which equals the version of the body."""
    report = expect(ReportOut, answer.parsed)
    tag: str = answer.headers["ETag"]
    ensure(tag == f'"{report.version}"', f"ETag {tag} of version {report.version}")
    return tag


def save(client: AuthenticatedClient, value: float | str) -> ReportOut:
    """Save a complete draft over the version that was read."""
    answer = get_report.sync_detailed(PERIOD, AGENCY, client=client)
    report = expect(ReportOut, answer.parsed)
    entries = [
        DraftEntry(project=line.project, indicator=line.indicator, value=value)
        for line in report.expected
        if line.required
    ]
    body = DraftBody(entries=entries)
    saved = save_draft.sync(PERIOD, AGENCY, client=client, body=body, if_match=version_of(answer))
    return expect(ReportOut, saved)


def submit(client: AuthenticatedClient, key: str) -> Response[ProblemDocument | ReportOut]:
    """Submit the draft under an idempotency key."""
    return submit_report.sync_detailed(
        PERIOD, AGENCY, client=client, body=Submission(), idempotency_key=key
    )


def submit_over_cut_connections(username: str) -> None:
    """Lose the answer twice, repeat with the same key, and find one new revision."""
    client, key = signed_in(username), str(uuid.uuid4())
    before = count_revisions(client)
    for cut in ("answer", "half"):
        try:
            submit(signed_in(username, cut=cut), key)
        except httpx.TransportError:
            continue
        raise SystemExit(f"the connection was not cut: {cut}")
    answer = submit(client, key)
    ensure(expect(ReportOut, answer.parsed).report_status is ReportStatus.SUBMITTED, "not sent")
    ensure(answer.headers.get("Idempotent-Replayed") == "true", "the first request was lost")
    ensure(count_revisions(client) == before + 1, "the report was sent twice")


def count_revisions(client: AuthenticatedClient) -> int:
    """The number of revisions."""
    page = expect(PageRevisionOut, list_revisions.sync(PERIOD, AGENCY, client=client))
    return len(page.items)


def main() -> None:
    """Walk from the first sign-in to the acceptance of a corrected report."""
    reporter, coordinator = signed_in("reporter"), signed_in("coordinator")
    due = expect(PageObligationOut, list_obligations.sync(client=reporter, period=PERIOD))
    ensure([item.agency for item in due.items] == [AGENCY], "not the own obligation")
    # 1. A draft that lacks a figure, or has text in place of one, has a finding for the form.
    first = get_report.sync_detailed(PERIOD, AGENCY, client=reporter)
    empty = save_draft.sync(
        PERIOD, AGENCY, client=reporter, body=DraftBody(), if_match=version_of(first)
    )
    finding = expect(ReportOut, empty).findings[0]
    ensure(finding.code is FindingCode.REQUIRED_FIGURE_MISSING, str(finding))
    ensure(finding.indicator is not None and finding.pointer == "/entries/-", str(finding))
    typed = save(reporter, "1.234,5").findings[0]
    ensure(typed.code is FindingCode.NOT_A_NUMBER, str(typed))
    refused = expect(ProblemDocument, submit(reporter, str(uuid.uuid4())).parsed)
    ensure(refused.type_ == "/problems/report-incomplete", refused.type_)
    # 2. Send it over cut connections; the coordinator returns it; send it again; accept it.
    ensure(save(reporter, 4).findings == [], "findings in a complete draft")
    submit_over_cut_connections("reporter")
    back = Return(reason="Đề nghị kiểm tra lại số hộ.")
    returned = return_report.sync(PERIOD, AGENCY, client=coordinator, body=back)
    ensure(expect(ReportOut, returned).report_status is ReportStatus.RETURNED, "not returned")
    save(reporter, 5)
    submit_over_cut_connections("reporter")
    accepted = expect(
        ReportOut, accept_report.sync(PERIOD, AGENCY, client=coordinator, body=Acceptance())
    )
    ensure(accepted.report_status is ReportStatus.ACCEPTED, "not accepted")
    ensure(accepted.last_revision is not None, "no revision")
    # 3. Without a token there is no answer about oneself.
    sign_out.sync_detailed(client=reporter)
    ended = expect(ProblemDocument, get_me.sync(client=reporter))
    ensure(ended.type_ == "/problems/unauthenticated", ended.type_)


if __name__ == "__main__":
    main()
