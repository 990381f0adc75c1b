"""A service on a cloned database, and a real browser that opens its pages."""

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from app.clock import LOCAL
from app.db.roles import DatabaseUrls
from app.main import create_app
from app.settings import Settings
from tests.conftest import TEMPLATE, SetClock, clone
from tests.support.accounts import PASSWORD
from tests.support.uvicorn_server import serving

CHROMIUM = os.environ.get("TIENDO_CHROMIUM") or shutil.which("chromium") or ""
PHONE, DESK = (360, 740), (1366, 768)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_sessionstart() -> None:
    """Say what is missing before anything starts."""
    if not CHROMIUM:
        pytest.exit(
            "Chromium is missing. On Debian and Ubuntu: sudo apt-get install chromium; "
            "or name another one in TIENDO_CHROMIUM.",
            returncode=2,
        )


@dataclass
class Site:
    """The running service: its address, and its clock."""

    address: str
    clock: SetClock


@pytest.fixture
def database_urls() -> Iterator[DatabaseUrls]:
    """A clone of the seeded template, made in a thread: Playwright's loop runs in this one."""
    urls = clone(TEMPLATE)
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(next, urls).result()
        pool.submit(next, urls, None).result()


@pytest.fixture
def site(database_urls: DatabaseUrls) -> Iterator[Site]:
    """The service with the 2024 plan at 08:00 on 10 June 2024."""
    clock = SetClock(datetime(2024, 6, 10, 8, tzinfo=LOCAL))
    settings = Settings(embedded_worker=False)
    app = create_app(settings, database_urls.application, clock)
    with serving(app, "asyncio", settings, lifespan="on") as port:
        yield Site(f"http://127.0.0.1:{port}", clock)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests of a worker process."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


NewContext = Callable[..., BrowserContext]


@pytest.fixture
def new_context(chromium: Browser, site: Site) -> Iterator[NewContext]:
    """Makes browsers without cookies: each is a device."""
    contexts = []

    def make(size: tuple[int, int] = PHONE, **options: object) -> BrowserContext:
        context = chromium.new_context(
            base_url=site.address,
            viewport={"width": size[0], "height": size[1]},
            locale="vi-VN",
            **options,  # type: ignore[arg-type]  # options of Playwright, by name
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()


def sign_in(page: Page, person: str = "xuan-hong") -> None:
    """Sign in on the page that asks for it, or on the sign-in page."""
    if not page.get_by_label("Tên đăng nhập").count():
        page.goto("/sign-in")
    page.get_by_label("Tên đăng nhập").fill(person)
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    page.get_by_role("button", name="Đăng nhập").click()
