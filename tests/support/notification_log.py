"""A diary of who was told what: each day's messages and what was passed over, to be read."""

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
DESKS = tuple(Audience)
INDENT = " " * 9
LONGEST_LIST = 4

# What has come to an end since the last look: sent, given up, or passed over.
ENDED = text("""
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
FIRST_TO_COME = text("""
    SELECT coalesce(
        (SELECT min(id) FROM notification WHERE state = 'planned'),
        (SELECT max(id) + 1 FROM notification), 0)
""")

Ended = Row[*tuple[Any, ...]]
"""A row of ENDED."""


class Diary:
    """What happened, by day and minute, and who was told of it."""

    def __init__(self, service: Service, outbox: Outbox) -> None:
        self._service = service
        self._desk = delivery_context(service, outbox, outbox)
        self._first = 0
        self._written: set[int] = set()
        self._day: date | None = None
        self._lines: list[str] = []
        self._words: dict[tuple[str, str], str] = {}
        self._told: Counter[tuple[str, str]] = Counter()
        self._passed_over: Counter[str] = Counter()
        self._subjects: Counter[tuple[str, str, str, str]] = Counter()

    def note(self, words: str) -> None:
        """Write down what somebody did, or what happened."""
        self._write(f"-- {words}")

    async def work(self) -> None:
        """Sweep and deliver as the service does each minute, and write down what came of it."""
        planned = await run_sweep(self._service)
        taken = await deliver(self._desk)
        if taken or planned.planned or planned.superseded:
            await self._look()

    async def _look(self) -> None:
        async with self._service.database.reading() as session:
            rows = (await session.execute(ENDED, {"first": self._first})).all()
            self._first = await session.scalar(FIRST_TO_COME) or 0
        new = sorted(
            (row for row in rows if row.id not in self._written),
            key=lambda row: (DESKS.index(row.audience), row.username),
        )
        self._written.update(row.id for row in new)
        for name, told in groupby(new, key=lambda row: str(row.username)):
            self._tell(name, list(told))

    def _tell(self, name: str, rows: Sequence[Ended]) -> None:
        """Write down a person's messages of this minute, then what was passed over, with why."""
        messages: dict[tuple[str, str], list[Ended]] = defaultdict(list)
        over: dict[str, list[Ended]] = defaultdict(list)
        for row in rows:
            if row.state == NotificationState.SENT:
                messages[row.subject, _said(row.body)].append(row)
            else:
                why = reasons.describe(row.why, row.why_detail, "en")
                over[f"{row.state}: {why}"].append(row)
        for (subject, body), told in messages.items():
            self._message(name, subject, body, told)
        for why, passed in over.items():
            self._passed_over[name] += len(passed)
            self._write(f"({name:<17} {_rules(passed)} -- {why})")

    def _message(self, name: str, subject: str, body: str, told: Sequence[Ended]) -> None:
        channels = sorted({str(row.channel) for row in told})
        self._write(f"{name:<18} {', '.join(channels):<13} {subject}")
        for channel in channels:
            self._told[name, channel] += 1
            self._subjects[str(self._day), name, channel, subject] += 1
        one = [row for row in told if row.channel == channels[0]]
        if one[0].audience in {Audience.COORDINATOR, Audience.LEADERSHIP}:
            listed = body.count("\n- ") - body.count("\n- và ")
            assert listed == len(one), "a digest has one line for each"
            self._lines += [f"{INDENT}{'':<33}{line}" for line in _missing(one)]
        elif len(one) > 1:
            self._lines += [f"{INDENT}{'':<33}· {line}" for line in _sentences(body)]
        self._words.setdefault((one[0].audience, one[0].template), _shortened(one[0].body))

    def _write(self, line: str) -> None:
        now = self._service.clock.now().astimezone(LOCAL)
        if now.date() != self._day:
            self._day = now.date()
            self._lines += ["", f"{self._day} ({WEEKDAYS[self._day.weekday()]})"]
        self._lines.append(f"  {now:%H:%M}  {line}")

    @property
    def repeated(self) -> list[tuple[str, str, str, str]]:
        """Day, person, channel and subject of what somebody was told twice in a day."""
        return [key for key, times in self._subjects.items() if times > 1]

    def text(self) -> str:
        """The whole diary: the days, how much everybody was told, one letter of each kind."""
        return "\n".join([*self._lines, *self._totals(), *self._letters()]) + "\n"

    def _totals(self) -> Iterable[str]:
        yield from ("", "", "CẢ NĂM MỖI NGƯỜI NHẬN BAO NHIÊU", "")
        yield f"  {'':<18} {'email':>7} {'in_app':>7} {'bỏ qua':>7}"
        for name in sorted({name for name, _ in self._told} | set(self._passed_over)):
            email, in_app = (self._told[name, channel] for channel in ("email", "in_app"))
            yield f"  {name:<18} {email:>7} {in_app:>7} {self._passed_over[name]:>7}"

    def _letters(self) -> Iterable[str]:
        yield from ("", "", "MỖI LOẠI THƯ MỘT BỨC, BỨC ĐẦU TIÊN TRONG NĂM")
        for (audience, template), words in sorted(self._words.items()):
            yield from ("", f"=== {template}, {audience}")
            yield from (f"  {line}".rstrip() for line in words.splitlines())


def _rules(rows: Sequence[Ended]) -> str:
    """Which rules of which periods, and for digests of how many agencies."""
    parts = []
    for period in dict.fromkeys(row.period for row in rows):
        mine = [row for row in rows if row.period == period]
        names = ", ".join(dict.fromkeys(row.rule for row in sorted(mine, key=lambda r: int(r.id))))
        agencies = len({row.agency for row in mine})
        parts.append(f"{period} {names}" + (f" ({agencies} đơn vị)" if agencies > 1 else ""))
    return "; ".join(parts)


def _missing(rows: Sequence[Ended]) -> Iterable[str]:
    """For each period who is missing: by name those who have an account, by number the others."""
    for period in dict.fromkeys(row.period for row in rows):
        mine = [row for row in rows if row.period == period]
        names = [row.agency for row in mine if row.has_account]
        others = len(mine) - len(names)
        if others:
            names.append(f"{others} đơn vị không có tài khoản")
        yield f"{period}: {', '.join(names)}"


def _said(body: str) -> str:
    """A body without its last line, where only a mail has the link with the person's key."""
    return body.rstrip().rpartition("\n")[0]


def _sentences(body: str) -> Iterable[str]:
    """The first line of each paragraph between greeting and link."""
    return (paragraph.splitlines()[0] for paragraph in body.split("\n\n")[1:-2])


def _shortened(body: str) -> str:
    """A body without the middle of its long lists, and without what is random."""
    body = re.sub("key=[0-9a-f-]{36}$", "key=…", body.rstrip())
    kept: list[str] = []
    for is_list, lines in groupby(body.splitlines(), key=lambda line: line.startswith("- ")):
        found = list(lines)
        if is_list and len(found) > LONGEST_LIST:
            found[LONGEST_LIST - 1 :] = [f"  … và {len(found) - LONGEST_LIST + 1} đơn vị nữa"]
        kept += found
    return "\n".join(kept)
