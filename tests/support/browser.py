"""A browser on an old phone: it opens pages, follows their links and sends their forms."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx

from tests.conftest import Service

HOST = "http://test"
REFERS = {"href", "src", "action", "data", "poster", "srcset", "formaction", "background"}
"""The attributes by which a page refers to something."""


@dataclass
class Field:
    """An input of a form."""

    kind: str
    name: str
    value: str
    ticked: bool
    disabled: bool


@dataclass
class Page:
    """What came: the answer, what can be read, where it refers to, what can be filled in."""

    answer: httpx.Response
    words: str = ""
    refers: list[str] = field(default_factory=list)
    fields: list[Field] = field(default_factory=list)
    action: str | None = None
    scripts: list[str] = field(default_factory=list)
    """What stands between script tags, or in attributes that run."""

    def ticked(self) -> dict[str, list[str]]:
        """What the form would send as it stands."""
        sent: dict[str, list[str]] = {}
        for each in self.fields:
            if each.ticked and not each.disabled:
                sent.setdefault(each.name, []).append(each.value)
        return sent


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__()
        self._page = page
        self._within = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        self._within = tag
        self._page.refers += [value for name, value in said.items() if name in REFERS]
        self._page.scripts += [value for name, value in said.items() if name.startswith("on")]
        if tag == "form":
            self._page.action = said["action"]
        if tag == "input":
            self._page.fields.append(
                Field(
                    said["type"], said["name"], said["value"], "checked" in said, "disabled" in said
                )
            )

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - pages nest no scripts
        self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within == "script":
            self._page.scripts.append(data)
        elif self._within != "style":
            self._page.words += data


def read(answer: httpx.Response) -> Page:
    """A page as a person sees it."""
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    page = Page(answer)
    _Reader(page).feed(answer.text)
    page.words = " ".join(page.words.split())
    return page


async def opened(service: Service, address: str, status: int = 200) -> Page:
    """Open an address without signing in."""
    answer = await service.client().get(f"{HOST}{address}")
    assert answer.status_code == status, answer.text
    return read(answer)
