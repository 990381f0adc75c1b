"""E-mails sent to a real SMTP server on this machine, and its failures."""

import re
import socket
from dataclasses import replace
from datetime import datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.channels.errors import DeliveryDelayedError, DeliveryRefusedError
from app.channels.mail import Envelope, Mailer, MessageText
from app.clock import LOCAL
from app.services.notifications.delivery import deliver
from app.settings import Settings
from tests.conftest import Service
from tests.support.deliveries import delivery_context, keep_rules, list_messages, run_sweep
from tests.support.smtp_server import PostOffice, certificate, post_office

SUBJECT = "Còn 7 ngày: báo cáo quý II năm 2024"
PLAIN = "Kính gửi Nguyễn Thị Hường,\n\nĐề nghị gửi báo cáo của Xã Thọ Lộc.\n.\nHết.\n"
MESSAGE_ID = UUID("018ff4f5-3f00-7c3e-9d0c-5c3e2f7b8a14")
KEY = UUID("0b6f1c1e-8b7e-4a51-9a55-2f6f5a0c9d11")
HTML = "<p>Kính gửi <b>Nguyễn Thị Hường</b>, thị trấn Sao Vàng &lt;ẽ ữ ợ&gt;</p>"


def envelope(name: str = "Nguyễn Thị Hường", email: str = "huong@example.vn") -> Envelope:
    sent = datetime(2024, 6, 8, 9, tzinfo=LOCAL)
    text = MessageText(SUBJECT, PLAIN, HTML)
    return Envelope(MESSAGE_ID, "9f86d081" * 8, name, email, text, sent, KEY)


def mailer(url: str | None = None, timeout: float = 5.0, **settings: object) -> Mailer:
    values = {"smtp_url": url, "public_url": "https://tiendo.example.vn"} | settings
    return Mailer(Settings.model_validate(values), timeout)


def to(office: PostOffice, timeout: float = 5.0) -> Mailer:
    return mailer(f"smtp://127.0.0.1:{office.port}", timeout)


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


async def test_a_mail_arrives_unchanged() -> None:
    async with post_office() as office:
        await to(office).send(envelope())
    [mail] = office.mails
    assert mail["Subject"] == SUBJECT
    assert str(mail["To"]) == "Nguyễn Thị Hường <huong@example.vn>"
    assert str(mail["From"]) == "Tiến độ <tiendo@tiendo.example.vn>"
    assert mail["Date"].datetime == envelope().sent_at
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Content-Language"] == "vi"
    assert mail.get_content_type() == "multipart/alternative"
    assert part(mail, "plain") == PLAIN
    assert part(mail, "html").strip() == HTML


async def test_the_unsubscribe_headers_are_not_encoded(tmp_path: Path) -> None:
    """Compared as bytes: mail programs do not decode URLs (RFC 2047, 5)."""
    async with post_office() as office:
        await to(office).send(envelope())
    [by_server] = office.mails
    headers = dict(by_server.raw_items())
    page = f"https://tiendo.example.vn/notifications/preferences?key={KEY}"
    assert headers["List-Unsubscribe"] == f"<{page}>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    await mailer(data_dir=tmp_path).send(envelope())
    written = (tmp_path / "mail" / f"{MESSAGE_ID}.eml").read_bytes()
    assert f"\nList-Unsubscribe: <{page}>\n".encode() in written


async def test_all_attempts_have_the_same_message_id() -> None:
    async with post_office() as office:
        for _attempt in range(2):
            await to(office).send(envelope())
        await to(office).send(replace(envelope(), sent_at=datetime(2024, 6, 9, 8, tzinfo=LOCAL)))
        await to(office).send(replace(envelope(), message_id=KEY))  # after a restore
        await to(office).send(replace(envelope(), key="0" * 64))
    first, *again, other = office.ids
    assert set(again) == {first} != {other}
    assert first.endswith("@tiendo.example.vn>")
    named = [mail["Tiendo-Message"] for mail in office.mails]
    assert named == [str(each) for each in (*[MESSAGE_ID] * 3, KEY, MESSAGE_ID)]


async def test_folding_a_header_loses_no_blank(tmp_path: Path) -> None:
    """Each length of a header is folded at another position."""
    words = "Còn 34 đơn vị chưa gửi báo cáo quý II, 34 đơn vị chưa gửi báo cáo 6 tháng đầu năm"
    for start in range(len(words) - 40):
        said = words[start:].strip()
        text = MessageText(said, PLAIN, HTML)
        sender = mailer(data_dir=tmp_path, mail_from=f'"{said}" <tiendo@example.vn>')
        await sender.send(replace(envelope(said), text=text))
        written = message_from_bytes((tmp_path / "mail" / f"{MESSAGE_ID}.eml").read_bytes())
        shown = {name: str(make_header(decode_header(written[name]))) for name in written}
        assert shown["Subject"] == said
        assert shown["To"].removesuffix(" <huong@example.vn>").strip('"') == said
        assert shown["From"].removesuffix(" <tiendo@example.vn>").strip('"') == said


VIETNAMESE = (
    st.text(
        st.sampled_from(
            "aăâbcdđeêghiklmnoôơpqrstuưvxyàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệĐƯỜ ỢNG0123456789,:()"
        ),
        min_size=1,
        max_size=200,
    )
    .map(lambda words: " ".join(words.split()))
    .filter(bool)
)


@given(subject=VIETNAMESE, name=VIETNAMESE)
def test_encoded_words_have_at_most_75_characters(subject: str, name: str) -> None:
    """RFC 2047, 2; some mail servers refuse or damage longer ones."""
    mail = mailer(mail_from=f'"{name}" <tiendo@example.vn>').compose(
        replace(envelope(name), text=MessageText(subject, PLAIN, HTML))
    )
    head, _, _ = bytes(mail).partition(b"\n\n")
    encoded_words = re.findall(rb"=\?utf-8\?[bq]\?\S*\?=", head)
    assert max(map(len, encoded_words), default=0) <= 75
    assert max((len(line) for line in head.splitlines() if b"=?utf-8?" in line), default=0) <= 76
    written = message_from_bytes(bytes(mail))
    shown = {each: str(make_header(decode_header(written[each]))) for each in ("Subject", "To")}
    assert shown["Subject"] == subject
    assert shown["To"].removesuffix("<huong@example.vn>").strip(' "') == name


@pytest.mark.parametrize(
    "name",
    [
        "Hường\r\nBcc: everybody@example.vn",
        "Hường\nSubject: khác",
        'Hường "Chủ tịch", <x@example.vn>',
        "\u202eHường",
        "",
    ],
)
async def test_a_name_adds_no_header_and_no_recipient(name: str) -> None:
    async with post_office() as office:
        await to(office).send(envelope(name))
    [mail] = office.mails
    assert mail["Bcc"] is None
    assert mail["Subject"] == SUBJECT
    assert [address.addr_spec for address in mail["To"].addresses] == ["huong@example.vn"]


@pytest.mark.parametrize(
    "email", ["", "no-at-sign", "a@b\r\nRCPT TO:<c@d>", "a@b, c@d", "a b@example.vn"]
)
async def test_an_invalid_address_is_refused(email: str) -> None:
    async with post_office() as office:
        with pytest.raises(DeliveryRefusedError):
            await to(office).send(envelope(email=email))
    assert office.mails == []


async def test_a_server_that_is_down_delays_delivery() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(DeliveryDelayedError):
        await mailer(f"smtp://127.0.0.1:{port}").send(envelope())


async def test_an_unknown_server_name_delays_delivery() -> None:
    with pytest.raises(DeliveryDelayedError):
        await mailer("smtp://no-such-host.invalid:25").send(envelope())


async def test_a_slow_server_delays_delivery() -> None:
    async with post_office() as office:
        office.seconds = 5.0
        with pytest.raises(DeliveryDelayedError, match="mail_timeout"):
            await to(office, timeout=0.2).send(envelope())


async def test_the_timeout_covers_all_steps_together() -> None:
    async with post_office() as office:
        office.seconds = 0.3
        with pytest.raises(DeliveryDelayedError, match="mail_timeout"):
            await to(office, timeout=0.4).send(envelope())


async def test_a_silent_server_delays_delivery() -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        with pytest.raises(DeliveryDelayedError):
            await mailer(f"smtp://127.0.0.1:{mute.getsockname()[1]}", timeout=0.2).send(envelope())


async def test_a_retry_after_a_lost_reply_has_the_same_message_id() -> None:
    async with post_office() as office:
        office.reply = None
        with pytest.raises(DeliveryDelayedError):
            await to(office).send(envelope())
        office.reply = "250 OK"
        await to(office).send(envelope())
    assert len(office.ids) == 2
    assert len(set(office.ids)) == 1


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ("451 greylisted, come back", DeliveryDelayedError),
        ("452 mailbox full", DeliveryDelayedError),
        ("550 no such user", DeliveryRefusedError),
    ],
)
async def test_permanent_and_temporary_replies_about_a_recipient_differ(
    reply: str, kind: type[Exception]
) -> None:
    async with post_office() as office:
        office.refuse["huong@example.vn"] = reply
        with pytest.raises(kind, match=reply[:3]):
            await to(office).send(envelope())
        await to(office).send(envelope(email="other@example.vn"))
    assert len(office.mails) == 1


@pytest.mark.parametrize(
    ("reply", "kind"),
    [("554 spam", DeliveryRefusedError), ("451 disk full", DeliveryDelayedError)],
)
async def test_permanent_and_temporary_replies_about_the_content_differ(
    reply: str, kind: type[Exception]
) -> None:
    async with post_office() as office:
        office.reply = reply
        with pytest.raises(kind, match=reply):
            await to(office).send(envelope())


@pytest.mark.parametrize("from_the_start", [False, True])
async def test_it_authenticates_over_tls(tmp_path: Path, from_the_start: bool) -> None:
    context, authority = certificate(tmp_path)
    async with post_office(tls=context, from_the_start=from_the_start, login=True) as office:
        scheme = "smtps" if from_the_start else "smtp"
        login = f"tiendo:{quote('mật-khẩu')}"
        url = f"{scheme}://{login}@localhost:{office.port}?ca={authority}"
        await mailer(url).send(envelope())
        assert office.logins
        assert office.secured == [True]

        wrong = url.replace(quote("mật-khẩu"), "wrong")
        # The setting can be corrected, so the message must not fail until then.
        with pytest.raises(DeliveryDelayedError, match="535"):
            await mailer(wrong).send(envelope())
    assert len(office.mails) == 1


async def test_a_password_is_not_sent_unencrypted_over_the_network() -> None:
    async with post_office(login=True, host="127.0.0.2") as office:
        url = f"smtp://tiendo:{quote('mật-khẩu')}@127.0.0.2:{office.port}"
        with pytest.raises(DeliveryDelayedError, match="STARTTLS"):
            await mailer(url).send(envelope())
        assert office.logins == []
    assert office.mails == []


async def test_a_password_is_sent_unencrypted_on_the_same_machine() -> None:
    async with post_office(login=True) as office:
        await mailer(f"smtp://tiendo:{quote('mật-khẩu')}@127.0.0.1:{office.port}").send(envelope())
        assert office.logins
    assert len(office.mails) == 1


@pytest.mark.parametrize("from_the_start", [False, True])
async def test_an_untrusted_certificate_is_rejected(tmp_path: Path, from_the_start: bool) -> None:
    context, _ = certificate(tmp_path)
    async with post_office(tls=context, from_the_start=from_the_start) as office:
        scheme = "smtps" if from_the_start else "smtp"
        with pytest.raises(DeliveryDelayedError, match=r"(?i)certificate"):
            await mailer(f"{scheme}://localhost:{office.port}").send(envelope())
    assert office.mails == []


async def test_without_a_server_mails_are_written_as_files(tmp_path: Path) -> None:
    await mailer(data_dir=tmp_path).send(envelope())
    [file] = (tmp_path / "mail").iterdir()
    assert file.name == f"{MESSAGE_ID}.eml"
    mail = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert isinstance(mail, EmailMessage)
    assert (mail["Subject"], part(mail, "plain")) == (SUBJECT, PLAIN)


async def test_written_mails_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "var" / "mail"
    await mailer(data_dir=tmp_path / "var").send(envelope())
    folder.chmod(0o755)
    (folder / f"{MESSAGE_ID}.eml").rename(folder / f"{MESSAGE_ID}.part")
    (folder / f"{MESSAGE_ID}.part").chmod(0o644)
    await mailer(data_dir=tmp_path / "var").send(envelope())
    (file,) = folder.iterdir()
    modes = [oct(path.stat().st_mode)[-3:] for path in (tmp_path / "var", folder, file)]
    assert modes == ["700", "700", "600"]


async def test_one_refused_address_does_not_delay_other_mails(service: Service) -> None:
    """From the sweep to the mail server."""
    await keep_rules(service, "before-7")
    await run_sweep(service)
    async with post_office() as office:
        office.refuse["xuan-hong@example.vn"] = "550 no such user"
        office.refuse["bac-luong@example.vn"] = "451 try later"
        await deliver(delivery_context(service, to(office)))
        assert len(office.mails) == 3
        found = {
            m.username: (m.state, m.error_detail)
            for m in await list_messages(service, channel="email")
        }
        assert found["xuan-hong"] == ("failed", "550 no such user")
        assert found["bac-luong"] == ("waiting", "451 try later")
        office.refuse.clear()
        service.clock.advance(minutes=1)
        await deliver(delivery_context(service, to(office)))
        assert len(office.mails) == 4
        assert str(office.mails[-1]["To"]).endswith("<bac-luong@example.vn>")


async def test_a_repeated_mail_after_a_lost_reply_has_the_same_message_id(
    service: Service,
) -> None:
    await keep_rules(service, "before-7")
    await run_sweep(service)
    async with post_office() as office:
        office.reply = None
        await deliver(delivery_context(service, to(office)))
        office.reply = "250 OK"
        service.clock.advance(minutes=1)
        await deliver(delivery_context(service, to(office)))
    assert len(office.ids) == 10
    assert len(set(office.ids)) == 5
    assert {m.state for m in await list_messages(service)} == {"sent"}
