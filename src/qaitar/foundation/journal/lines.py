"""The journal's line and its hash chain: pure, so that anybody can check a chain without the program."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from uuid import UUID

    from qaitar.foundation.identity.actors import Actor
    from qaitar.foundation.models import JournalEntry

GENESIS = bytes(32)


@dataclass(frozen=True, slots=True)
class JournalLine:
    """What is to be written about one change: act, before and after, why.

    `why_quotes` says that `why` repeats words from outside (of a customer, a marketplace, another system): they may name a
    person and are encrypted as what a person typed is.  It is no part of the hash.
    """

    act: str
    at: datetime
    by: Actor
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""
    why_quotes: bool = False


def canonical(value: Any) -> bytes:
    """Write JSON the one way the hash is taken over: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def chain_hash(prev: bytes, subject_id: UUID, seq: int, line: JournalLine) -> bytes:
    """Take the SHA-256 over the previous hash and everything this line says."""
    content = [
        str(subject_id),
        seq,
        line.at.isoformat(timespec="microseconds"),
        line.by.user_id,
        line.by.name,
        line.by.role.value,
        line.by.channel,
        line.act,
        dict(line.before),
        dict(line.after),
        line.why,
    ]
    return hashlib.sha256(prev + canonical(content)).digest()


def stored_hash(prev: bytes, entry: JournalEntry) -> bytes:
    """Take the same hash over a stored entry, to compare with what it claims."""
    content = [
        str(entry.subject_id),
        entry.seq,
        entry.at.isoformat(timespec="microseconds"),
        entry.actor_id,
        entry.actor_name,
        entry.actor_role,
        entry.channel,
        entry.act,
        entry.before,
        entry.after,
        entry.why,
    ]
    return hashlib.sha256(prev + canonical(content)).digest()


def first_break(entries: Iterable[JournalEntry]) -> int | None:
    """Find the first `seq` at which a case's chain (given from its start, in order) does not hold; None if it holds."""
    prev, expected = GENESIS, 1
    for entry in entries:
        claimed = bytes(entry.hash)
        if (
            entry.seq != expected
            or bytes(entry.prev_hash) != prev
            or stored_hash(prev, entry) != claimed
        ):
            return expected
        prev, expected = claimed, expected + 1
    return None
