"""Takes phones, cards, tokens and control characters out of what is about to be logged.  Pure.

Numbers people here work with stay readable: IIN and BIN, barcodes, orders, requests, tracking codes,
UUIDs, IMEI.  So a number is hidden by its form, never merely for being long.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qaitar.foundation.identity.token_forms import CODE_LENGTH, CODE_LETTERS, TOKEN_PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping

HIDDEN = "[hidden]"
TEXT_MAX_CHARS = 16_384
DEPTH_MAX = 6
ITEMS_MAX = 200
_CUT = "…[cut]"

_SECRET_KEY = re.compile(
    r"(?i)(authorization|auth[-_]?token|token|secret|passw|api[-_]?key|access[-_]?key|private[-_]?key"
    r"|signature|cookie|session[-_]?(id|key)|credential|csrf|(^|[_-])otp([_-]|$)|whsec|^auth$|^pin$|^cvv|^cvc)"
)
_PHONE_KEY = re.compile(r"(?i)(phone|msisdn|mobile|^tel$|whatsapp|телефон)")

# <name><: or =><value>, as in headers, queries, JSON (also JSON inside JSON) and settings
_NAMED_SECRET = re.compile(
    r"(?i)((?:authorization|auth[-_]?token|token|secret|password|passwd|api[-_]?key|access[-_]?key"
    r"|private[-_]?key|signature|session[-_]?id|otp)\\?[\"']?\s{0,4}(?:=>|[:=])\s{0,4})"
    r"(?:\\\"[^\"]*\"|\"[^\"]*\"|'[^']*'"
    r"|(?:(?:Bearer|Basic|Token|Digest)\s+)?(?:v1a?,)?[^\s\"'&,;<>}\]]+)"
)
_COOKIES = re.compile(r"(?i)((?:set-)?cookie\\?[\"']?\s{0,4}[:=]\s{0,4})[^\r\n]+")
_SHAPED_SECRETS = re.compile(
    r"(?i:\b(?:Bearer|Basic)\s+)[A-Za-z0-9._~+/=-]{8,}"
    r"|\bwh(?:sec|sk|pk)_[A-Za-z0-9+/=_-]{8,}"
    rf"|(?<![A-Za-z0-9])(?:qaitar_|{TOKEN_PREFIX})[A-Za-z0-9_-]{{12,}}"
    # a pairing code; four letters at least (one code in 200 000 has fewer), so that numbers stay readable
    rf"|(?<![A-Za-z0-9])(?=(?:[2-9]{{0,12}}[A-Z]){{4}})[{CODE_LETTERS}]{{{CODE_LENGTH}}}(?![A-Za-z0-9])"
    r"|\b(?:sk|pk|rk)_(?:live|test)_[A-Za-z0-9]{8,}"
    r"|\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*"
    r"|\bAKIA[0-9A-Z]{16}\b|\bAIza[0-9A-Za-z_-]{30,}|\bgh[pousr]_[A-Za-z0-9]{30,}|\bya29\.[\w-]{10,}"
    r"|\b\d{8,10}:[A-Za-z0-9_-]{34,36}\b"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
)
_URL_USER = re.compile(r"(?<=://)[^\s/@:]{1,256}:[^\s/@]{1,256}(?=@)")

_GAP = r"[ \u00a0\u2007\u2009\u202f-]"
_CARD = re.compile(
    rf"(?<![\w.])(?:\d{{13,19}}|\d{{4}}({_GAP})\d{{4}}\1\d{{4}}\1\d{{1,4}}(?:\1\d{{1,3}})?"
    rf"|\d{{4}}({_GAP})\d{{6}}\2\d{{4,5}}|\d{{8}}{_GAP}\d{{8}}|\d(?:{_GAP}\d){{12,18}})(?![\w])"
)
_CARD_ISSUERS = {
    13: re.compile(r"4"),
    14: re.compile(r"30[0-5]|3[68]"),
    15: re.compile(r"3[47]"),
    16: re.compile(
        r"4|5[0-8]|2(?:2[2-9]|[3-6]|7[01]|720)|220[0-4]|35|3[068]|6|8[126]|9860|9417|9112|9704"
    ),
}
_LONG_CARD_ISSUERS = re.compile(r"4|5[0-8]|220[0-4]|6|35|3[068]|8[126]|9860")
_GS1_LENGTHS = frozenset({13, 14, 18})  # EAN, GTIN of a case or a postal code, SSCC of a pallet

_DASH = r"[ \u00a0\u2009.\u2010-\u2015-]"
_PHONE = re.compile(
    # +7 and ten digits however spaced; 8 or 7 with a separated area code; eleven or ten digits in one
    rf"(?<![\w+])\+7(?:{_DASH}?[()]?{_DASH}?\d){{10}}(?!\d)"
    rf"|(?<![\w+.-])[78]{_DASH}?\(\d{{3,5}}\){_DASH}?\d{{1,3}}(?:{_DASH}?\d{{2}}){{2}}(?![\d-])"
    rf"|(?<![\w+.-])[78]{_DASH}\d{{3}}{_DASH}\d{{3}}{_DASH}?\d{{2}}{_DASH}?\d{{2}}(?![\d-])"
    rf"|(?<![\w+.-])\(?[79]\d{{2}}\)?{_DASH}\d{{3}}{_DASH}\d{{2}}{_DASH}\d{{2}}(?![\d-])"
    r"|(?<![\w+.-])[78][3479]\d{9}(?![\w-])"
    r"|(?<![\w+.-])7(?:0[0-8]|47|5[01]|6[0-4]|7[1-8])\d{7}(?![\w-])"
)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def scrub(text: str) -> str:
    """Return the text without secrets, cards, phones and characters that could forge a log line.

    >>> scrub("card 4111 1111 1111 1111 of +7 701 123-45-67, order 301234567")
    'card 411111******1111 of [phone *67], order 301234567'
    >>> scrub("Authorization: Bearer abcdefgh12345678")
    'Authorization: [hidden]'
    """
    short = text if len(text) <= TEXT_MAX_CHARS else text[:TEXT_MAX_CHARS] + _CUT
    clean = _URL_USER.sub(HIDDEN, short)
    clean = _COOKIES.sub(lambda found: found[1] + HIDDEN, clean)
    clean = _NAMED_SECRET.sub(lambda found: found[1] + HIDDEN, clean)
    clean = _SHAPED_SECRETS.sub(HIDDEN, clean)
    clean = mask_cards(clean)
    clean = _PHONE.sub(_masked_phone, clean)
    return plain(clean)


def plain(text: str) -> str:
    """Spell control characters and direction marks out, so that one record stays one line.

    >>> len(plain("a" + chr(10) + "b" + chr(27) + "[31m"))
    12
    """
    return _CONTROL.sub(_spelled, text)


def _spelled(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")


def mask_cards(text: str) -> str:
    """Hide bank card numbers but for the first six and last four digits, other numbers untouched.

    >>> mask_cards("5555-5555-5555-4444, EAN 4870001234567")
    '555555******4444, EAN 4870001234567'
    """
    return _CARD.sub(_masked_card, text)


def _masked_card(found: re.Match[str]) -> str:
    digits = "".join(str(int(char)) for char in found[0] if char.isdigit())
    if not is_card(digits):
        return found[0]
    return f"{digits[:6]}{'*' * (len(digits) - 10)}{digits[-4:]}"


def is_card(digits: str) -> bool:
    """Tell whether ASCII digits are a bank card number: issuer, length and Luhn's check.

    A number of barcode length with a right barcode check digit is taken for a barcode.
    """
    issuers = _CARD_ISSUERS.get(len(digits), _LONG_CARD_ISSUERS)
    if not issuers.match(digits) or _luhn(digits) != 0:
        return False
    return not (len(digits) in _GS1_LENGTHS and _gs1(digits) == 0)


def _luhn(digits: str) -> int:
    total = 0
    for at, char in enumerate(reversed(digits)):
        value = int(char) * (1 + at % 2)
        total += value - 9 if value > 9 else value  # noqa: PLR2004  two digits are added up
    return total % 10


def _gs1(digits: str) -> int:
    return sum(int(char) * (3 if at % 2 else 1) for at, char in enumerate(reversed(digits))) % 10


def _masked_phone(found: re.Match[str]) -> str:
    return f"[phone *{''.join(char for char in found[0] if char.isdigit())[-2:]}]"


def scrub_value(value: object, key: str = "", depth: int = 0) -> object:
    """Return a value of any shape fit for the log; `key` is the name it stands under.

    Numbers that look like a phone or a card come back as masked text.  What is nested too deep or too
    wide is cut with a mark.

    >>> scrub_value({"X-Auth-Token": "abc", "iin": "900101300123", "cellPhone": 7011234567})
    {'X-Auth-Token': '[hidden]', 'iin': '900101300123', 'cellPhone': '[phone *67]'}
    """
    if value is None or isinstance(value, bool | float):
        return value
    if key and _SECRET_KEY.search(key):
        return HIDDEN
    if depth > DEPTH_MAX:
        return _CUT
    if isinstance(value, dict):
        return _scrubbed_mapping(value, depth)
    if isinstance(value, list | tuple | set | frozenset):
        return [scrub_value(item, key, depth + 1) for item in list(value)[:ITEMS_MAX]]
    return _scrubbed_leaf(value, key)


def _scrubbed_mapping(value: Mapping[object, object], depth: int) -> dict[str, object]:
    pairs = list(value.items())[:ITEMS_MAX]
    return {scrub(str(name)): scrub_value(item, str(name), depth + 1) for name, item in pairs}


def _scrubbed_leaf(value: object, key: str) -> object:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    if _PHONE_KEY.search(key):
        digits = "".join(char for char in text if char.isdigit())
        return f"[phone *{digits[-2:]}]" if len(digits) >= 10 else scrub(text)  # noqa: PLR2004  a national number
    clean = scrub(text)
    if isinstance(value, int) and clean == text:
        return value
    return clean
