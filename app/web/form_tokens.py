"""Form tokens: a form is accepted only from a page that this service gave to the same browser.

A token is signed with a secret that the browser has in a cookie, so the server keeps nothing. It
contains a random part: compressed pages never show the same token twice (BREACH).
"""

import secrets

from fastapi import Request
from itsdangerous import BadSignature, URLSafeSerializer

FORM_KEY = "tiendo.form_key"
"""Key in a request's scope: the secret of the browser that signs its form tokens."""
FIELD = "form_token"
SALT = "form"
RANDOM_BYTES = 12


def issue(request: Request) -> str | None:
    """A token for the forms of a page; None on routes without forms."""
    key: str | None = request.scope.get(FORM_KEY)
    return key and str(_serializer(key).dumps(secrets.token_urlsafe(RANDOM_BYTES)))


async def is_valid(request: Request) -> bool:
    """Whether the form that was sent contains a token of the same browser."""
    key: str | None = request.scope.get(FORM_KEY)
    token = (await request.form()).get(FIELD)
    if not key or not isinstance(token, str):
        return False
    try:
        _serializer(key).loads(token)
    except BadSignature:
        return False
    return True


def _serializer(key: str) -> URLSafeSerializer:
    return URLSafeSerializer(key, salt=SALT)
