"""The page about a new programme: its files are loaded and reported to as it says."""

import re
from pathlib import Path

from seed.loader import load
from tests.conftest import PLAN_IN_FORCE, ROOT, Service
from tests.support.report_calls import ok

PAGES = [ROOT / "docs" / "new-programme.md", ROOT / "docs" / "vi" / "chuong-trinh-moi.md"]
FILE = re.compile(r"^`([\w./-]+)`:\n\n```\w+\n(.*?)```$", re.MULTILINE | re.DOTALL)


def files(page: Path) -> dict[str, str]:
    """The files that a page shows, by path."""
    return dict(FILE.findall(page.read_text("utf-8")))


def test_both_pages_show_the_same_files() -> None:
    english, vietnamese = map(files, PAGES)
    assert english == vietnamese
    assert len(english) == 13


async def test_the_files_are_a_plan(service: Service, tmp_path: Path) -> None:
    shown = files(PAGES[0])
    for path, text in shown.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text, "utf-8")
    async with service.database.transaction() as session:
        await load(session, tmp_path / "tinh-2026", now=PLAN_IN_FORCE, echo=lambda _: None)
    service.clock.set("2026-03-10 08:00")
    province = service.client("province")
    report = ok(await province.get("/reports/2026-Q1/15505"))
    assert [line["indicator"] for line in report["expected"]] == ["DA1.01"]
    assert report["timeliness"] == "due_soon"
    period = ok(await province.get("/reporting-periods/2026-Y?plan=tinh-2026"))
    assert period["due_date"] == "2026-12-10"
