"""Why something was told, or was not, is said in the language of who reads it."""

import inspect
import re

from app.channels import mail, webhook
from app.services.notifications import delivery, events, fallback, reasons, recheck
from app.services.notifications.reasons import OPENINGS, VIETNAMESE
from app.services.reminders import sweep

VOID = re.compile(r"THEN '([^']* [^']*)'")
PLANNED = re.compile(r"'([^']* [^']*)'")
RAISED = re.compile(r'Delivery\w+Error\(f?"([^"{]+)')
CONSTANTS = {delivery.NO_END, webhook.NOT_PUBLIC, fallback.INSTEAD, events.HAPPENED}


def stored() -> set[str]:
    """Every reason of the program's own; those that end in a fact, as far as that."""
    voids = VOID.findall(str(recheck.LIST_LINES))
    why = str(sweep.PLAN).rpartition("'superseded' END,")[2].partition("message_id")[0]
    sources = "".join(map(inspect.getsource, (mail, webhook, delivery)))
    return {*voids, *PLANNED.findall(why), *RAISED.findall(sources)} | CONSTANTS


def test_every_reason_has_a_vietnamese_wording_and_every_wording_a_reason() -> None:
    assert stored() == VIETNAMESE.keys() | OPENINGS.keys()


def test_a_reason_is_said_in_the_language_asked_for() -> None:
    assert reasons.said("the report has come", "vi") == "báo cáo đã được gửi"
    assert reasons.said("the report has come", "en") == "the report has come"
    assert reasons.said("the webhook answered 503", "vi") == "cổng nhận tin trả lời 503"
    assert reasons.said("550 no such user", "vi") == "550 no such user"
