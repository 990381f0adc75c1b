"""Every page of a session with every kind of person, within and outside their reach."""

import json
from urllib.parse import quote, urlsplit

import httpx
import pytest

from app.web.form_tokens import FIELD
from tests.conftest import Service
from tests.support.browser import parse_page, signed_in, stranger, visit
from tests.support.pages import SESSION_PAGES, SessionPage
from tests.support.reference_calls import add_neighbour
from tests.test_policy import COORDINATOR, PAGES, PEOPLE, REPORTER

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
HTML = {"Accept": "text/html"}
TYPED = {"note": "Đã nuôi 12 con bò"}
FORMS = [each for each in SESSION_PAGES if each.method == "POST"]
# Sign out last, because it revokes the token.
IN_ORDER = sorted(SESSION_PAGES, key=lambda each: each.name == "end_session")
OF_ONE_AGENCY = [each for each in IN_ORDER if "agency" in each.path_parameters]


async def open_or_send(
    browser: httpx.AsyncClient, page: SessionPage, token: str, **path_parameters: str
) -> httpx.Response:
    """Open a page, or send its form with a valid token and nothing else."""
    fields = {FIELD: token} if page.method == "POST" else None
    address = page.address(**path_parameters)
    return await browser.request(page.method, address, data=fields, headers=HTML)


async def token_of(browser: httpx.AsyncClient) -> str:
    return (await visit(browser, "/"))[FIELD]


def ensure_private(answer: httpx.Response, context: str) -> None:
    """Ensure that no cache keeps a page, and that it runs and loads nothing of others."""
    assert answer.headers["Cache-Control"] == "no-store", context
    if not answer.headers.get("Content-Type", "").startswith("text/html"):
        return
    policy = answer.headers["Content-Security-Policy"]
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    for name in ("default-src", "base-uri", "frame-ancestors"):
        assert directives[name] == "'none'", (context, name)
    for name in ("script-src", "style-src", "form-action"):
        assert directives.get(name, "'self'") == "'self'", (context, name)
    page = parse_page(answer)
    assert "".join(page.scripts).strip() == "", context
    assert " style=" not in answer.text, context
    for reference in page.references:
        parts = urlsplit(reference)
        assert (parts.scheme, parts.netloc, reference[:1]) == ("", "", "/"), (context, reference)


@pytest.mark.parametrize("person", sorted(PEOPLE))
async def test_a_person_may_use_exactly_the_pages_in_the_table(
    service: Service, person: str
) -> None:
    browser = signed_in(service, person)
    token = await token_of(browser)
    for page in IN_ORDER:
        answer = await open_or_send(browser, page, token)
        context = f"{person} {page.name}: {answer.status_code} {answer.text[:200]}"
        if person in PAGES[page.name]:
            assert answer.status_code not in {401, 403}, context
            assert answer.status_code < 500, context
        else:
            assert answer.status_code == 403, context
        ensure_private(answer, context)


async def test_without_a_session_a_page_leads_to_signing_in(service: Service) -> None:
    browser = stranger(service)
    for page in SESSION_PAGES:
        address = page.address()
        if page.method == "GET":
            answer = await browser.get(f"{address}?a=b")
            assert answer.status_code == 303, page.name
            target = f"/sign-in?next={quote(address, safe='/')}%3Fa%3Db"
            assert answer.headers["Location"] == target, page.name
            assert answer.headers["Cache-Control"] == "no-store", page.name


async def test_without_a_session_a_form_keeps_what_was_typed(service: Service) -> None:
    browser = stranger(service)
    for page in FORMS:
        answer = await browser.post(page.address(), data=TYPED, headers=SAME_ORIGIN)
        assert answer.status_code == 401, page.name
        shown = parse_page(answer)
        assert json.loads(shown["kept"]) == [list(pair) for pair in TYPED.items()], page.name
        assert shown["next"] == page.address(), page.name
        ensure_private(answer, page.name)


async def test_a_form_without_a_token_of_the_session_is_refused(service: Service) -> None:
    browser = signed_in(service, "admin")
    tokens = ("", "x", await token_of(signed_in(service, "district-admin")))
    for page in FORMS:
        for token in tokens:
            for headers in (SAME_ORIGIN, {"Sec-Fetch-Site": "cross-site"}):
                fields = TYPED | {FIELD: token}
                answer = await browser.post(page.address(), data=fields, headers=headers)
                assert answer.status_code == 403, (page.name, token)
                ensure_private(answer, page.name)
    assert (await browser.get("/account")).status_code == 200


@pytest.mark.parametrize(
    ("person", "agency"),
    [(REPORTER, "15502"), (REPORTER, "395-LDTBXH"), (COORDINATOR, "15901"), (COORDINATOR, "397")],
)
async def test_pages_of_other_agencies_are_not_found(
    service: Service, person: str, agency: str
) -> None:
    await add_neighbour(service)
    plan = "trieu-son-2024" if agency in {"15901", "397"} else "tho-xuan-2024"
    browser = signed_in(service, person)
    token = await token_of(browser)
    for page in OF_ONE_AGENCY:
        if person in PAGES[page.name]:
            answer = await open_or_send(browser, page, token, agency=agency, plan=plan)
            assert answer.status_code == 404, (page.name, agency, answer.text[:200])
