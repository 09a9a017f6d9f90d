"""Every address of the program, walked out of the resolver, so that none can be forgotten by a matrix of callers.

A face of the program (API, console) lists for each of its addresses how it is tried; `uncovered` names those that are
in the resolver and not in the list, `stale` those that are in the list and gone from the resolver.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Address:
    """One address: its route as written in the urls, its name with namespaces, the names of its parameters."""

    route: str
    name: str
    parameters: tuple[str, ...]

    def path(self, **values: object) -> str:
        """Write the address with these parameters.

        >>> Address("api/v1/returns/<uuid:request_id>", "api:returns_card", ("request_id",)).path(request_id=7)
        '/api/v1/returns/7'
        """
        missing = set(self.parameters) - set(values)
        assert not missing, f"{self.route}: nothing given for {missing}"
        parts = []
        for part in self.route.split("<"):
            inside, closed, rest = part.partition(">")
            if not closed:
                parts.append(part)
                continue
            parts.append(str(values[inside.rpartition(":")[2]]) + rest)
        return "/" + "".join(parts)


def addresses(under: str = "") -> list[Address]:
    """List the addresses whose route begins with `under`, each once, in the order of the resolver."""
    found: dict[str, Address] = {}
    for address in _walk(get_resolver().url_patterns, "", ""):
        if address.route.startswith(under) and address.route not in found:
            found[address.route] = address
    return list(found.values())


def _walk(
    patterns: Collection[URLPattern | URLResolver], before: str, spaces: str
) -> Iterator[Address]:
    for each in patterns:
        route = before + str(each.pattern).lstrip("^")
        if isinstance(each, URLResolver):
            inner = f"{spaces}{each.namespace}:" if each.namespace else spaces
            yield from _walk(each.url_patterns, route, inner)
        else:
            names = tuple(each.pattern.converters) or tuple(each.pattern.regex.groupindex)
            yield Address(route, f"{spaces}{each.name or ''}", names)


def uncovered(under: str, listed: Collection[str]) -> list[str]:
    """Name the routes under `under` that no matrix entry tries."""
    return [address.route for address in addresses(under) if address.route not in listed]


def stale(under: str, listed: Collection[str]) -> list[str]:
    """Name the matrix entries whose address is gone."""
    known = {address.route for address in addresses(under)}
    return sorted(set(listed) - known)
