"""A readable log of a year: who received which messages each day, and what was not sent."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import Row, text

from app.clock import LOCAL
from app.services.notifications import reasons
from app.services.notifications.delivery import deliver
from app.vocabulary import Audience, NotificationState
from tests.conftest import Service
from tests.support.deliveries import Outbox, delivery_context, run_sweep

WEEKDAYS = ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật")
AUDIENCES = tuple(Audience)
INDENT = " " * 9
LONGEST_LIST = 4

# The notifications that are no longer planned.
LIST_ENDED = text("""
    SELECT n.id, n.message_id, n.channel, n.audience, n.template, n.rule, n.state, n.why,
        n.why_detail, account.username, p.code AS period, a.name AS agency, m.subject, m.body,
        EXISTS (SELECT FROM account AS reporter
            WHERE reporter.agency_id = a.id AND reporter.role = 'reporter') AS has_account
    FROM notification n
    JOIN account ON account.id = n.account_id
    JOIN obligation o ON o.id = n.obligation_id
    JOIN reporting_period p ON p.id = o.period_id
    JOIN agency a ON a.id = o.agency_id
    LEFT JOIN message m ON m.id = n.message_id
    WHERE n.id >= :first AND n.state <> 'planned'
    ORDER BY o.late_from, a.code, n.id
""")
# The first notification that has not ended.
GET_FIRST_PLANNED = text("""
    SELECT coalesce(
        (SELECT min(id) FROM notification WHERE state = 'planned'),
        (SELECT max(id) + 1 FROM notification), 0)
""")

EndedRow = Row[*tuple[Any, ...]]
"""A row of LIST_ENDED."""


class NotificationLog:
    """What happened, by day and minute, and who was notified of it."""

    def __init__(self, service: Service, outbox: Outbox) -> None:
        self._service = service
        self._context = delivery_context(service, outbox, outbox)
        self._first = 0
        self._written: set[int] = set()
        self._day: date | None = None
        self._lines: list[str] = []
        self._first_letters: dict[tuple[str, str], str] = {}
        self._received: Counter[tuple[str, str]] = Counter()
        self._not_sent: Counter[str] = Counter()
        self._subjects: Counter[tuple[str, str, str, str]] = Counter()

    def note(self, description: str) -> None:
        """Log something that happened."""
        self._write(f"-- {description}")

    async def work(self) -> None:
        """Sweep and deliver as the service does each minute, and log the outcome."""
        planned = await run_sweep(self._service)
        taken = await deliver(self._context)
        if taken or planned.planned or planned.superseded:
            await self._log_ended()

    async def _log_ended(self) -> None:
        async with self._service.database.reading() as session:
            rows = (await session.execute(LIST_ENDED, {"first": self._first})).all()
            self._first = await session.scalar(GET_FIRST_PLANNED) or 0
        new = sorted(
            (row for row in rows if row.id not in self._written),
            key=lambda row: (AUDIENCES.index(row.audience), row.username),
        )
        self._written.update(row.id for row in new)
        for name, rows_of_person in groupby(new, key=lambda row: str(row.username)):
            self._log_person(name, list(rows_of_person))

    def _log_person(self, name: str, rows: Sequence[EndedRow]) -> None:
        """Log a person's messages of this minute, then what was not sent, with the reason."""
        messages: dict[tuple[str, str], list[EndedRow]] = defaultdict(list)
        not_sent: dict[str, list[EndedRow]] = defaultdict(list)
        for row in rows:
            if row.state == NotificationState.SENT:
                messages[row.subject, _without_key(row.body)].append(row)
            else:
                why = reasons.describe(row.why, row.why_detail, "en")
                not_sent[f"{row.state}: {why}"].append(row)
        for (subject, body), sent in messages.items():
            self._log_message(name, subject, body, sent)
        for reason, skipped in not_sent.items():
            self._not_sent[name] += len(skipped)
            self._write(f"({name:<17} {_rules(skipped)} -- {reason})")

    def _log_message(self, name: str, subject: str, body: str, rows: Sequence[EndedRow]) -> None:
        channels = sorted({str(row.channel) for row in rows})
        self._write(f"{name:<18} {', '.join(channels):<13} {subject}")
        for channel in channels:
            self._received[name, channel] += 1
            self._subjects[str(self._day), name, channel, subject] += 1
        one = [row for row in rows if row.channel == channels[0]]
        if one[0].audience in {Audience.COORDINATOR, Audience.LEADERSHIP}:
            listed = body.count("\n- ") - body.count("\n- và ")
            assert listed == len(one), "a digest has one line for each"
            self._lines += [f"{INDENT}{'':<33}{line}" for line in _missing(one)]
        elif len(one) > 1:
            self._lines += [f"{INDENT}{'':<33}· {line}" for line in _sentences(body)]
        self._first_letters.setdefault((one[0].audience, one[0].template), _shortened(one[0].body))

    def _write(self, line: str) -> None:
        now = self._service.clock.now().astimezone(LOCAL)
        if now.date() != self._day:
            self._day = now.date()
            self._lines += ["", f"{self._day} ({WEEKDAYS[self._day.weekday()]})"]
        self._lines.append(f"  {now:%H:%M}  {line}")

    @property
    def repeated(self) -> list[tuple[str, str, str, str]]:
        """Day, person, channel and subject of messages that were repeated within a day."""
        return [key for key, times in self._subjects.items() if times > 1]

    def text(self) -> str:
        """The whole log: the days, the totals of each person, one message of each kind."""
        return "\n".join([*self._lines, *self._totals(), *self._letters()]) + "\n"

    def _totals(self) -> Iterable[str]:
        yield from ("", "", "CẢ NĂM MỖI NGƯỜI NHẬN BAO NHIÊU", "")
        yield f"  {'':<18} {'email':>7} {'in_app':>7} {'bỏ qua':>7}"
        for name in sorted({name for name, _ in self._received} | set(self._not_sent)):
            email, in_app = (self._received[name, channel] for channel in ("email", "in_app"))
            yield f"  {name:<18} {email:>7} {in_app:>7} {self._not_sent[name]:>7}"

    def _letters(self) -> Iterable[str]:
        yield from ("", "", "MỖI LOẠI THƯ MỘT BỨC, BỨC ĐẦU TIÊN TRONG NĂM")
        for (audience, template), words in sorted(self._first_letters.items()):
            yield from ("", f"=== {template}, {audience}")
            yield from (f"  {line}".rstrip() for line in words.splitlines())


def _rules(rows: Sequence[EndedRow]) -> str:
    """The rules by period, and for digests the number of agencies."""
    parts = []
    for period in dict.fromkeys(row.period for row in rows):
        mine = [row for row in rows if row.period == period]
        names = ", ".join(dict.fromkeys(row.rule for row in sorted(mine, key=lambda r: int(r.id))))
        agencies = len({row.agency for row in mine})
        parts.append(f"{period} {names}" + (f" ({agencies} đơn vị)" if agencies > 1 else ""))
    return "; ".join(parts)


def _missing(rows: Sequence[EndedRow]) -> Iterable[str]:
    """The missing agencies by period: those with an account by name, the others by number."""
    for period in dict.fromkeys(row.period for row in rows):
        mine = [row for row in rows if row.period == period]
        names = [row.agency for row in mine if row.has_account]
        others = len(mine) - len(names)
        if others:
            names.append(f"{others} đơn vị không có tài khoản")
        yield f"{period}: {', '.join(names)}"


def _without_key(body: str) -> str:
    """A body without its last line, in which e-mails contain the person's key."""
    return body.rstrip().rpartition("\n")[0]


def _sentences(body: str) -> Iterable[str]:
    """The first line of each paragraph between greeting and link."""
    return (paragraph.splitlines()[0] for paragraph in body.split("\n\n")[1:-2])


def _shortened(body: str) -> str:
    """A body without the middle of long lists, and without the random key."""
    body = re.sub("key=[0-9a-f-]{36}$", "key=…", body.rstrip())
    kept: list[str] = []
    for is_list, lines in groupby(body.splitlines(), key=lambda line: line.startswith("- ")):
        found = list(lines)
        if is_list and len(found) > LONGEST_LIST:
            found[LONGEST_LIST - 1 :] = [f"  … và {len(found) - LONGEST_LIST + 1} đơn vị nữa"]
        kept += found
    return "\n".join(kept)
