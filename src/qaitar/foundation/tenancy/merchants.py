"""A merchant's own settings: name, IIN or BIN, language, time zone, mailbox, service centres; each change is journalled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfoNotFoundError

from qaitar.foundation.identity.actors import require_role
from qaitar.foundation.journal.lines import JournalLine
from qaitar.foundation.journal.settings_journal import differences, setting_note
from qaitar.foundation.models import Merchant
from qaitar.kernel.identifiers import UnreadableNumber, checked_iin_bin
from qaitar.kernel.roles import MANAGERS
from qaitar.kernel.zones import zone

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from qaitar.foundation.identity.actors import Actor

JOURNAL_KIND: Final = "merchant"
LANGUAGES: Final = ("ru", "kk", "en")
CENTRES_MAX: Final = 50
CENTRE_CHARS_MAX: Final = 300
INN_LENGTHS: Final = frozenset({10, 12})
"""Russian taxpayers: ten digits for a company, twelve for a person in business."""


class MerchantProblem(ValueError):
    """A merchant cannot be kept as entered: a stable code and the field it is about."""

    def __init__(self, code: str, field_name: str) -> None:
        """Carry both."""
        super().__init__(code)
        self.code = code
        self.field_name = field_name


class MerchantMissing(Exception):
    """These walls hold no such merchant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MerchantEntry:
    """What people set about a merchant.  Country and currency are chosen once: sums kept so far are in it."""

    name: str
    iin_bin: str = ""
    language: str = "ru"
    zone: str = "Asia/Almaty"
    support_mailbox: str = ""
    service_centres: tuple[str, ...] = ()


def merchant_update(*, merchant_id: UUID, entry: MerchantEntry, by: Actor, now: datetime) -> bool:
    """Change a merchant's settings; return whether anything differed.

    Raises:
        RoleNotAllowed: the role may not; nothing was written.
        MerchantMissing: these walls hold no such merchant.
        MerchantProblem: NAME_MISSING, IIN_BIN_WRONG, INN_WRONG, LANGUAGE_UNKNOWN, ZONE_UNKNOWN, CENTRES_TOO_MANY,
            CENTRE_TOO_LONG; nothing was written.
    """
    require_role(by, MANAGERS)
    merchant = Merchant.objects.select_for_update().filter(pk=merchant_id).first()
    if merchant is None:
        raise MerchantMissing(str(merchant_id))
    columns, centres = _checked(entry, merchant.country), _centres(entry)
    present = merchant.settings.get("service_centres", [])
    before = {**{name: getattr(merchant, name) for name in columns}, "service_centres": present}
    was, becomes = differences(before, {**columns, "service_centres": centres})
    if not becomes:
        return False
    settings = {**merchant.settings, "service_centres": centres}
    Merchant.objects.filter(pk=merchant.pk).update(**columns, settings=settings)
    line = JournalLine(act="MERCHANT_CHANGE", at=now, by=by, before=was, after=becomes)
    setting_note(merchant_id=merchant.pk, subject_id=merchant.pk, kind=JOURNAL_KIND, line=line)
    return True


def _checked(entry: MerchantEntry, country: str) -> Mapping[str, Any]:
    name = " ".join(entry.name.split())
    if not name:
        raise MerchantProblem("NAME_MISSING", "name")
    if entry.language not in LANGUAGES:
        raise MerchantProblem("LANGUAGE_UNKNOWN", "language")
    try:
        zone(entry.zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise MerchantProblem("ZONE_UNKNOWN", "zone") from error
    return {
        "name": name[:200],
        "iin_bin": _tax_number(entry.iin_bin.strip(), country),
        "language": entry.language,
        "zone": entry.zone,
        "support_mailbox": entry.support_mailbox.strip(),
    }


def _tax_number(text: str, country: str) -> str:
    """Return the number people are taxed under; the check digit is known for Kazakhstan's."""
    if not text:
        return ""
    if country != "KZ":
        if not text.isascii() or not text.isdigit() or len(text) not in INN_LENGTHS:
            raise MerchantProblem("INN_WRONG", "iin_bin")
        return text
    try:
        return checked_iin_bin(text)
    except UnreadableNumber as error:
        raise MerchantProblem("IIN_BIN_WRONG", "iin_bin") from error


def _centres(entry: MerchantEntry) -> list[str]:
    centres = [" ".join(each.split()) for each in entry.service_centres]
    centres = [each for each in dict.fromkeys(centres) if each]
    if len(centres) > CENTRES_MAX:
        raise MerchantProblem("CENTRES_TOO_MANY", "service_centres")
    if any(len(each) > CENTRE_CHARS_MAX for each in centres):
        raise MerchantProblem("CENTRE_TOO_LONG", "service_centres")
    return centres
