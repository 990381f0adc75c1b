"""Passwords, tokens and API keys."""

import asyncio
import threading
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import security
from app.errors import Overloaded
from app.security import (
    digest,
    hash_password,
    is_well_formed,
    new_key,
    new_password,
    new_token,
    password_matches,
)


async def test_a_password_is_hashed_with_argon2id_and_verified() -> None:
    kept = await hash_password("mật khẩu")
    assert kept.startswith("$argon2id$")
    assert await password_matches("mật khẩu", kept)
    assert not await password_matches("mat khau", kept)
    assert kept != await hash_password("mật khẩu")  # each with its own salt


async def test_no_more_passwords_are_hashed_at_once_than_there_are_slots() -> None:
    at_once, most = 0, 0
    counting = threading.Lock()

    def work() -> None:
        nonlocal at_once, most
        with counting:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.01)
        with counting:
            at_once -= 1

    await asyncio.gather(*(security._in_thread(work) for _ in range(8 * security.HASHING_SLOTS)))  # noqa: SLF001 - counts the concurrent calls
    assert most <= security.HASHING_SLOTS


async def test_without_a_free_slot_the_request_is_overloaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(security, "SLOT_TIMEOUT", 0.01)
    taken = asyncio.Semaphore(0)
    with pytest.raises(Overloaded) as refused:
        async with security.hashing_slot(taken):
            pytest.fail("there is no slot")
    assert refused.value.retry_after
    taken.release()
    for _again in range(2):
        async with security.hashing_slot(taken):
            pass


async def test_a_missing_account_matches_no_password() -> None:
    assert not await password_matches("", None)
    assert not await password_matches("anything", None)


async def test_a_password_matches_in_any_unicode_normal_form() -> None:
    composed = unicodedata.normalize("NFC", "đường về huyện")
    taken_apart = unicodedata.normalize("NFD", composed)
    assert composed != taken_apart
    assert await password_matches(taken_apart, await hash_password(composed))
    assert await password_matches(composed, await hash_password(taken_apart))


@pytest.mark.parametrize("make", [new_token, new_key])
def test_a_secret_has_a_checksum(make: object) -> None:
    assert callable(make)
    secret = make()
    assert is_well_formed(secret)
    assert secret != make()
    for position in range(len(secret)):
        other = "b" if secret[position] == "a" else "a"
        assert not is_well_formed(secret[:position] + other + secret[position + 1 :])


def test_tokens_and_keys_have_different_prefixes() -> None:
    assert new_token().startswith(security.TOKEN_PREFIX)
    assert new_key().startswith(security.KEY_PREFIX)


@given(st.text(max_size=60))
def test_the_checksum_test_accepts_any_text(text: str) -> None:
    assert not is_well_formed(text)
    assert not is_well_formed(security.TOKEN_PREFIX + text)


def test_the_stored_digest_does_not_contain_the_secret() -> None:
    secret = new_token()
    assert secret[4:] not in digest(secret)
    assert digest(secret) == digest(secret) != digest(new_token())


def test_a_generated_password_has_four_groups_without_ambiguous_characters() -> None:
    password = new_password()
    assert password != new_password()
    assert [len(group) for group in password.split("-")] == [4, 4, 4, 4]
    assert not set("l1o0") & set(password)
