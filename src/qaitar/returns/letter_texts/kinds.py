"""Which letters exist and how a template is written.  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class LetterKind(StrEnum):
    """Every text that leaves the house."""

    TICKET_PROPER = "TICKET_PROPER"  # call centre, good quality (step 1)
    TICKET_DEFECTIVE = "TICKET_DEFECTIVE"  # call centre, defect (step 1)
    TICKET_DAMAGE = "TICKET_DAMAGE"  # call centre, mechanical damage (step 1x)
    TICKET_DIFFERENT = "TICKET_DIFFERENT"  # call centre, not what was ordered
    TICKET_NOT_RECEIVED = "TICKET_NOT_RECEIVED"  # call centre, customer says: never got it
    TICKET_SERVICE_CENTRE = "TICKET_SERVICE_CENTRE"  # service centre, missing act (step 6)
    TICKET_REOPEN = "TICKET_REOPEN"  # call centre, RURMA act (step D)

    NEWS_ACCEPTED = "NEWS_ACCEPTED"  # comments in the call centre's ticket
    NEWS_REFUSED = "NEWS_REFUSED"
    NEWS_REFUNDED = "NEWS_REFUNDED"
    NEWS_DISPUTED = "NEWS_DISPUTED"
    NEWS_DISPUTE_WON = "NEWS_DISPUTE_WON"
    NEWS_DISPUTE_LOST = "NEWS_DISPUTE_LOST"
    NEWS_REOPENED = "NEWS_REOPENED"
    NEWS_WITHDRAWN = "NEWS_WITHDRAWN"
    NEWS_NEVER_ARRIVED = "NEWS_NEVER_ARRIVED"

    MAIL_PROPER = "MAIL_PROPER"  # customer wrote by e-mail, good quality (step M)
    MAIL_DEFECTIVE = "MAIL_DEFECTIVE"  # customer wrote by e-mail, defect (step M)
    CUSTOMER_ACCEPTED = "CUSTOMER_ACCEPTED"
    CUSTOMER_REFUSED = "CUSTOMER_REFUSED"
    CUSTOMER_REFUNDED = "CUSTOMER_REFUNDED"

    REFUSAL_NO_ANSWER = "REFUSAL_NO_ANSWER"  # the reason written in the marketplace
    REFUSAL_SENT_FOR_ACT = "REFUSAL_SENT_FOR_ACT"
    REFUSAL_NOT_RETURNABLE = "REFUSAL_NOT_RETURNABLE"
    REFUSAL_WINDOW_PASSED = "REFUSAL_WINDOW_PASSED"
    REFUSAL_USED_OR_INCOMPLETE = "REFUSAL_USED_OR_INCOMPLETE"
    REFUSAL_DAMAGE_BY_CUSTOMER = "REFUSAL_DAMAGE_BY_CUSTOMER"
    REFUSAL_DIFFERENT_GOODS_CAME = "REFUSAL_DIFFERENT_GOODS_CAME"
    REFUSAL_DEFECT_NOT_CONFIRMED = "REFUSAL_DEFECT_NOT_CONFIRMED"
    REFUSAL_UNTRUE_REASON = "REFUSAL_UNTRUE_REASON"
    REFUSAL_NOT_GIVEN = "REFUSAL_NOT_GIVEN"


Line = str | tuple[str, ...]
"""One paragraph, or several wordings of it: the first whose fields are all known is used, none known leaves it out.

`{name}` is replaced by a field, `{?name}` only asks that the field is known.
"""


@dataclass(frozen=True, slots=True)
class Template:
    """A letter before its fields are filled in; marketplace texts have no subject."""

    subject: Line
    body: tuple[Line, ...]
