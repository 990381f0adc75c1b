"""Passwords, tokens and API keys: how they are made, stored and told apart."""

import asyncio
import hashlib
import os
import secrets
import string
import unicodedata
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from typing import TypeVar, TypeVarTuple
from weakref import WeakKeyDictionary

from pwdlib import PasswordHash

from app.errors import Overloaded

Arguments = TypeVarTuple("Arguments")
Result = TypeVar("Result")

ALPHABET = string.digits + string.ascii_letters
TOKEN_PREFIX = "tdt_"  # noqa: S105 - the same for all
KEY_PREFIX = "tdk_"
SECRET_LENGTH = 32
CHECKSUM_LENGTH = 6
HINT_LENGTH = 10
HASHING_SLOTS = os.cpu_count() or 1
SLOT_TIMEOUT = 5.0

_hashing_slots: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = (
    WeakKeyDictionary()
)


@cache
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@cache
def _dummy_hash() -> str:
    return _hasher().hash(secrets.token_urlsafe())


async def hash_password(password: str) -> str:
    """The Argon2id hash of a password. Some 50 ms of a processor, so off the event loop."""
    return await _in_thread(_hasher().hash, _normalized(password))


async def password_matches(password: str, password_hash: str | None) -> bool:
    """Whether the password is right; takes as long where there is no account (hash None)."""
    return await _in_thread(_matches, _normalized(password), password_hash)


async def _in_thread(work: Callable[[*Arguments], Result], *arguments: *Arguments) -> Result:
    """Work beside the event loop, as many at once as there are processors.

    More would only make each of them slower, and take 64 MB each.

    Raises:
        Overloaded: there was no place within a few seconds.
    """
    loop = asyncio.get_running_loop()
    async with hashing_slot(_hashing_slots.setdefault(loop, asyncio.Semaphore(HASHING_SLOTS))):
        return await asyncio.to_thread(work, *arguments)


@asynccontextmanager
async def hashing_slot(slots: asyncio.Semaphore) -> AsyncIterator[None]:
    """A place among those who have their passwords tried, for as long as the block takes.

    Raises:
        Overloaded: nobody made room within a few seconds.
    """
    try:
        async with asyncio.timeout(SLOT_TIMEOUT):
            await slots.acquire()
    except TimeoutError:
        raise Overloaded from None
    try:
        yield
    finally:
        slots.release()


def _matches(password: str, password_hash: str | None) -> bool:
    return _hasher().verify(password, password_hash or _dummy_hash()) and bool(password_hash)


def _normalized(password: str) -> str:
    """The same letters, however a keyboard composes them: Vietnamese ones come in two ways."""
    return unicodedata.normalize("NFC", password)


def new_password() -> str:
    """A generated password, 16 characters that nobody mistakes for others when reading aloud."""
    unambiguous = "abcdefghijkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(unambiguous) for _ in range(4)) for _ in range(4))


def new_token() -> str:
    """A bearer token for a person."""
    return _with_checksum(TOKEN_PREFIX)


def new_key() -> str:
    """An API key for a machine."""
    return _with_checksum(KEY_PREFIX)


def is_well_formed(secret: str) -> bool:
    """Whether a token's or key's prefix and checksum are right; needs no database."""
    body, checksum = secret[:-CHECKSUM_LENGTH], secret[-CHECKSUM_LENGTH:]
    return (
        secret.startswith((TOKEN_PREFIX, KEY_PREFIX))
        and len(secret) == len(TOKEN_PREFIX) + SECRET_LENGTH + CHECKSUM_LENGTH
        and secret.isascii()
        and _checksum(body) == checksum
    )


def digest(secret: str) -> str:
    """What is stored of a token or key: its SHA-256 in hex. The secret itself is random enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _with_checksum(prefix: str) -> str:
    body = prefix + "".join(secrets.choice(ALPHABET) for _ in range(SECRET_LENGTH))
    return body + _checksum(body)


def _checksum(body: str) -> str:
    number = zlib.crc32(body.encode())
    digits = []
    for _ in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))
