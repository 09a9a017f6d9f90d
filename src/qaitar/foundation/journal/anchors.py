"""Anchors: a signed line that says what the whole journal was at a moment, to be kept away from the database.

A chain's head shows that a last line was removed.  Who removes a chain with its head, or puts an older state of both back,
leaves nothing in the database to see it by: an anchor kept elsewhere does.

An anchor covers the lines up to a place in the order of writing at which no line was on its way, so that it can be taken
anew at any later time: by merchant and subject the number and signature of the last line, and how many lines there are.
"""

from __future__ import annotations

import hmac
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from django.db import connection, transaction

from qaitar.foundation.journal.keys import journal_key_secrets, journal_keys
from qaitar.foundation.journal.signatures import anchor_signature
from qaitar.foundation.models import JournalEntry, MerchantKey
from qaitar.foundation.tenancy.walls import see

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FILE: Final = "journal-anchors.txt"  # in the data folder
FETCHED: Final = 5_000
_FORM: Final = re.compile(
    r"qaitar-journal-anchor 1 (?P<at>\S+) place=(?P<place>\d+) chains=(?P<chains>\d+) lines=(?P<lines>\d+)"
    r" digest=(?P<digest>[0-9a-f]{64}) key=(?P<key>[0-9a-f]{16}) mac=(?P<mac>[0-9a-f]{64})"
)


class NotAnAnchor(Exception):
    """A line is no anchor of this program."""


@dataclass(frozen=True, slots=True)
class Totals:
    """What the journal up to a place comes to."""

    chains: int
    lines: int
    digest: str


@dataclass(frozen=True, slots=True)
class Anchor:
    """One anchor: when, up to which place, what it came to, and who signed it."""

    at: datetime
    place: int
    totals: Totals
    key_id: str
    mac: str

    @property
    def words(self) -> str:
        """Give what is signed."""
        moment = self.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        found = self.totals
        return (
            f"qaitar-journal-anchor 1 {moment} place={self.place} chains={found.chains} lines={found.lines}"
            f" digest={found.digest}"
        )

    @property
    def text(self) -> str:
        """Give the whole line."""
        return f"{self.words} key={self.key_id} mac={self.mac}"


def anchor_make(now: datetime) -> Anchor:
    """Say what the journal is now.

    Raises:
        NoKey: no usable key is set.
        OperationalError: writers did not pause for a moment within the time-out; ask again later.
    """
    key, place = journal_keys()[0], _settled_place()
    words = Anchor(now, place, journal_totals(place), key.id, "")
    mac = anchor_signature(key.secret, words.words).hex()
    return Anchor(now, place, words.totals, key.id, mac)


def anchor_read(text: str) -> Anchor:
    """Read a line.

    Raises:
        NotAnAnchor: it is none.
    """
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise NotAnAnchor(text.strip()[:80])
    at = datetime.strptime(found["at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    totals = Totals(int(found["chains"]), int(found["lines"]), found["digest"])
    return Anchor(at, int(found["place"]), totals, found["key"], found["mac"])


def anchor_is_signed(anchor: Anchor) -> bool:
    """Tell whether an anchor was made by this installation, under one of its keys."""
    secret = journal_key_secrets().get(anchor.key_id)
    return secret is not None and hmac.compare_digest(
        anchor_signature(secret, anchor.words).hex(), anchor.mac
    )


def journal_totals(place: int) -> Totals:
    """Take what the lines up to a place come to, as they are now; the journal is read once, as a stream."""
    chains = lines = 0
    digest = sha256()
    for merchant_id in MerchantKey.objects.order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL statement_timeout = 0")
            see([merchant_id])
            covered = JournalEntry.objects.filter(place__lte=place)
            lines += covered.count()
            last = covered.order_by("subject_id", "-seq").distinct("subject_id")
            rows = last.values_list("subject_id", "seq", "mac")
            for subject_id, seq, mac in rows.iterator(FETCHED):
                chains += 1
                digest.update(
                    merchant_id.bytes
                    + subject_id.bytes
                    + seq.to_bytes(4, "big")
                    + bytes(mac or b"")
                )
    return Totals(chains, lines, digest.hexdigest())


def _settled_place() -> int:
    """Find the place below which every line is committed or never will be.

    Whoever writes a line writes the chain's head in the same statement; while the table of heads is locked none is on
    its way.  The lock is held for one read of a number.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '5s'")
        cursor.execute("LOCK TABLE foundation_journalhead IN SHARE MODE")
        cursor.execute("SELECT last_value, is_called FROM foundation_journal_place")
        last, called = cursor.fetchone()
    return int(last) if called else 0


def anchors_load(folder: Path) -> list[Anchor]:
    """Read the anchors of a data folder, the oldest first.

    Raises:
        NotAnAnchor: a line of the file is none.
    """
    path = folder / FILE
    if not path.exists():
        return []
    return anchors_read(path.read_text(encoding="ascii", errors="replace").splitlines())


def anchors_read(texts: Sequence[str]) -> list[Anchor]:
    """Read lines, leaving out empty ones.  Errors as `anchor_read`."""
    return [anchor_read(text) for text in texts if text.strip()]


def anchor_keep(folder: Path, anchor: Anchor) -> None:
    """Add an anchor to the file of the data folder, durably."""
    handle = os.open(folder / FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(handle, (anchor.text + "\n").encode("ascii"))
        os.fsync(handle)
    finally:
        os.close(handle)


def anchor_daily(folder: Path, now: datetime) -> Anchor | None:
    """Make and keep the anchor of the day; None when the day has one.  Errors as `anchor_make`."""
    anchors = anchors_load(folder)
    if anchors and anchors[-1].at.date() >= now.astimezone(UTC).date():
        return None
    made = anchor_make(now)
    anchor_keep(folder, made)
    return made
