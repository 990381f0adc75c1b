"""Passwords, tokens and API keys: generation, hashing, verification."""

import asyncio
import hashlib
import os
import re
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
TOKEN_PREFIX = "tdt_"  # noqa: S105 - not a secret
KEY_PREFIX = "tdk_"
SECRET_LENGTH = 32
CHECKSUM_LENGTH = 6
HINT_LENGTH = 10
CODE_LENGTH = 10
HASHING_SLOTS = os.cpu_count() or 1
"""Passwords that are hashed at the same time: more would only be slower, at 64 MB each."""
SLOT_TIMEOUT = 5.0
"""Seconds."""

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
    """The Argon2id hash of a password.

    Raises:
        Overloaded: no hashing slot was free in time.
    """
    return await _in_thread(_hasher().hash, _normalized(password))


async def password_matches(password: str, password_hash: str | None) -> bool:
    """Whether the password is correct; takes equally long if there is no account (hash None).

    Raises:
        Overloaded: no hashing slot was free in time.
    """
    return await _in_thread(_matches, _normalized(password), password_hash)


async def _in_thread(work: Callable[[*Arguments], Result], *arguments: *Arguments) -> Result:
    """Hash in a thread, because it takes about 50 ms of CPU time."""
    loop = asyncio.get_running_loop()
    async with hashing_slot(_hashing_slots.setdefault(loop, asyncio.Semaphore(HASHING_SLOTS))):
        return await asyncio.to_thread(work, *arguments)


@asynccontextmanager
async def hashing_slot(slots: asyncio.Semaphore) -> AsyncIterator[None]:
    """Hold one of the password-hashing slots.

    Raises:
        Overloaded: no slot was free in time.
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
    """The password in NFC: keyboards compose Vietnamese letters in different ways."""
    return unicodedata.normalize("NFC", password)


def new_password() -> str:
    """A generated password: 16 characters, none of which is easily confused with another."""
    unambiguous = "abcdefghijkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(unambiguous) for _ in range(4)) for _ in range(4))


def new_code() -> str:
    """A code that is read from paper or said by telephone, and typed by hand: `48210-93755`.

    Digits only: input methods for Vietnamese turn letters such as `aw` and `dd` into others.
    """
    digits = "".join(secrets.choice(string.digits) for _ in range(CODE_LENGTH))
    return f"{digits[: CODE_LENGTH // 2]}-{digits[CODE_LENGTH // 2 :]}"


def typed_code(text: str) -> str:
    """A code as it was typed, without blanks and hyphens; also one of full-width digits."""
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", text))


def new_token() -> str:
    """A bearer token for an account."""
    return _with_checksum(TOKEN_PREFIX)


def new_key() -> str:
    """An API key."""
    return _with_checksum(KEY_PREFIX)


def is_well_formed(secret: str) -> bool:
    """Whether the prefix and the checksum of a token or key are correct; needs no database."""
    body, checksum = secret[:-CHECKSUM_LENGTH], secret[-CHECKSUM_LENGTH:]
    return (
        secret.startswith((TOKEN_PREFIX, KEY_PREFIX))
        and len(secret) == len(TOKEN_PREFIX) + SECRET_LENGTH + CHECKSUM_LENGTH
        and secret.isascii()
        and _checksum(body) == checksum
    )


def digest(secret: str) -> str:
    """The SHA-256 of a token or key in hex, which is stored instead of it.

    A slow hash is unnecessary, because the secret is long and random.
    """
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
