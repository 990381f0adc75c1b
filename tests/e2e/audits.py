"""Measurements of a page in the browser: accessibility, layout, weight and time."""

from dataclasses import dataclass

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page

MOBILE_LATENCY_MS = 150
MOBILE_BYTES_A_SECOND = 1_600_000 / 8
SLOW_PROCESSOR = 4
"""A phone with a bad connection: 1.6 Mbit/s, 150 ms, a processor four times slower."""


ALL_RULES = {"resultTypes": ["violations"]}
COLOURS = {"resultTypes": ["violations"], "runOnly": ["color-contrast"]}
"""Of axe's rules, the one that depends on the colour scheme."""


def violations(page: Page, options: dict[str, list[str]]) -> list[str]:
    """What axe finds on the page, each with the first element that it is about."""
    page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:160]}"
        for each in Axe().run(page, options=options).response["violations"]
    ]


def overflows(page: Page) -> bool:
    """Whether the page is wider than its window, so that it scrolls sideways."""
    root = "document.documentElement"
    return bool(page.evaluate(f"{root}.scrollWidth > {root}.clientWidth"))


@dataclass
class Load:
    """The bytes that a page took over the wire, and the seconds until its scripts had run."""

    received: int
    seconds: float


def load(context: BrowserContext, address: str, *, throttled: bool = False) -> Load:
    """Open a page in a new tab and count every transferred byte, headers included."""
    page = context.new_page()
    session = context.new_cdp_session(page)
    sizes: list[int] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    session.send("Network.enable")
    if throttled:
        session.send("Emulation.setCPUThrottlingRate", {"rate": SLOW_PROCESSOR})
        conditions = {
            "offline": False,
            "latency": MOBILE_LATENCY_MS,
            "downloadThroughput": MOBILE_BYTES_A_SECOND,
            "uploadThroughput": MOBILE_BYTES_A_SECOND,
        }
        session.send("Network.emulateNetworkConditions", conditions)
    page.goto(address, wait_until="networkidle")
    timing = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
    milliseconds = page.evaluate(timing)
    page.close()
    return Load(int(sum(sizes)), milliseconds / 1000)
