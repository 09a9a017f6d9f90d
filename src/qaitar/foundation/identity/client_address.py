"""Which address a request comes from: the peer's, or what a trusted proxy says of its peer."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Network = IPv4Network | IPv6Network
ADDRESS_MAX: Final = 45  # characters of the longest IPv6 address
_IPV6_PREFIX: Final = 64  # one subscriber has at least so many


def proxies_read(text: str) -> tuple[Network, ...]:
    """Read a comma-separated list of addresses and networks.

    >>> proxies_read("10.0.0.5, 192.168.0.0/16")
    (IPv4Network('10.0.0.5/32'), IPv4Network('192.168.0.0/16'))

    Raises:
        ValueError: one of them is neither.
    """
    return tuple(ip_network(each.strip()) for each in text.split(",") if each.strip())


def client_address(meta: Mapping[str, str], trusted: Sequence[Network]) -> str:
    """Return the address a request comes from; '' where the server does not know its peer.

    `X-Forwarded-For` is read from its end, and only as far as each address that added to it is a trusted proxy.

    >>> proxies = proxies_read("10.0.0.0/8")
    >>> client_address({"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "1.1.1.1, 9.9.9.9, 10.0.0.2"}, proxies)
    '9.9.9.9'
    >>> client_address({"REMOTE_ADDR": "8.8.8.8", "HTTP_X_FORWARDED_FOR": "1.1.1.1"}, proxies)
    '8.8.8.8'
    """
    here = _address(meta.get("REMOTE_ADDR", ""))
    forwarded = meta.get("HTTP_X_FORWARDED_FOR", "").split(",")
    while here is not None and any(here in each for each in trusted):
        before = _address(forwarded.pop()) if forwarded else None
        if before is None:  # the proxy named nobody, or something that is no address
            break
        here = before
    return "" if here is None else str(here)


def address_group(address: str) -> str:
    """Return what tries are counted by: an IPv4 address, or the /64 network an IPv6 address is of.

    >>> address_group("203.0.113.7"), address_group("2001:db8::1")
    ('203.0.113.7', '2001:db8::/64')
    """
    known = _address(address)
    if isinstance(known, IPv6Address):
        return str(IPv6Network((known, _IPV6_PREFIX), strict=False))
    return str(known or "")


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Read one address; an IPv4 one written as IPv6 is the IPv4 one."""
    try:
        found = ip_address(text.strip())
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found
