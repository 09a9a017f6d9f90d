"""Reads 1C's `$metadata`: which objects are published, with which attributes of which types.

The document is tens of megabytes on УТ 11, so it is walked element by element and only names and
types are kept; what was read is remembered by the document's hash.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO

from lxml import etree

from qaitar.connectors.onec.answers import ADDRESS_HOW, OneCTrouble
from qaitar.connectors.onec.facts import TYPE_PREFIX
from qaitar.contracts.outcome import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qaitar.connectors.onec.session import OneCSession

_EDM = "{http://schemas.microsoft.com/ado/2009/11/edm}"
_TYPES = (f"{_EDM}EntityType", f"{_EDM}ComplexType")
_SETS = f"{_EDM}EntitySet"
_FUNCTIONS = f"{_EDM}FunctionImport"
_DATA = "{http://schemas.microsoft.com/ado/2007/06/edmx}Edmx"
CACHED_DOCUMENTS_MAX = 8

BLOBS_A = "InformationRegister_ДвоичныеДанныеФайлов"
BLOBS_B = "Catalog_ХранилищеДвоичныхДанных"
LINKS_B = "InformationRegister_ХранилищеФайлов"
PRESENCE = "InformationRegister_НаличиеФайлов"


class NotMetadata(Exception):
    """The document is not a readable EDMX of the interface."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """Names and types of what is published.

    `sets` maps a resource to its type's name, `types` a type's name to its attributes and their Edm
    types, `actions` lists (resource, action) pairs such as (`Document_X`, `Post`).
    """

    sha256: str
    sets: Mapping[str, str]
    types: Mapping[str, Mapping[str, str]] = field(repr=False)
    actions: frozenset[tuple[str, str]] = frozenset()

    def publishes(self, resource: str) -> bool:
        """Tell whether the resource is in the composition of the interface."""
        return resource in self.sets

    def attributes(self, resource: str) -> Mapping[str, str]:
        """Return attribute → Edm type of a resource; nothing for an unpublished one."""
        return self.types.get(self.sets.get(resource, ""), {})

    def row_attributes(self, resource: str, section: str) -> Mapping[str, str]:
        """Return attribute → Edm type of the rows of a tabular section."""
        kind = self.attributes(resource).get(section, "")
        inner = kind.removeprefix("Collection(").removesuffix(")").removeprefix(TYPE_PREFIX)
        return self.types.get(inner, {})

    @property
    def file_generation(self) -> str:
        """Tell how attached files keep their content: "A", "B", or nothing when neither is published.

        A base that has both keeps new files the newer way.
        """
        if self.publishes(BLOBS_B) and self.publishes(LINKS_B):
            return "B"
        return "A" if self.publishes(BLOBS_A) else ""


def read_metadata(stream: BinaryIO, sha256: str = "") -> Metadata:
    """Walk an EDMX document, keeping memory flat whatever its size.

    Raises:
        NotMetadata: it is not XML, or holds no published object and no schema of 1C.
    """
    sets: dict[str, str] = {}
    types: dict[str, dict[str, str]] = {}
    actions: set[tuple[str, str]] = set()
    root = ""
    try:
        walk = etree.iterparse(stream, events=("end",), resolve_entities=False, no_network=True)
        for _, element in walk:
            root = str(element.tag)
            if element.tag in _TYPES:
                types[str(element.get("Name"))] = _properties(element)
            elif element.tag == _SETS:
                kind = str(element.get("EntityType"))
                sets[str(element.get("Name"))] = kind.removeprefix(TYPE_PREFIX)
            elif element.tag == _FUNCTIONS:
                actions.add((str(element.get("EntitySetPath")), str(element.get("Name"))))
            else:
                continue
            _forget(element)
    except etree.XMLSyntaxError as error:
        raise NotMetadata(f"not XML: {error.msg}") from error
    if root != _DATA:
        raise NotMetadata(f"not an EDMX document but <{root}>")
    return Metadata(sha256, sets, types, frozenset(actions))


def _properties(element: etree._Element) -> dict[str, str]:
    return {
        str(child.get("Name")): str(child.get("Type"))
        for child in element
        if child.tag == f"{_EDM}Property"
    }


def _forget(element: etree._Element) -> None:
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


class MetadataCache:
    """Remembers read metadata by document hash, and which hash a publication had how long ago.

    One is meant to be kept by a process; it holds nothing that cannot be read again.
    """

    def __init__(self, ttl_s: float = 3600, clock: Callable[[], float] = time.monotonic) -> None:
        """Trust an answer for `ttl_s` seconds of `clock`."""
        self._ttl_s = ttl_s
        self._clock = clock
        self._read: dict[str, Metadata] = {}
        self._seen: dict[str, tuple[str, float]] = {}

    def get(
        self, publication: str, session: OneCSession, *, fresh: bool = False
    ) -> Metadata | OneCTrouble:
        """Return the metadata of a publication, asking it when nothing fresh is remembered."""
        sha256, read_at = self._seen.get(publication, ("", 0.0))
        if not fresh and sha256 in self._read and self._clock() - read_at < self._ttl_s:
            return self._read[sha256]
        body = session.metadata()
        if isinstance(body, OneCTrouble):
            return body
        sha256 = hashlib.sha256(body).hexdigest()
        if sha256 not in self._read:
            try:
                metadata = read_metadata(BytesIO(body), sha256)
            except NotMetadata as error:
                return OneCTrouble(Misconfigured(f"$metadata cannot be read: {error}", ADDRESS_HOW))
            if len(self._read) >= CACHED_DOCUMENTS_MAX:
                self._read.clear()
            self._read[sha256] = metadata
        self._seen[publication] = (sha256, self._clock())
        return self._read[sha256]
