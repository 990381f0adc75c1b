"""Which e-mail addresses are accepted."""

from email.headerregistry import Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.text.mail_address import is_mailable


@pytest.mark.parametrize(
    "address",
    [
        "son@example.vn",
        "Tran.Thi-Hoa_2+bao.cao@tho-xuan.thanhhoa.gov.vn",
        "o'brien@example.vn",
        "a@xn--v-d-3pa1n.vn",
        f"{'x' * 64}@example.vn",
    ],
)
def test_plain_addresses_are_accepted(address: str) -> None:
    assert is_mailable(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "son",
        "son@example",
        "son@example.vn\n",
        "người@example.vn",
        "a@ví-dụ.vn",
        "a..b@example.vn",
        ".a@example.vn",
        "a.@example.vn",
        "a\\@example.vn",
        "(a)b@example.vn",
        '"a b"@example.vn',
        "a:b@example.vn",
        "a\x07b@example.vn",
        "a@b_c.vn",
        "a@-x.vn",
        "a@x-.vn",
        "a@example..vn",
        "a@example.vn.",
        "a@[127.0.0.1].x",
        "a@127.0.0.1",
        "a@b@example.vn",
        f"{'x' * 65}@example.vn",
        f"a@{'x' * 64}.vn",
        f"a@{'x' * 60}.{'x' * 60}.{'x' * 60}.{'x' * 60}.{'x' * 60}.vn",
    ],
)
def test_other_addresses_are_rejected(address: str) -> None:
    assert not is_mailable(address)


@given(st.from_regex(r"\A[a-z0-9.(\\@\" -]{1,12}@[a-z0-9.-]{1,12}\.vn\Z"))
def test_an_accepted_address_is_unchanged_in_a_mail(address: str) -> None:
    if is_mailable(address):
        assert Address(addr_spec=address).addr_spec == address
