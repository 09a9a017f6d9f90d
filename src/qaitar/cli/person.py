"""`qaitar person`: erases what identifies a customer, and erases again after an older backup was restored."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.db import transaction
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from qaitar.foundation.identity.actors import Actor
from qaitar.foundation.journal.personal_models import ErasedPerson
from qaitar.foundation.models import Merchant, MerchantKey
from qaitar.foundation.ops.clock import utc_now
from qaitar.foundation.tenancy.walls import see
from qaitar.kernel.roles import Role
from qaitar.returns.services.erasing import (
    ErasureRequest,
    PersonHasOpenCases,
    PersonUnknown,
    person_erase,
    person_erase_again,
)
from qaitar.runtime.problems import Problem

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from qaitar.returns.services.erasing import Erased
    from qaitar.runtime.folder import DataFolder

FILE: Final = "erased-persons.jsonl"  # in the data folder: outlives a restore of an older database
_COPIED: Final = ("merchant_id", "id", "person", "key_id", "ground", "erased_by", "counts")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare flags."""
    parser.add_argument(
        "action",
        choices=("erase", "erase-again"),
        help="erase: one person; erase-again: everybody erased before who is there again after a restore",
    )
    parser.add_argument("--phone", default="", help="by which the person is known")
    parser.add_argument(
        "--merchant", default="", help="name of the merchant; may be left out with one"
    )
    parser.add_argument(
        "--ground", default="", help="why: request and date, as kept in the journal"
    )
    parser.add_argument(
        "--file", help=f"list of people erased before (default: {FILE} of the data folder)"
    )
    parser.add_argument("--dry-run", action="store_true", help="count only, change nothing")
    parser.add_argument("--json", action="store_true", help="one JSON document")


def run(options: argparse.Namespace, folder: DataFolder) -> int:
    """Do it and report.

    Raises:
        Problem: something is missing, nobody is known by the phone, or cases of the person are open.
    """
    path = Path(options.file) if options.file else folder.path / FILE
    if options.action == "erase-again":
        return _again(options, path, folder.path / FILE)
    erased = _erase(options)
    if not options.dry_run:
        graves_keep(folder.path / FILE)
    _say(options, [erased])
    return 0


def _erase(options: argparse.Namespace) -> Erased:
    if not options.ground.strip() or not options.phone.strip():
        raise Problem(_("Give the phone (--phone) and the ground (--ground)."))
    with transaction.atomic():
        merchant_id = _merchant(options.merchant)
        see([merchant_id])
        wanted = ErasureRequest(
            merchant_id,
            options.phone,
            options.ground.strip(),
            _operator(),
            utc_now(),
            dry_run=options.dry_run,
        )
        try:
            return person_erase(wanted)
        except PersonUnknown:
            raise Problem(_("Nobody is known here by this phone; nothing was changed.")) from None
        except PersonHasOpenCases as error:
            raise Problem(
                _(
                    "Close these requests first, their dates need the data: %(numbers)s. Nothing was changed."
                )
                % {"numbers": ", ".join(error.numbers)}
            ) from None


def _operator() -> Actor:
    return Actor(None, "Qaitar", Role.SYSTEM, "cli")


def _merchant(name: str) -> UUID:
    see(MerchantKey.objects.values_list("pk", flat=True))
    found = Merchant.objects.filter(
        merchant_id__in=MerchantKey.objects.filter(practice_of=None).values("pk")
    )
    named = list((found.filter(name=name) if name else found).values_list("pk", flat=True)[:2])
    if len(named) != 1:
        raise Problem(_("Say which merchant: --merchant with its exact name."))
    return named[0]


def _again(options: argparse.Namespace, path: Path, file: Path) -> int:
    done: list[Erased] = []
    added = _graves_read(path)
    for merchant_id in MerchantKey.objects.order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            see([merchant_id])
            for each in added:
                if each["merchant_id"] == merchant_id:
                    ErasedPerson.objects.get_or_create(id=each["id"], defaults=each)
            done += person_erase_again(merchant_id, _operator(), utc_now())
            transaction.set_rollback(options.dry_run)
    if not options.dry_run:
        graves_keep(file)
    _say(options, done)
    return 0


def _graves_read(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
        return [_grave(row) for row in rows]
    except (ValueError, KeyError, TypeError) as error:
        raise Problem(f"The list of erased people {path} cannot be read: {error}") from error


def _grave(row: dict[str, Any]) -> dict[str, Any]:
    moment = parse_datetime(row["erased_at"])
    if moment is None:
        raise ValueError(row["erased_at"])
    ids = {name: UUID(row[name]) for name in ("merchant_id", "id")}
    return {**{name: row[name] for name in _COPIED}, **ids, "erased_at": moment}


def graves_keep(path: Path) -> int:
    """Write everybody erased so far to a file, together with what the file already says; returns how many."""
    known = {str(each["id"]): each for each in _graves_read(path)}
    for merchant_id in MerchantKey.objects.order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            see([merchant_id])
            for row in ErasedPerson.objects.order_by("erased_at").values(*_COPIED, "erased_at"):
                known[str(row["id"])] = row
    draft = path.with_suffix(".draft")
    draft.write_text("".join(f"{_written(row)}\n" for row in known.values()), encoding="utf-8")
    draft.chmod(0o600)
    draft.replace(path)
    return len(known)


def _written(row: dict[str, Any]) -> str:
    ids = {name: str(row[name]) for name in ("merchant_id", "id")}
    return json.dumps({**row, **ids, "erased_at": row["erased_at"].isoformat()}, ensure_ascii=False)


def _say(options: argparse.Namespace, done: Iterable[Erased]) -> None:
    documents = [asdict(each) for each in done]
    if options.json:
        print(json.dumps({"dry_run": options.dry_run, "erased": documents}, indent=2))
        return
    for each in documents:
        message = (
            _(
                "To be erased: requests %(cases)d, customers %(customers)d, orders %(orders)d, keys %(keys)d, bodies %(bodies)d, rows of imports %(import_rows)d."
            )
            if options.dry_run
            else _(
                "Erased: requests %(cases)d, customers %(customers)d, orders %(orders)d, keys %(keys)d, bodies %(bodies)d, rows of imports %(import_rows)d."
            )
        )
        print(message % each)
    if not documents:
        print(_("Nobody to be erased again."))
