"""Reads from a file's name what it most likely shows, so that nobody has to choose; a person may choose otherwise.  Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from qaitar.returns.vocabulary import EvidenceKind

if TYPE_CHECKING:
    from collections.abc import Collection

AUTO: Final = "AUTO"
_SIGNS: Final[tuple[tuple[EvidenceKind, re.Pattern[str]], ...]] = (
    (EvidenceKind.QUALITY_CHECK_ACT, re.compile(r"rurma|рурма|провер\w* качеств")),
    (EvidenceKind.IRREPARABILITY_ACT, re.compile(r"(^|[^а-я])нрп([^а-я]|$)|неремонт|irrepar|gsis")),
    (
        EvidenceKind.TECHNICAL_ACT,
        re.compile(r"(акт|act)\W*тех|тех\w*\W*сост|technical|(^|[^а-я])атс([^а-я]|$)"),
    ),
    (EvidenceKind.HANDOVER_ACT, re.compile(r"при[её]м\w*\W*передач|hand-?over")),
    (EvidenceKind.UNPACKING, re.compile(r"распаковк|unpack")),
    (EvidenceKind.PHOTO_PACKAGING, re.compile(r"упаковк|короб|packag|box")),
    (EvidenceKind.PHOTO_DAMAGE, re.compile(r"поврежд|скол|царап|дефект|damage|defect")),
    (EvidenceKind.PHOTO_GOODS, re.compile(r"товар|goods|product")),
)
_PHOTOS: Final = (
    EvidenceKind.PHOTO_GOODS,
    EvidenceKind.PHOTO_PACKAGING,
    EvidenceKind.PHOTO_DAMAGE,
)
_PAPERS: Final = (
    EvidenceKind.IRREPARABILITY_ACT,
    EvidenceKind.TECHNICAL_ACT,
    EvidenceKind.QUALITY_CHECK_ACT,
    EvidenceKind.HANDOVER_ACT,
)


def kind_of(name: str, mime: str, missing: Collection[EvidenceKind]) -> EvidenceKind:
    """Tell what a file most likely shows: by its name, else the first missing thing such a file can be.

    >>> kind_of("Акт НРП 1187.pdf", "application/pdf", ())
    <EvidenceKind.IRREPARABILITY_ACT: 'IRREPARABILITY_ACT'>
    >>> kind_of("IMG_2041.jpg", "image/jpeg", {EvidenceKind.PHOTO_PACKAGING})
    <EvidenceKind.PHOTO_PACKAGING: 'PHOTO_PACKAGING'>
    """
    if mime.startswith("video/"):
        return EvidenceKind.VIDEO
    folded = name.casefold()
    for kind, signs in _SIGNS:
        if signs.search(folded):
            return kind
    picture = mime.startswith("image/")
    fitting = (*_PHOTOS, *_PAPERS) if picture else _PAPERS
    fallback = EvidenceKind.PHOTO_GOODS if picture else EvidenceKind.OTHER
    return next((kind for kind in fitting if kind in missing), fallback)
