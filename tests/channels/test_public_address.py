"""The addresses that a webhook may have in production."""

from ipaddress import ip_address

import pytest

from app.channels.public_address import is_public_address, is_public_url

INTERNAL = {
    "this network": "0.0.0.0",  # noqa: S104 - compared, not bound
    "private": "10.0.0.1",
    "private, 172": "172.16.0.1",
    "private, 192": "192.168.1.1",
    "carrier-grade NAT": "100.64.0.1",
    "loopback": "127.0.0.1",
    "link-local": "169.254.169.254",
    "protocol assignments": "192.0.0.8",
    "documentation": "192.0.2.1",
    "6to4 relay": "192.88.99.1",
    "benchmarking": "198.18.0.1",
    "multicast": "224.0.0.1",
    "global multicast": "233.252.0.1",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "unspecified, IPv6": "::",
    "loopback, IPv6": "::1",
    "IPv4-compatible": "::8.8.8.8",
    "IPv4-mapped": "::ffff:8.8.8.8",
    "IPv4-mapped, private": "::ffff:10.0.0.1",
    "IPv4-translated": "::ffff:0:10.0.0.1",
    "NAT64": "64:ff9b::a00:1",
    "NAT64, public": "64:ff9b::808:808",
    "NAT64, local": "64:ff9b:1::a00:1",
    "discard": "100::1",
    "Teredo": "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "benchmarking, IPv6": "2001:2::1",
    "ORCHIDv2": "2001:20::1",
    "documentation, IPv6": "2001:db8::1",
    "documentation, RFC 9637": "3fff::1",
    "6to4": "2002:a00:1::1",
    "6to4, public": "2002:808:808::1",
    "unique local": "fd00::1",
    "link-local, IPv6": "fe80::1",
    "site-local": "fec0::1",
    "multicast, IPv6": "ff02::1",
    "global multicast, IPv6": "ff0e::1",
}


@pytest.mark.parametrize("address", INTERNAL.values(), ids=INTERNAL.keys())
def test_an_internal_or_embedding_address_is_not_public(address: str) -> None:
    assert not is_public_address(ip_address(address))
    host = f"[{address}]" if ":" in address else address
    assert not is_public_url(f"https://{host}/tiendo")


@pytest.mark.parametrize("address", ["8.8.8.8", "113.160.0.1", "2606:4700::1111", "2405:4800::1"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public_address(ip_address(address))
    host = f"[{address}]" if ":" in address else address
    assert is_public_url(f"https://{host}/tiendo")


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("https://zalo.example.vn/", True),
        ("https://zalo.example.vn./", True),
        ("https://báo-cáo.example.vn/", True),
        ("http://zalo.example.vn/", False),
        ("https://localhost/", False),
        ("https://localhost./", False),
        ("https://tiendo.localhost/", False),
        ("https://printer.local/", False),
        ("https://metadata.google.internal/", False),
        ("https://gateway/", False),
        ("https://2130706433/", False),
        ("https://127.1/", False),
        ("https://0x7f.0.0.1/", False),
        ("https://10.0.0.1./", False),
    ],
)
def test_a_name_of_the_internet_is_public(url: str, public: bool) -> None:
    assert is_public_url(url) is public
