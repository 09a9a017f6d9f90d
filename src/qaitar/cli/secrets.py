"""`qaitar secrets reseal`: seals everything sealed in the database under the first key of QAITAR_ENCRYPTION_KEY."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qaitar.foundation.connections.resealing import secrets_reseal
from qaitar.foundation.connections.secrets import NoKey
from qaitar.runtime.problems import Problem

if TYPE_CHECKING:
    import argparse

    from qaitar.foundation.connections.resealing import Resealed
    from qaitar.runtime.folder import DataFolder


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare flags."""
    parser.add_argument("action", choices=["reseal"])
    parser.add_argument("--dry-run", action="store_true", help="count only, change nothing")
    parser.add_argument("--json", action="store_true", help="one JSON document")


def run(options: argparse.Namespace, folder: DataFolder) -> int:  # noqa: ARG001  a subcommand's signature
    """Seal again and report; exit code 1 when something could not be opened.

    Raises:
        Problem: no usable encryption key is set.
    """
    try:
        done = secrets_reseal(dry_run=options.dry_run)
    except NoKey as error:
        raise Problem(str(error)) from error
    if options.json:
        print(json.dumps({"dry_run": options.dry_run, **asdict(done)}, indent=2))
    else:
        print("\n".join(_lines(done, dry_run=options.dry_run)))
    return 1 if done.not_opened else 0


def _lines(done: Resealed, *, dry_run: bool) -> list[str]:
    counts = {
        "connections": done.connections,
        "webhooks": done.webhooks,
        "factors": done.second_factors,
        "keys": done.personal_keys,
    }
    message = (
        _(
            "To be sealed again: connections %(connections)d, webhooks %(webhooks)d, second factors %(factors)d, keys of "
            "customers' data %(keys)d."
        )
        if dry_run
        else _(
            "Sealed again: connections %(connections)d, webhooks %(webhooks)d, second factors %(factors)d, keys of "
            "customers' data %(keys)d."
        )
    )
    lost = [_("Not opened, its key is not set: %(row)s.") % {"row": row} for row in done.not_opened]
    return [message % counts, *lost]
