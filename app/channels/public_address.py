"""Which network addresses are public, so that a webhook cannot reach an internal network."""

from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)
from urllib.parse import urlsplit

GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All IPv6 addresses that are routed between networks (RFC 4291, 2.4). Outside of it are loopback,
link-local, site-local, multicast, IPv4-mapped and NAT64 addresses."""
NOT_PUBLIC = (
    IPv4Network("192.0.0.0/24"),  # protocol assignments; Python before 3.11.10 takes some as global
    IPv4Network("192.88.99.0/24"),  # 6to4 relays
    IPv6Network("2002::/16"),  # 6to4: leads to an IPv4 address of any network (RFC 3056)
    IPv6Network("3fff::/20"),  # documentation; as the first
)
"""Networks that the standard library takes as global."""
LOCAL_NAMES = ("localhost", "local", "internal")
"""Top-level names that no public name server resolves (RFC 6761, RFC 6762)."""


def is_public_address(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address belongs to one host on the public Internet.

    An IPv6 address that embeds an IPv4 address is not public, whatever it embeds.
    """
    if isinstance(address, IPv6Address) and address not in GLOBAL_UNICAST:
        return False
    if any(address in network for network in NOT_PUBLIC if network.version == address.version):
        return False
    return address.is_global and not address.is_multicast


def is_public_url(url: str) -> bool:
    """Whether a URL is https and its host is not obviously one of an internal network.

    A name must be resolved to know its addresses; see `WebhookSender`.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme != "https":
        return False
    try:
        return is_public_address(ip_address(host))
    except ValueError:
        last = host.rpartition(".")[2]
        # A name that ends in a number is another spelling of an IPv4 address, such as 127.1.
        return "." in host and last not in LOCAL_NAMES and not last[:1].isdigit()
