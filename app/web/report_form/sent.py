"""A report that cannot be changed: as it was sent, with its decisions."""

from fastapi import Request, Response

from app.web import states
from app.web.page import page
from app.web.report_form.as_sent import sections_as_sent
from app.web.report_form.opened import OpenReport, words_of


def sent_page(request: Request, opened: OpenReport) -> Response:
    """The last revision of a report, or what is known before there is one."""
    revision = opened.document["last_revision"]
    body = revision and revision["body"]
    return page(
        request,
        "report_sent.html",
        **opened.facts(),
        revision=revision,
        sent_at=states.instant_of(revision and revision["submitted_at"]),
        draft_saved_at=states.instant_of(opened.document["draft_saved_at"]),
        sections=sections_as_sent(opened.form, body) if body else [],
        words=words_of(body),
        decisions=[
            decision | {"when": states.instant_of(decision["at"])}
            for decision in opened.document["decisions"]
        ],
    )
