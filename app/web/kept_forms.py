"""The fields of forms that were not accepted, kept until they can be sent again.

A session can end, and a form token with it, while somebody types. The page that answers contains
the fields that were sent, so that after signing in they can be sent once more.
"""

import json
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import FormData

from app.settings import Settings
from app.web import form_tokens

KEPT = "kept"
"""The field of the sign-in form that contains the other form's fields."""
NEXT = "next"
"""The field, and the query parameter, with the address to go to after signing in."""
HOME = "/"

Fields = list[tuple[str, str]]


async def fields_of(request: Request) -> Fields:
    """The fields that were typed into one of our own pages; empty for a form of another site."""
    if not _is_same_origin(request):
        return []
    form = await request.form()
    return [
        (name, value)
        for name, value in form.multi_items()
        if isinstance(value, str) and name != form_tokens.FIELD
    ]


def written(fields: Fields) -> str:
    """Fields as the value of one field."""
    return json.dumps(fields, ensure_ascii=False) if fields else ""


def read(form: FormData) -> Fields:
    """The fields that a sign-in form has kept."""
    text = form.get(KEPT)
    if not isinstance(text, str) or not text:
        return []
    try:
        pairs = json.loads(text)
    except ValueError:
        return []
    if not isinstance(pairs, list):
        return []
    return [(str(pair[0]), str(pair[1])) for pair in pairs if isinstance(pair, list) and pair[1:]]


def own_address(address: object) -> str:
    """The address if it is a path of this service, else the first page: no open redirect."""
    if not isinstance(address, str) or not address.isprintable():
        return HOME
    if not address.startswith("/") or address[1:2] in {"/", "\\"}:
        return HOME
    return address


def _is_same_origin(request: Request) -> bool:
    """Whether the browser says that a page of this service has sent the form."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    settings: Settings = request.app.state.settings
    origin = urlsplit(request.headers.get("origin", "")).netloc
    return origin in {request.headers.get("host"), urlsplit(settings.public_url).netloc} - {""}
