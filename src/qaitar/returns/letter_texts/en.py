"""Letters in English.  Pure."""

from __future__ import annotations

from typing import Final

from qaitar.returns.letter_texts.kinds import LetterKind, Line, Template

_SUBJECT: Final[Line] = "Return request no. {request_number}"
_HEAD: Final[tuple[Line, ...]] = (
    (
        "Order number in 1C: {erp_order}",
        "Order number on the marketplace: {marketplace_order} (order not found in 1C)",
        "The order was not found in 1C.",
    ),
    (
        "Customer: {customer_name}, {customer_phone}",
        "Customer: {customer_name}. The marketplace does not show the phone.",
        "Customer's phone: {customer_phone}",
        "The marketplace shows neither name nor phone, please look the customer up by the order number.",
    ),
    "Goods: {product_name}",
    ("Reason for return on Kaspi: {reason_text}", "The request states no reason."),
    "Customer's words: {customer_words}",
)
_QUOTE: Final[Line] = "When writing by e-mail, please state the order number and the matter."
_TO_SUPPORT: Final = "to {support_mailbox}"
_CENTRES: Final[Line] = "Authorised service centres: {service_centres}"
_DEAR: Final[Line] = ("Hello, {customer_name}!", "Hello!")
_CONDITIONS: Final[Line] = (
    (
        "Goods in good order may be returned within {window_days} calendar days of receipt if they were not used "
        "and their look, consumer properties, seals and labels are kept. A lost receipt does not bar the return if "
        "the purchase can be proved otherwise."
    ),
    (
        "Goods in good order may be returned within the term set by law if they were not used and their look, "
        "consumer properties, seals and labels are kept. A lost receipt does not bar the return if the purchase can "
        "be proved otherwise."
    ),
)
_IN_CABINET: Final = "Requests are filed and money is returned through your Kaspi account only. "

TEXTS: Final[dict[LetterKind, Template]] = {
    LetterKind.TICKET_PROPER: Template(
        _SUBJECT,
        (
            *_HEAD,
            "Please contact the customer and explain the conditions for returning goods in good order.",
            (
                f"{{?photos_missing}}Photos of the goods and the box are needed: please have them sent {_TO_SUPPORT} by {{deadline}}.",
                "{?photos_missing}Photos of the goods and the box are needed: please attach them to this ticket by {deadline}.",
                f"{{?photos_missing}}Photos of the goods and the box are needed: please have them sent {_TO_SUPPORT}.",
                "{?photos_missing}Photos of the goods and the box are needed: please attach them to this ticket.",
            ),
            _QUOTE,
            (
                "{?photos_missing}If the photos do not arrive by {deadline}, we shall have to refuse the request.",
                "An answer is needed by {deadline}: after that the marketplace decides by itself.",
            ),
        ),
    ),
    LetterKind.TICKET_DEFECTIVE: Template(
        _SUBJECT,
        (
            *_HEAD,
            "Please contact the customer and explain that an authorised service centre has to confirm the defect.",
            (
                f"Once there is an act, please have it sent {_TO_SUPPORT} by {{deadline}}.",
                "Once there is an act, please attach it to this ticket by {deadline}.",
                f"Once there is an act, please have it sent {_TO_SUPPORT}.",
                "Once there is an act, please attach it to this ticket.",
            ),
            "An irreparability act and a technical-condition act with the service centre's signature and stamp are needed.",
            _CENTRES,
            _QUOTE,
        ),
    ),
    LetterKind.TICKET_DAMAGE: Template(
        _SUBJECT,
        (
            *_HEAD,
            (
                "The customer reports mechanical damage. Please contact the customer and find out when the damage was "
                "noticed and whether the packaging was damaged."
            ),
            (
                f"Photos of the damage and the packaging: please have them sent {_TO_SUPPORT} by {{deadline}}.",
                "Photos of the damage and the packaging: please attach them to this ticket by {deadline}.",
                f"Photos of the damage and the packaging: please have them sent {_TO_SUPPORT}.",
                "Photos of the damage and the packaging: please attach them to this ticket.",
            ),
            (
                "{?act_needed}More than two days have passed since receipt: a technical-condition act with the service "
                "centre's signature and stamp is needed."
            ),
            "{?act_needed}Authorised service centres: {service_centres}",
            "A senior approves the decision; please promise the customer nothing before that.",
            _QUOTE,
        ),
    ),
    LetterKind.TICKET_DIFFERENT: Template(
        _SUBJECT,
        (
            *_HEAD,
            "The customer says that other goods came. Please contact the customer and find out what exactly came.",
            (
                f"Photos of the goods, the packaging and the label: please have them sent {_TO_SUPPORT} by {{deadline}}.",
                "Photos of the goods, the packaging and the label: please attach them to this ticket by {deadline}.",
                f"Photos of the goods, the packaging and the label: please have them sent {_TO_SUPPORT}.",
                "Photos of the goods, the packaging and the label: please attach them to this ticket.",
            ),
            _QUOTE,
        ),
    ),
    LetterKind.TICKET_NOT_RECEIVED: Template(
        _SUBJECT,
        (
            *_HEAD,
            (
                "The customer says that the goods never came. Please contact the customer and find out who was to "
                "receive the order and where, and whether somebody else received it."
            ),
            "An answer is needed by {deadline}.",
        ),
    ),
    LetterKind.TICKET_SERVICE_CENTRE: Template(
        "Technical-condition act needed, request no. {request_number}",
        (
            "Please send the technical-condition act for return no. {request_number}.",
            "Goods: {product_name}",
            "Serial number: {serial}",
            "Customer: {customer_name}",
            "The act must carry the service centre's signature and stamp; the customer's signature is optional.",
            (
                f"Please send the act {_TO_SUPPORT} by {{deadline}}.",
                f"Please send the act {_TO_SUPPORT}.",
                "Please answer this letter with the act by {deadline}.",
                "Please answer this letter with the act.",
            ),
        ),
    ),
    LetterKind.TICKET_REOPEN: Template(
        "Reopening of return request no. {request_number}",
        (
            *_HEAD,
            (
                "The customer has provided a RURMA quality-check act. Please contact the customer and ask them to call "
                "Kaspi support so that the return request is opened again."
            ),
            "This has to be done by {deadline}.",
        ),
    ),
    LetterKind.NEWS_ACCEPTED: Template(
        "",
        (
            (
                "Request no. {request_number} is accepted: the goods are being collected for inspection. The "
                "marketplace returns the money after the inspection."
            ),
            "Planned arrival: {planned_arrival}.",
        ),
    ),
    LetterKind.NEWS_REFUSED: Template(
        "", ("Request no. {request_number} is refused.", "Reason: {refusal_text}")
    ),
    LetterKind.NEWS_REFUNDED: Template(
        "", ("Request no. {request_number} is closed: the marketplace has returned the money.",)
    ),
    LetterKind.NEWS_DISPUTED: Template(
        "",
        (
            "The customer disputes request no. {request_number}, the marketplace will decide.",
            "The marketplace has to be answered by {deadline}.",
        ),
    ),
    LetterKind.NEWS_DISPUTE_WON: Template(
        "", ("The dispute on request no. {request_number} was decided for the seller. Closed.",)
    ),
    LetterKind.NEWS_DISPUTE_LOST: Template(
        "", ("The dispute on request no. {request_number} was decided for the customer. Closed.",)
    ),
    LetterKind.NEWS_REOPENED: Template(
        "", ("The marketplace has opened request no. {request_number} again, work goes on.",)
    ),
    LetterKind.NEWS_WITHDRAWN: Template(
        "", ("The customer has withdrawn request no. {request_number}, no call is needed.",)
    ),
    LetterKind.NEWS_NEVER_ARRIVED: Template(
        "", ("The goods of request no. {request_number} never came, the request is closed.",)
    ),
    LetterKind.MAIL_PROPER: Template(
        ("Return of order {marketplace_order}", "Return of goods"),
        (
            _DEAR,
            _CONDITIONS,
            _IN_CABINET
            + "Please file a return request there and attach photos of the goods and the packaging.",
        ),
    ),
    LetterKind.MAIL_DEFECTIVE: Template(
        ("Return of order {marketplace_order}", "Return of goods"),
        (
            _DEAR,
            "Please tell us the reason for the return: what exactly does not work and when you noticed it.",
            (
                "To confirm the defect, please turn to an authorised service centre: it will examine the goods and "
                "issue an act."
            ),
            _CENTRES,
            _IN_CABINET
            + "Please file a return request there once you have the act, and attach the act.",
        ),
    ),
    LetterKind.CUSTOMER_ACCEPTED: Template(
        _SUBJECT,
        (
            _DEAR,
            (
                "We have accepted your return request no. {request_number}. Please hand the goods over in the way shown "
                "in the request in the Kaspi app. We decide about the money after the inspection."
            ),
        ),
    ),
    LetterKind.CUSTOMER_REFUSED: Template(
        _SUBJECT,
        (
            _DEAR,
            "Return request no. {request_number} has been refused.",
            "Reason: {refusal_text}",
        ),
    ),
    LetterKind.CUSTOMER_REFUNDED: Template(
        _SUBJECT,
        (_DEAR, "The refund for request no. {request_number} is granted. Kaspi returns the money."),
    ),
    LetterKind.REFUSAL_NO_ANSWER: Template(
        "",
        (
            (
                (
                    "We asked the customer to contact us and to send photos or documents by {deadline}; they did not "
                    "come in time."
                ),
                "We asked the customer to contact us and to send photos or documents; they did not come in time.",
            ),
            "The request may be filed again with them attached.",
        ),
    ),
    LetterKind.REFUSAL_SENT_FOR_ACT: Template(
        "",
        (
            (
                "The customer was advised to turn to an authorised service centre to confirm the defect. The request "
                "may be filed again with the act attached."
            ),
            _CENTRES,
        ),
    ),
    LetterKind.REFUSAL_NOT_RETURNABLE: Template(
        "",
        (
            (
                "In good order these goods are on the list of goods that may not be exchanged or returned (article 30 of "
                "the Law of Kazakhstan on consumer protection)."
            ),
        ),
    ),
    LetterKind.REFUSAL_WINDOW_PASSED: Template(
        "",
        (
            (
                "The term for a claim on these goods ended on {last_day}, the request was filed later.",
                "The term for a claim on these goods ended before the request was filed.",
            ),
        ),
    ),
    LetterKind.REFUSAL_USED_OR_INCOMPLETE: Template(
        "",
        (
            (
                "Goods in good order may be returned if look, consumer properties, completeness, seals and labels are "
                "kept. Here they are not."
            ),
            "What was found: {findings}",
        ),
    ),
    LetterKind.REFUSAL_DAMAGE_BY_CUSTOMER: Template(
        "",
        (
            "The mechanical damage happened after the goods were handed to the customer.",
            "What was found: {findings}",
        ),
    ),
    LetterKind.REFUSAL_DIFFERENT_GOODS_CAME: Template(
        "", ("The goods returned are not the goods sold.", "What was found: {findings}")
    ),
    LetterKind.REFUSAL_DEFECT_NOT_CONFIRMED: Template(
        "",
        (
            "The quality check did not confirm the defect.",
            "What was found: {findings}",
        ),
    ),
    LetterKind.REFUSAL_UNTRUE_REASON: Template(
        "",
        (
            (
                "The stated reason “{reason_text}” was not confirmed.",
                "The stated reason was not confirmed.",
            ),
            "What was found: {findings}",
        ),
    ),
    LetterKind.REFUSAL_NOT_GIVEN: Template(
        "", ("The refusal was made in the marketplace's cabinet; no reason was given.",)
    ),
}
