"""`qaitar check-journal`: verifies the hash chain of every case; exit code 1 when one is broken."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from django.db import transaction

from qaitar.foundation.journal import first_break
from qaitar.foundation.models import JournalEntry, MerchantKey
from qaitar.foundation.walls import see

if TYPE_CHECKING:
    import argparse

    from qaitar.runtime.folder import DataFolder


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare no flags of its own."""


def run(options: argparse.Namespace, folder: DataFolder) -> int:  # noqa: ARG001  a subcommand's signature
    """Walk every merchant's cases in order."""
    checked = broken = 0
    for merchant_id in MerchantKey.objects.values_list("pk", flat=True):
        with transaction.atomic():
            see([merchant_id])
            entries = JournalEntry.objects.order_by("subject_id", "seq").iterator(chunk_size=5_000)
            for subject_id, chain in groupby(entries, key=lambda entry: entry.subject_id):
                checked += 1
                at = first_break(chain)
                if at is not None:
                    broken += 1
                    print(f"case {subject_id}: the chain does not hold from line {at}")
    print(f"{checked} cases checked, {broken} broken")
    return 1 if broken else 0
