"""Says whether an address given by a person may be called: only the public internet, or what is listed.

The name is looked up once and the answer carries the address to connect to, so that a name that
changes its mind between the check and the call (DNS rebinding) changes nothing.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

URL_MAX_CHARS = 2048
ADDRESSES_MAX = 32
_PORT_MAX = 65_535
_DEFAULT_PORTS = {"https": 443, "http": 80}
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)\Z")
_HOST_MAX_CHARS = 253
_NUMBER_LIKE = re.compile(r"(0x[0-9a-f]*|[0-9]+)\Z")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class CallTarget:
    """Where a call goes: `host` for the certificate and the Host header, `ip` for the connection.

    `path` starts with a slash and carries the query.
    """

    scheme: str
    host: str
    ip: str
    port: int
    path: str = "/"

    @property
    def authority(self) -> str:
        """The value of the Host header.

        >>> CallTarget("https", "shop.kz", "203.0.113.5", 8443).authority
        'shop.kz:8443'
        """
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if _DEFAULT_PORTS[self.scheme] == self.port else f"{host}:{self.port}"


class AddressCode(StrEnum):
    """Why an address may not be called."""

    BAD_URL = "bad_url"
    SCHEME = "scheme"
    NOT_HTTPS = "not_https"
    USER_IN_URL = "user_in_url"
    BAD_HOST = "bad_host"
    BAD_PORT = "bad_port"
    UNKNOWN_HOST = "unknown_host"
    NOT_PUBLIC = "not_public"


@dataclass(frozen=True, slots=True)
class Forbidden:
    """The address may not be called; nothing was connected to."""

    code: AddressCode


def _nets(*texts: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


# IANA special-purpose registries; 168.63.129.16 is Azure's host agent on a public-looking address
_CLOSED_V4 = _nets(
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
    *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24"),
    *("192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
    *("224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32"),
)
# within the one public block: Teredo and other tunnels, documentation, 6to4
_OPEN_V6 = ipaddress.ip_network("2000::/3")
_CLOSED_V6 = _nets("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
# what even a listed host may not be: cloud metadata lives there, and nothing of a person's own does
_NEVER = _nets("169.254.0.0/16", "fe80::/10", "224.0.0.0/4", "ff00::/8", "0.0.0.0/8", "::/128")
_NEVER_HOSTS = _nets("255.255.255.255/32", "168.63.129.16/32", "fd00:ec2::254/128")


def resolve_public(
    url: str,
    *,
    allow_hosts: Collection[str] = (),
    resolver: Callable[[str, int], list[str]] | None = None,
) -> CallTarget | Forbidden:
    """Look the address up once and return where to connect, or why it may not be called.

    HTTPS and public addresses only.  A host listed in `allow_hosts` (`1c.office.lan` or with a port,
    `1c.office.lan:8080`) may be on the local network and plain HTTP; link-local addresses, where
    clouds keep their credentials, stay closed even then.  When one of a name's addresses is closed,
    the name is refused.
    """
    parts = _split(url)
    if isinstance(parts, Forbidden):
        return parts
    host, port = _host(parts), _port(parts)
    if host is None or port is None:
        return Forbidden(AddressCode.BAD_HOST if host is None else AddressCode.BAD_PORT)
    listed = not {host, f"{host}:{port}"}.isdisjoint(entry.lower() for entry in allow_hosts)
    if parts.scheme != "https" and not listed:
        found: Address | Forbidden = Forbidden(AddressCode.NOT_HTTPS)
    else:
        found = _addresses(host, port, listed=listed, resolver=resolver or system_resolver)
    if isinstance(found, Forbidden):
        return found
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return CallTarget(parts.scheme, host, str(found), port, path)


def is_public(address: Address) -> bool:
    """Tell whether an address belongs to the public internet; everything special is refused.

    >>> is_public(ipaddress.ip_address("::ffff:127.0.0.1")), is_public(ipaddress.ip_address("8.8.8.8"))
    (False, True)
    """
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in net for net in _CLOSED_V4)
    return address in _OPEN_V6 and not any(address in net for net in _CLOSED_V6)


def _may_be_listed(address: Address) -> bool:
    plain: Address = address
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        plain = address.ipv4_mapped
    return not any(plain in net for net in (*_NEVER, *_NEVER_HOSTS) if net.version == plain.version)


def _split(url: str) -> SplitResult | Forbidden:
    """Take the URL apart, refusing whatever two programs could read in two ways."""
    if len(url) > URL_MAX_CHARS or any(not char.isprintable() or char in ' \\"<>`' for char in url):
        return Forbidden(AddressCode.BAD_URL)
    try:
        parts = urlsplit(url)
    except ValueError:
        return Forbidden(AddressCode.BAD_URL)
    if parts.scheme not in _DEFAULT_PORTS:
        return Forbidden(AddressCode.SCHEME)
    if "@" in parts.netloc:
        return Forbidden(AddressCode.USER_IN_URL)
    written_out = url[len(parts.scheme) :].startswith("://")
    if not written_out or not (parts.path + parts.query).isascii():
        return Forbidden(AddressCode.BAD_URL)
    return parts


def _host(parts: SplitResult) -> str | None:
    """Return the host in lower-case ASCII, or None when its spelling is a trick."""
    netloc = parts.netloc
    if netloc.startswith("["):
        return _bracketed(netloc)
    name = netloc.partition(":")[0]
    if unicodedata.normalize("NFKC", name) != name or _has_foreign_digits(name):
        return None
    folded = name.lower()
    try:
        plain = folded.encode("idna").decode("ascii").lower()
        back = plain.encode("ascii").decode("idna")
    except UnicodeError:
        return None
    if not folded.isascii() and back != folded:
        return None
    return plain if _is_plain_name(plain) else None


def _has_foreign_digits(name: str) -> bool:
    return any(char.isdigit() and not char.isascii() for char in name)


def _bracketed(netloc: str) -> str | None:
    text, closed, rest = netloc[1:].partition("]")
    if not closed or (rest and not rest.startswith(":")) or "%" in text:
        return None
    try:
        return str(ipaddress.IPv6Address(text))
    except ValueError:
        return None


def _is_plain_name(host: str) -> bool:
    labels = host.split(".")
    if len(host) > _HOST_MAX_CHARS or not all(_LABEL.match(label) for label in labels):
        return False
    last = labels[-1]
    if len(labels) > 1 and (last.isalpha() or last.startswith("xn--")):
        return True
    try:  # whatever else ends like this, some program reads as an IPv4 number: only its plain form passes
        return str(ipaddress.IPv4Address(host)) == host
    except ValueError:
        return len(labels) == 1 and not _NUMBER_LIKE.match(last)


def _port(parts: SplitResult) -> int | None:
    netloc = parts.netloc
    after = netloc.rpartition("]")[2] if netloc.startswith("[") else netloc
    text = after.partition(":")[2]
    if ":" not in after:
        return _DEFAULT_PORTS[parts.scheme]
    if not re.fullmatch(r"[1-9][0-9]{0,4}", text, re.ASCII) or int(text) > _PORT_MAX:
        return None
    return int(text)


def _addresses(
    host: str, port: int, *, listed: bool, resolver: Callable[[str, int], list[str]]
) -> Address | Forbidden:
    literal = _literal(host)
    if literal is None and not listed and ("." not in host or host.endswith(".localhost")):
        return Forbidden(AddressCode.NOT_PUBLIC)
    texts = [str(literal)] if literal is not None else resolver(host, port)[:ADDRESSES_MAX]
    found = [address for text in texts if (address := _literal(text)) is not None]
    if not found or len(found) != len(texts):
        return Forbidden(AddressCode.UNKNOWN_HOST)
    fits = _may_be_listed if listed else is_public
    if not all(fits(address) for address in found):
        return Forbidden(AddressCode.NOT_PUBLIC)
    return found[0]


def _literal(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def system_resolver(host: str, port: int) -> list[str]:
    """Ask the system for a name's addresses; an empty list where it knows none."""
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [str(answer[4][0]) for answer in answers]
