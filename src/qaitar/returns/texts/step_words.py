"""What each step of the procedure says and why, in the reader's language: beside the buttons and in the guide.

Keyed by the operator's own step number.  A step of `procedure.PROCEDURE` without its words fails a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class StepWords:
    """A step in words: what the procedure says to do, and why it says so."""

    says: Promise
    why: Promise


STEP_WORDS: Final[Mapping[str, StepWords]] = MappingProxyType(
    {
        "1-2": StepWords(
            _(
                "Read the reason and the photos, find the order, ask the customer through the call centre with a date; write the register line."
            ),
            _(
                "Without an answer nobody knows whether the goods may be taken back; the date lets the request be refused in time."
            ),
        ),
        "1x": StepWords(
            _(
                "Mechanical damage and sums above the limit go to a senior. Reported within a day: straight away; after two days: with the technical-condition act."
            ),
            _(
                "Damage after hand-over is not the seller's to pay for; one person alone should not decide that it was there before."
            ),
        ),
        "3a": StepWords(
            _(
                "Refuse before the control date: nobody answered, documents are missing, or the customer was sent to the service centre for an act and will file again."
            ),
            _(
                "When the control date passes in silence, the marketplace accepts the request for the seller."
            ),
        ),
        "3b-6": StepWords(
            _(
                "Documents are there or the conditions are met: take the goods for inspection, make the return order with the planned date, attach the files."
            ),
            _(
                "The date in the ERP must equal the date of the marketplace, or the warehouse waits on the wrong day. The carrier is filled in by the ERP itself."
            ),
        ),
        "3c": StepWords(
            _(
                "The marketplace accepted the request by itself: the return order is made and the goods are awaited."
            ),
            _("Nobody answered by the control date; the goods come all the same and must be met."),
        ),
        "7": StepWords(
            _(
                "The goods are at our point and the cabinet shows “Awaiting decision”: inspect them and compare with what was sold."
            ),
            _("From here three days run; silence means the refund is granted."),
        ),
        "7x": StepWords(
            _("The planned arrival is over and nothing came: the request is closed."),
            _("No goods, no refund; the line must not stay open for ever."),
        ),
        "8": StepWords(
            _("The goods are what was sold and the act is there: grant the refund in the cabinet."),
            _("The marketplace returns the money itself; the seller sends none."),
        ),
        "8a": StepWords(
            _(
                "What came back is not what was sold, or the defect is not confirmed: refuse with the true reason and photos."
            ),
            _("The customer may dispute a refusal; only a true and proven reason is upheld."),
        ),
        "8x": StepWords(
            _("After inspection a doubtful return goes to a senior once more."),
            _("Damage seen only at inspection was not approved before."),
        ),
        "9": StepWords(
            _(
                "The cabinet shows the refund: the request is closed, the customer told, the register line closed."
            ),
            _("A granted refund is not yet a done one: it is done when it is seen."),
        ),
        "9a": StepWords(
            _(
                "The refusal is shown in the cabinet and the time to file again is over, or a newer filing took over: close."
            ),
            _("Until then the customer may still come back with the act or open a dispute."),
        ),
        "D": StepWords(
            _("The customer opened a dispute: five working days to answer begin."),
            _("An unanswered dispute is decided for the customer."),
        ),
        "D1": StepWords(
            _("Send the evidence: photos, acts, letters, each confirmed by a person."),
            _("The marketplace decides by what both sides showed, not by who was right."),
        ),
        "D2": StepWords(
            _("A senior may concede: the refund is granted."),
            _("A dispute that cannot be won costs rating and time."),
        ),
        "D3": StepWords(
            _("Write down what the marketplace decided."),
            _("Won and lost disputes show which reasons hold."),
        ),
        "D4": StepWords(
            _(
                "The customer brought a quality-check act (RURMA) after a refusal: the call centre asks them to have the marketplace reopen the request."
            ),
            _("Only the customer can have a refused request reopened."),
        ),
        "D5": StepWords(
            _("The marketplace reopened the request: it is new again, with its whole history."),
            _("The act the customer has brought may change the decision."),
        ),
        "W": StepWords(
            _("The customer withdrew before handing the goods over: close."),
            _("A withdrawn request has no control date any more."),
        ),
        "K": StepWords(
            _("The marketplace decided without us: write it down and close."),
            _("The money is gone; the reports must show why."),
        ),
    }
)
