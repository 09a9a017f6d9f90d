"""Verifies chains of the journal: every line's words and signature, the order, and that each chain ends where its head says.

Lines and heads are read as two streams in the order of subjects, so memory does not grow with the journal.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING

from qaitar.foundation.journal.lines import GENESIS, stored_hash
from qaitar.foundation.journal.signatures import (
    HeadColumns,
    LineColumns,
    head_signature,
    line_signature,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from uuid import UUID

    from qaitar.foundation.journal.head_model import JournalHead
    from qaitar.foundation.models import JournalEntry


class JournalFault(StrEnum):
    """What can be wrong with a chain, in the words of the command."""

    MISSING = "lines before it are missing"
    NOT_CONTINUED = "it does not continue the line before it"
    WORDS = "its words were changed: they do not give its hash"
    UNSIGNED = "it has no signature under a key known here"
    SIGNATURE = "it was not written by the program: its signature does not hold"
    NO_HEAD = "nothing says where the chain ends: its head is missing"
    HEAD_SIGNATURE = (
        "the head of the chain was not written by the program: its signature does not hold"
    )
    CUT = "the last lines were removed after it"
    REMOVED = "the whole chain was removed"
    HEAD_DIFFERS = "the head of the chain is of another line"


@dataclass(frozen=True, slots=True)
class JournalCheck:
    """One fault: whose chain, at which line (0: the chain as a whole), and what is wrong."""

    merchant_id: UUID
    subject_kind: str
    subject_id: UUID
    seq: int
    fault: JournalFault


@dataclass(slots=True)
class Checking:
    """One pass over chains.  Without keys (`None`) signatures are not looked at, only words, order and ends."""

    keys: Mapping[str, bytes] | None
    chains: int = 0
    broken: set[UUID] = field(default_factory=set)

    def faults(
        self, entries: Iterable[JournalEntry], heads: Iterable[JournalHead]
    ) -> Iterator[JournalCheck]:
        """Verify lines ordered by subject and `seq` against heads ordered by subject."""
        ends = iter(heads)
        end = next(ends, None)
        for subject_id, chain in groupby(entries, key=lambda entry: entry.subject_id):
            while end is not None and end.subject_id < subject_id:
                yield from self._noted([_of_head(end, 0, JournalFault.REMOVED)])
                end = next(ends, None)
            mine = end if end is not None and end.subject_id == subject_id else None
            if mine is not None:
                end = next(ends, None)
            yield from self._noted(self._chain(chain, mine))
        while end is not None:
            yield from self._noted([_of_head(end, 0, JournalFault.REMOVED)])
            end = next(ends, None)

    def _noted(self, found: Iterable[JournalCheck]) -> Iterator[JournalCheck]:
        self.chains += 1
        for each in found:
            self.broken.add(each.subject_id)
            yield each

    def _chain(
        self, chain: Iterable[JournalEntry], head: JournalHead | None
    ) -> Iterator[JournalCheck]:
        prev, seq, entry = GENESIS, 0, None
        for entry in chain:
            for fault in self._line(entry, prev, seq):
                yield JournalCheck(
                    entry.merchant_id, entry.subject_kind, entry.subject_id, entry.seq, fault
                )
            prev, seq = bytes(entry.hash), entry.seq
        assert entry is not None, "a group holds one line at least"
        if head is None:
            if self.keys is not None:
                yield JournalCheck(
                    entry.merchant_id,
                    entry.subject_kind,
                    entry.subject_id,
                    seq,
                    JournalFault.NO_HEAD,
                )
            return
        for fault in self._end(head, seq, prev):
            yield _of_head(head, seq, fault)

    def _line(self, entry: JournalEntry, prev: bytes, seq: int) -> Iterator[JournalFault]:
        if entry.seq != seq + 1:
            yield JournalFault.MISSING
        elif bytes(entry.prev_hash) != prev:
            yield JournalFault.NOT_CONTINUED
        if stored_hash(bytes(entry.prev_hash), entry) != bytes(entry.hash):
            yield JournalFault.WORDS
        if self.keys is None:
            return
        secret = self.keys.get(entry.key_id)
        if secret is None or entry.mac is None:
            yield JournalFault.UNSIGNED
        elif not hmac.compare_digest(line_signature(secret, _columns(entry)), bytes(entry.mac)):
            yield JournalFault.SIGNATURE

    def _end(self, head: JournalHead, seq: int, last: bytes) -> Iterator[JournalFault]:
        if self.keys is not None:
            secret = self.keys.get(head.key_id)
            claimed = HeadColumns(
                head.merchant_id, head.subject_kind, head.subject_id, head.seq, bytes(head.hash)
            )
            if secret is None or head_signature(secret, claimed) != bytes(head.mac):
                yield JournalFault.HEAD_SIGNATURE
        if head.seq > seq:
            yield JournalFault.CUT
        elif head.seq < seq or bytes(head.hash) != last:
            yield JournalFault.HEAD_DIFFERS


def _columns(entry: JournalEntry) -> LineColumns:
    return LineColumns(
        entry.pk,
        entry.merchant_id,
        entry.subject_kind,
        entry.subject_id,
        entry.seq,
        entry.request_ref,
        bytes(entry.hash),
    )


def _of_head(head: JournalHead, seq: int, fault: JournalFault) -> JournalCheck:
    return JournalCheck(head.merchant_id, head.subject_kind, head.subject_id, seq, fault)
