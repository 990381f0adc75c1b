"""Fetches pages and parses their text, references, form fields and scripts."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx

from app.web.cookies import SESSION
from app.web.form_tokens import FIELD
from tests.conftest import Service
from tests.support.accounts import token_of

HOST = "http://test"
CHOICES = {"checkbox", "radio"}
URL_ATTRIBUTES = {"href", "src", "action", "data", "poster", "srcset", "formaction", "background"}
"""HTML attributes that contain URLs."""


@dataclass
class Field:
    """An `input` element of a form."""

    kind: str
    name: str
    value: str
    checked: bool
    disabled: bool


@dataclass
class Page:
    """A parsed page: its response, visible text, referenced URLs, form fields and scripts."""

    answer: httpx.Response
    text_content: str = ""
    references: list[str] = field(default_factory=list)
    fields: list[Field] = field(default_factory=list)
    action: str | None = None
    scripts: list[str] = field(default_factory=list)
    """The contents of script elements and of event handler attributes."""

    def __getitem__(self, name: str) -> str:
        """The value of the first field with this name."""
        return next(each.value for each in self.fields if each.name == name)

    def checked(self) -> dict[str, list[str]]:
        """The values that the form would send unchanged."""
        sent: dict[str, list[str]] = {}
        for each in self.fields:
            if each.checked and not each.disabled:
                sent.setdefault(each.name, []).append(each.value)
        return sent


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__()
        self._page = page
        self._within = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self._within = tag
        self._page.references += [
            value
            for name, value in attributes.items()
            if name in URL_ATTRIBUTES and not value.startswith("#")
        ]
        self._page.scripts += [value for name, value in attributes.items() if name.startswith("on")]
        if tag == "form":
            self._page.action = attributes["action"]
        if tag == "textarea":
            self._page.fields.append(Field(tag, attributes["name"], "", True, False))
        if tag == "input" and attributes["type"] != "file":
            self._page.fields.append(
                Field(
                    attributes["type"],
                    attributes["name"],
                    attributes["value"],
                    attributes["type"] not in CHOICES or "checked" in attributes,
                    "disabled" in attributes,
                )
            )

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - pages nest no scripts
        self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within == "script":
            self._page.scripts.append(data)
        elif self._within != "style":
            self._page.text_content += data


def parse_page(answer: httpx.Response) -> Page:
    """Parse an HTML response."""
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    page = Page(answer)
    _Reader(page).feed(answer.text)
    page.text_content = " ".join(page.text_content.split())
    return page


async def open_page(service: Service, address: str, status: int = 200) -> Page:
    """Fetch and parse a page without authentication."""
    answer = await service.client().get(f"{HOST}{address}")
    assert answer.status_code == status, answer.text
    return parse_page(answer)


def stranger(service: Service) -> httpx.AsyncClient:
    """A browser without cookies."""
    client = service.client()
    client.base_url = httpx.URL(HOST)
    return client


def signed_in(service: Service, person: str) -> httpx.AsyncClient:
    """A browser in which a test account is signed in."""
    client = stranger(service)
    client.cookies.set(SESSION.plain, token_of(person))
    return client


async def visit(browser: httpx.AsyncClient, address: str, status: int = 200) -> Page:
    """Open and parse a page."""
    answer = await browser.get(address)
    assert answer.status_code == status, answer.text
    return parse_page(answer)


async def send(
    browser: httpx.AsyncClient, page: Page, address: str, **fields: str
) -> httpx.Response:
    """Send a form of a page, with its token and these fields."""
    return await browser.post(address, data={FIELD: page[FIELD]} | fields)
