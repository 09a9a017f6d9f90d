"""What an approval is for, where it stands, and the digest that ties it to what was approved.  Pure."""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

FORM: Final = 1
"""Version of the form of what is hashed; a change of the form ends every approval given before it."""


class Purpose(StrEnum):
    """What an approval is for.  One given for one purpose serves no other."""

    DAMAGE = "DAMAGE"  # goods reported as mechanically damaged (step 1x)
    SUM = "SUM"  # the sum is above the merchant's limit, or was corrected across it
    GOODS_DIFFER = "GOODS_DIFFER"  # what came back is not what was sold
    EXCEPTION = (
        "EXCEPTION"  # evidence the rules want is missing, or a person wants a second opinion
    )
    REFUND = "REFUND"
    BANK_TRANSFER = "BANK_TRANSFER"
    UNKNOWN_SETTLED = "UNKNOWN_SETTLED"  # a payment whose outcome the provider does not tell


class ApprovalState(StrEnum):
    """Where an approval stands.  REFUSED and VOIDED are final."""

    REQUESTED = "REQUESTED"
    GIVEN = "GIVEN"
    REFUSED = "REFUSED"
    VOIDED = "VOIDED"  # something it covers has changed, or it was asked for anew


def covered_sha256(covered: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what an approval covers, as canonical JSON; a value that is absent equals null.

    >>> covered_sha256({"sum_minor": 100, "reason": None}) == covered_sha256({"sum_minor": 100})
    True
    >>> covered_sha256({"b": 1, "a": [2]}) == covered_sha256({"a": [2], "b": 1})
    True
    >>> covered_sha256({"sum_minor": 100}) == covered_sha256({"sum_minor": 101})
    False
    """
    text = json.dumps(
        _without_null(covered), ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    return hashlib.sha256(text.encode()).hexdigest()


def _without_null(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_without_null(each) for each in value]
    if not hasattr(value, "items"):
        return value
    return {name: _without_null(each) for name, each in value.items() if each is not None}
