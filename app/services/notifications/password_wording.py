"""The texts of e-mails with links to set a password. Pure: everything that they say is given."""

from dataclasses import dataclass
from datetime import datetime

from app.channels.mail import MessageText
from app.clock import LOCAL
from app.services.notifications.wording import REHEARSAL_SUBJECT, templates
from app.vocabulary import LinkPurpose

SUBJECTS = {
    LinkPurpose.INVITATION: "Mời sử dụng hệ thống Tiến độ",
    LinkPurpose.RESET: "Đặt lại mật khẩu hệ thống Tiến độ",
}


@dataclass(frozen=True)
class Letter:
    """What an e-mail is about. url: of the page, with the key; public_url: of the service."""

    purpose: LinkPurpose
    full_name: str
    username: str
    url: str
    public_url: str
    expires_at: datetime


def compose(letter: Letter, now: datetime, *, rehearsal: bool = False) -> MessageText:
    """The text of an e-mail. rehearsal: `now` is not the real time; subject and text say so."""
    subject = SUBJECTS[letter.purpose]
    if rehearsal:
        subject = REHEARSAL_SUBJECT.format(subject=subject)
    facts = {
        "letter": letter,
        "expires_at": letter.expires_at.astimezone(LOCAL),
        "now": now.astimezone(LOCAL),
        "rehearsal": rehearsal,
        "subject": subject,
    }
    return MessageText(
        subject=subject,
        plain=templates().get_template("password.txt").render(facts).strip() + "\n",
        html=templates().get_template("password.html").render(facts),
    )
