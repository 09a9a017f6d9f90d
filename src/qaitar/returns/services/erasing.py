"""Erasing a customer: what identifies the person goes, what the law wants kept (orders, sums, decisions) stays.

Emptied: name, phone, own words and every free text on cases (reason, refusal, what the marketplace and other systems answered,
notes and file names of evidence, the reason in what was approved), name, phone and the channel's id of the customer, the order's address,
words of search, stored bodies of incoming readings and refused rows of imports that name the person.  Destroyed: the keys of
the person's values in the journal.  Not touched: files given as evidence, which are documents of the case, files that orders
were imported from, what other systems hold, and answers remembered for repeated calls, which are removed after a week.
"""

from __future__ import annotations

import hmac
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from qaitar.foundation.approvals.erasing import reasons_empty
from qaitar.foundation.inbox.bodies import intakes_empty
from qaitar.foundation.journal.keys import journal_keys
from qaitar.foundation.journal.lines import JournalLine
from qaitar.foundation.journal.personal_models import ErasedPerson, PersonalKey
from qaitar.foundation.journal.personal_values import ERASED
from qaitar.foundation.journal.transition import Change, move
from qaitar.foundation.models import PlannedEffect, StoredFile
from qaitar.foundation.records.models import SearchKey
from qaitar.foundation.records.search import search_keys
from qaitar.kernel.ids import new_id
from qaitar.kernel.phones import normalise_phone
from qaitar.orders.services.erasing import (
    CustomerRows,
    customers_empty,
    customers_find,
    phones_known,
    rejections_empty,
)
from qaitar.returns.errors import CaseChanged
from qaitar.returns.models import Evidence, ReturnRequest
from qaitar.returns.services.case_change import held
from qaitar.returns.services.mirror_snapshot import without_words
from qaitar.returns.vocabulary import Stage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from qaitar.foundation.identity.actors import Actor

ACT: Final = "PERSON_ERASE"
_EMPTY: Final = dict.fromkeys(
    ("customer_name", "customer_phone", "customer_words", "reason_text", "pending_text"),
    "",
)


class PersonUnknown(Exception):
    """Nothing of this merchant names this phone."""


class PersonHasOpenCases(Exception):
    """Cases of the person are still open: their deadlines need the data.  Carries the numbers."""

    def __init__(self, numbers: Sequence[str]) -> None:
        """Carry the numbers of the open cases."""
        super().__init__(", ".join(numbers))
        self.numbers = tuple(numbers)


@dataclass(frozen=True, slots=True)
class Erased:
    """How many rows of each kind were (or would be) emptied or removed."""

    cases: int
    customers: int
    orders: int
    keys: int
    search_words: int
    bodies: int
    import_rows: int


@dataclass(frozen=True, slots=True)
class ErasureRequest:
    """Who is to be erased, why, by whom and when; `dry_run` counts only."""

    merchant_id: UUID
    phone: str
    ground: str
    by: Actor
    now: datetime
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class _Rows:
    cases: list[ReturnRequest]
    known: CustomerRows


def person_hash(secret: bytes, merchant_id: UUID, phone: str) -> str:
    """Hash a phone under a secret, so that a tombstone tells nobody who it was and can be recognised again."""
    return hmac.digest(secret, f"erased person\0{merchant_id}\0{phone}".encode(), "sha256").hex()


def person_erase(wanted: ErasureRequest) -> Erased:
    """Erase everybody at one merchant who is known by a phone, in the caller's transaction, behind the merchant's walls.

    Raises:
        PersonUnknown: nothing names the phone; nothing was changed.
        PersonHasOpenCases: see there; nothing was changed.
        CaseChanged: somebody acted in between; roll back and try again.
    """
    phone = normalise_phone(wanted.phone)
    if phone is None:
        raise PersonUnknown(wanted.phone)
    rows = _found(wanted.merchant_id, phone)
    if not (rows.cases or rows.known.customers):
        raise PersonUnknown(wanted.phone)
    still = [each.number for each in rows.cases if each.stage != Stage.CLOSED]
    if still:
        raise PersonHasOpenCases(still)
    erased = _emptied(wanted, rows, phone)
    if not wanted.dry_run:
        key = journal_keys()[0]
        ErasedPerson.objects.create(
            id=new_id(),
            merchant_id=wanted.merchant_id,
            person=person_hash(key.secret, wanted.merchant_id, phone),
            key_id=key.id,
            ground=wanted.ground[:300],
            erased_at=wanted.now,
            erased_by=wanted.by.name,
            counts=asdict(erased),
        )
    return erased


def _found(merchant_id: UUID, phone: str) -> _Rows:
    known = customers_find(merchant_id, phone)
    named = ReturnRequest.objects.filter(merchant_id=merchant_id)
    cases = named.filter(customer_phone=phone) | named.filter(order_id__in=known.orders)
    return _Rows(list(cases.order_by("pk").select_for_update()), known)


def _emptied(wanted: ErasureRequest, rows: _Rows, phone: str) -> Erased:
    ids = [each.pk for each in rows.cases]
    names = {each.customer_name for each in rows.cases} | rows.known.names
    words = SearchKey.objects.filter(
        subject_id__in=ids, key__in=search_keys([], phones=[phone], names=names)
    )
    keys = PersonalKey.objects.filter(subject_id__in=ids)
    numbers = [each.number for each in rows.cases] + list(rows.known.codes)
    counted = Erased(
        cases=len(rows.cases),
        customers=len(rows.known.customers),
        orders=len(rows.known.orders),
        keys=keys.count(),
        search_words=words.count(),
        bodies=intakes_empty(wanted.merchant_id, phone, numbers, dry_run=wanted.dry_run),
        import_rows=rejections_empty(
            wanted.merchant_id, phone, rows.known.codes, dry_run=wanted.dry_run
        ),
    )
    if wanted.dry_run:
        return counted
    keys.delete()  # before the line that says so: the key of its ground stays
    _cases_empty(rows.cases, wanted)
    words.delete()
    customers_empty(rows.known)
    return counted


def _cases_empty(cases: Sequence[ReturnRequest], wanted: ErasureRequest) -> None:
    line = JournalLine(
        act=ACT, at=wanted.now, by=wanted.by, after={"customer": "erased"}, why=wanted.ground[:300]
    )
    changes = [
        Change(held(each), {**_EMPTY, "mirror": without_words(each.mirror)}, line) for each in cases
    ]
    if len(move(ReturnRequest, changes)) != len(changes):
        raise CaseChanged
    ids = [each.pk for each in cases]
    _evidence_empty(ids)
    PlannedEffect.objects.filter(subject_id__in=ids).exclude(detail="").update(detail="")
    reasons_empty(ids)


def _evidence_empty(case_ids: Sequence[UUID]) -> None:
    """Remove notes and names of files; the files themselves are documents of the case."""
    for each in Evidence.objects.filter(request_id__in=case_ids):
        name = f"{ERASED}{Path(each.file_name).suffix}"
        Evidence.objects.filter(pk=each.pk).update(note="", file_name=name)
        StoredFile.objects.filter(pk=each.file_id).update(name=name)


def person_erase_again(merchant_id: UUID, by: Actor, now: datetime) -> list[Erased]:
    """Erase everybody a tombstone of this merchant names who is there again, as after a restore of an older backup.

    In the caller's transaction, behind the merchant's walls.  Open cases are left alone and stay to be erased.
    """
    done = []
    phones = _phones(merchant_id)
    secrets = {key.id: key.secret for key in journal_keys()}
    for grave in ErasedPerson.objects.filter(merchant_id=merchant_id).order_by("erased_at"):
        secret = secrets.get(grave.key_id)
        found = [
            phone
            for phone in phones
            if secret and hmac.compare_digest(person_hash(secret, merchant_id, phone), grave.person)
        ]
        for phone in found:
            phones.discard(phone)
            done.append(_again(ErasureRequest(merchant_id, phone, grave.ground, by, now)))
    return [each for each in done if each is not None]


def _again(wanted: ErasureRequest) -> Erased | None:
    try:
        return person_erase(wanted)
    except PersonHasOpenCases:
        return None


def _phones(merchant_id: UUID) -> set[str]:
    """List the phones of everybody a merchant knows."""
    phones = ReturnRequest.objects.filter(merchant_id=merchant_id).values_list(
        "customer_phone", flat=True
    )
    return {phone for phone in phones.iterator() if phone} | phones_known(merchant_id)
