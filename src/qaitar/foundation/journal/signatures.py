"""Signatures (HMAC-SHA256) of journal lines and of the head of each chain: pure.

A line's hash covers what the line says and the hash before it; its signature covers that hash and every other column.
A head says where a chain ends, so that a removed last line shows.  `place`, the order of writing, is given by the
database while it writes and is covered by neither.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qaitar.foundation.journal.lines import canonical

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class JournalKey:
    """A key that signs: its id, stored beside each signature, and its secret of 32 bytes."""

    id: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class LineColumns:
    """The columns of a line that its hash does not cover, and the hash itself."""

    id: UUID
    merchant_id: UUID
    subject_kind: str
    subject_id: UUID
    seq: int
    request_ref: str
    hash: bytes


@dataclass(frozen=True, slots=True)
class HeadColumns:
    """Where a chain ends: the number and the hash of its last line."""

    merchant_id: UUID
    subject_kind: str
    subject_id: UUID
    seq: int
    hash: bytes


def line_signature(secret: bytes, line: LineColumns) -> bytes:
    """Sign a line."""
    columns = [
        str(line.id),
        str(line.merchant_id),
        line.subject_kind,
        str(line.subject_id),
        line.seq,
        line.request_ref,
        line.hash.hex(),
    ]
    return _signed(secret, b"line", columns)


def head_signature(secret: bytes, head: HeadColumns) -> bytes:
    """Sign the end of a chain."""
    columns = [
        str(head.merchant_id),
        head.subject_kind,
        str(head.subject_id),
        head.seq,
        head.hash.hex(),
    ]
    return _signed(secret, b"head", columns)


def anchor_signature(secret: bytes, text: str) -> bytes:
    """Sign the words of an anchor."""
    return _signed(secret, b"anchor", [text])


def _signed(secret: bytes, kind: bytes, columns: Sequence[object]) -> bytes:
    return hmac.digest(secret, kind + b"\0" + canonical(columns), "sha256")
