"""`qaitar reduce-recordings`: leaves of stored recordings of the cabinet only what may be kept (no cookies, headers, pages)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from qaitar.flows.take_cabinet import stored_reduce
from qaitar.foundation.models import MerchantKey
from qaitar.foundation.tenancy.walls import see

if TYPE_CHECKING:
    import argparse

    from qaitar.runtime.folder import DataFolder


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare no flags of its own."""


def run(options: argparse.Namespace, folder: DataFolder) -> int:  # noqa: ARG001  a subcommand's signature
    """Reduce every merchant's recordings, one a transaction; a second run finds nothing to do."""
    looked = reduced = freed = 0
    for merchant_id in MerchantKey.objects.values_list("pk", flat=True):
        while True:
            with transaction.atomic():
                see([merchant_id])
                done = stored_reduce()
            if done is None:
                break
            looked, reduced, freed = looked + 1, reduced + bool(done), freed + done
    print(
        _("%(looked)d recordings looked at, %(reduced)d reduced, %(freed)d bytes removed.")
        % {"looked": looked, "reduced": reduced, "freed": freed}
    )
    return 0
