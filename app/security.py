"""Passwords, tokens and API keys: how they are made, stored and told apart."""

import asyncio
import hashlib
import secrets
import string
import unicodedata
import zlib
from functools import cache

from pwdlib import PasswordHash

ALPHABET = string.digits + string.ascii_letters
TOKEN_PREFIX = "tdt_"  # noqa: S105 - the same for all
KEY_PREFIX = "tdk_"
SECRET_LENGTH = 32
CHECKSUM_LENGTH = 6
HINT_LENGTH = 10


@cache
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@cache
def _nobodys_hash() -> str:
    return _hasher().hash(secrets.token_urlsafe())


async def hash_password(password: str) -> str:
    """The Argon2id hash of a password. Some 50 ms of a processor, so off the event loop."""
    return await asyncio.to_thread(_hasher().hash, _typed(password))


async def password_matches(password: str, password_hash: str | None) -> bool:
    """Whether the password is right; takes as long where there is no account (hash None)."""
    return await asyncio.to_thread(_matches, _typed(password), password_hash)


def _matches(password: str, password_hash: str | None) -> bool:
    return _hasher().verify(password, password_hash or _nobodys_hash()) and bool(password_hash)


def _typed(password: str) -> str:
    """The same letters, however a keyboard composes them: Vietnamese ones come in two ways."""
    return unicodedata.normalize("NFC", password)


def new_password() -> str:
    """A generated password, 16 characters that nobody mistakes for others when reading aloud."""
    unmistakable = "abcdefghijkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(unmistakable) for _ in range(4)) for _ in range(4))


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
