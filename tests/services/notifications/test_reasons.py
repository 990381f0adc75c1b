"""Stored reasons have a text in both languages."""

from app.services.notifications import reasons
from app.services.notifications.recheck import LIST_LINES
from app.vocabulary import NotificationReason


def test_every_reason_has_both_texts() -> None:
    assert reasons.TEXTS.keys() == set(NotificationReason)
    assert all(text.vi and text.en for text in reasons.TEXTS.values())


def test_a_recheck_gives_known_reasons() -> None:
    _, _, conditions = str(LIST_LINES).partition("-- The recipient.")
    codes = {
        line.partition("THEN '")[2].partition("'")[0]
        for line in conditions.splitlines()
        if "THEN '" in line
    }
    assert len(codes) > 10
    assert codes <= set(NotificationReason)


def test_a_reason_is_described_in_the_requested_language() -> None:
    submitted, status = NotificationReason.REPORT_SUBMITTED, NotificationReason.WEBHOOK_STATUS
    assert reasons.describe(submitted, None, "vi") == "báo cáo đã được gửi"
    assert reasons.describe(submitted, None, "en") == "the report was submitted"
    assert reasons.describe(status, "503", "vi") == "cổng nhận tin trả lời 503"
    assert reasons.describe(status, "503", "en") == "the webhook answered 503"


def test_the_words_of_a_server_are_shown_as_they_came() -> None:
    words = "550 no such {user}"
    assert reasons.describe(NotificationReason.DELIVERY_ERROR, words, "vi") == words
