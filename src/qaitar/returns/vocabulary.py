"""The words of the return procedure, used by every other file of this area.  Pure."""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """Where our own work on the request stands."""

    NEW = "NEW"  # step 0: came in, nobody has acted
    WAITING_CUSTOMER = (
        "WAITING_CUSTOMER"  # steps 1-2 done: call centre asked, register line written
    )
    WAITING_APPROVAL = (
        "WAITING_APPROVAL"  # step 1x: mechanical damage, sum or exception waits for a senior
    )
    IN_DELIVERY = "IN_DELIVERY"  # steps 3-6: accepted for inspection, goods on their way
    ARRIVED = "ARRIVED"  # step 7: goods at our point, decision awaited
    REFUND_GRANTED = "REFUND_GRANTED"  # step 8: decided, waiting for the marketplace to show it
    REFUSED = "REFUSED"  # step 3: refused; the customer may still file again or dispute
    DISPUTED = "DISPUTED"  # step D
    CLOSED = "CLOSED"  # step 9: nothing more will happen


class Act(StrEnum):
    """What a person or the program may do to a request."""

    ASK_CUSTOMER = "ASK_CUSTOMER"  # 1-2: ticket to the call centre and a register line
    SEND_FOR_APPROVAL = "SEND_FOR_APPROVAL"  # 1x
    APPROVE = "APPROVE"  # 1x, by a senior
    DECLINE = "DECLINE"  # 1x, by a senior: approval not given
    TAKE_FOR_INSPECTION = "TAKE_FOR_INSPECTION"  # 3: "Получить товар на проверку"
    REFUSE = "REFUSE"  # 3 and 8: "Отказать в возврате", with a reason
    NOTE_ACCEPTED = "NOTE_ACCEPTED"  # 3: accepted for inspection by the marketplace itself: silence past the control date
    NOTE_ARRIVAL = "NOTE_ARRIVAL"  # 7
    GRANT_REFUND = "GRANT_REFUND"  # 8: "Оформить возврат", also conceding a dispute
    NOTE_REFUND_DONE = "NOTE_REFUND_DONE"  # 9: the mirror shows the refund
    NOTE_DISPUTE = "NOTE_DISPUTE"  # D: the customer disputes a refusal
    SEND_DISPUTE_EVIDENCE = "SEND_DISPUTE_EVIDENCE"  # D: evidence pack handed over
    NOTE_DISPUTE_WON = "NOTE_DISPUTE_WON"  # D: decided for the seller
    NOTE_DISPUTE_LOST = "NOTE_DISPUTE_LOST"  # D: decided for the customer
    ASK_TO_REOPEN = (
        "ASK_TO_REOPEN"  # D: RURMA act; call centre asks the customer to call the marketplace
    )
    NOTE_REOPENED = "NOTE_REOPENED"  # D: the marketplace reopened the refused request
    NOTE_WITHDRAWN = "NOTE_WITHDRAWN"  # the customer withdrew before handing the goods over
    NOTE_NEVER_ARRIVED = "NOTE_NEVER_ARRIVED"  # the goods did not come
    NOTE_MARKETPLACE_DECIDED = (
        "NOTE_MARKETPLACE_DECIDED"  # the marketplace decided for the customer by itself
    )
    CLOSE_REFUSED = (
        "CLOSE_REFUSED"  # the time to file again or dispute has passed, or a new attempt took over
    )


class Quality(StrEnum):
    """Quality class of the claim, decided from the reason, photos and the customer's words."""

    UNKNOWN = "UNKNOWN"
    PROPER = "PROPER"
    DEFECTIVE = "DEFECTIVE"
    MECHANICAL_DAMAGE = "MECHANICAL_DAMAGE"
    DIFFERENT_GOODS = "DIFFERENT_GOODS"  # the customer says: not what was ordered
    NOT_RECEIVED = "NOT_RECEIVED"  # the customer says: never got it


class RefusalReason(StrEnum):
    """Why we refuse; each has a true, grounded text for the marketplace."""

    NO_ANSWER = "NO_ANSWER"  # nobody answered, or no documents by the control date
    SENT_FOR_ACT = "SENT_FOR_ACT"  # sent to the service centre; file again with the act
    NOT_RETURNABLE = "NOT_RETURNABLE"  # the law's list of goods not returnable in good order
    WINDOW_PASSED = "WINDOW_PASSED"  # later than the law or the seller allows
    USED_OR_INCOMPLETE = "USED_OR_INCOMPLETE"  # look, seals or completeness not kept
    DAMAGE_BY_CUSTOMER = "DAMAGE_BY_CUSTOMER"  # mechanical damage after hand-over, not approved
    DIFFERENT_GOODS_CAME = "DIFFERENT_GOODS_CAME"  # what came back is not what was sold
    DEFECT_NOT_CONFIRMED = "DEFECT_NOT_CONFIRMED"  # expertise found no defect
    UNTRUE_REASON = "UNTRUE_REASON"  # the stated reason is not true
    NOT_GIVEN = "NOT_GIVEN"  # refused in the marketplace's cabinet, nobody chose a reason here


class EvidenceKind(StrEnum):
    """What a stored proof shows."""

    PHOTO_GOODS = "PHOTO_GOODS"
    PHOTO_PACKAGING = "PHOTO_PACKAGING"
    PHOTO_DAMAGE = "PHOTO_DAMAGE"
    VIDEO = "VIDEO"
    IRREPARABILITY_ACT = "IRREPARABILITY_ACT"  # акт НРП
    TECHNICAL_ACT = "TECHNICAL_ACT"  # акт технического состояния
    QUALITY_CHECK_ACT = "QUALITY_CHECK_ACT"  # RURMA
    HANDOVER_ACT = "HANDOVER_ACT"
    UNPACKING = "UNPACKING"
    OTHER = "OTHER"


class Effect(StrEnum):
    """What has to happen outside once a step is taken; the shell makes each happen exactly once."""

    OPEN_TICKET = "OPEN_TICKET"  # helpdesk: ask the call centre
    TICKET_COMMENT = "TICKET_COMMENT"  # helpdesk: tell the call centre what was decided
    WRITE_REGISTER = "WRITE_REGISTER"  # spreadsheet line, created or brought up to date
    PRESS_TAKE = "PRESS_TAKE"  # cabinet: "Получить товар на проверку", done by a person, proved by the mirror
    PRESS_REFUSE = "PRESS_REFUSE"  # cabinet: "Отказать в возврате"
    PRESS_GRANT = "PRESS_GRANT"  # cabinet: "Оформить возврат"
    CREATE_RETURN_ORDER = "CREATE_RETURN_ORDER"  # ERP
    ATTACH_EVIDENCE = "ATTACH_EVIDENCE"  # ERP: step 6 files
    ASK_SERVICE_CENTRE = "ASK_SERVICE_CENTRE"  # helpdesk: request the missing technical act
    ASK_REOPEN = "ASK_REOPEN"  # helpdesk: customer to call the marketplace


class Outcome(StrEnum):
    """How a request ended."""

    NONE = ""
    REFUNDED = "REFUNDED"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"
    NEVER_ARRIVED = "NEVER_ARRIVED"
    DISPUTE_WON = "DISPUTE_WON"
    DISPUTE_LOST = "DISPUTE_LOST"
    MARKETPLACE_REFUNDED = "MARKETPLACE_REFUNDED"


class ControlRule(StrEnum):
    """Why a control date stands where it stands."""

    MARKETPLACE_DATE = "MARKETPLACE_DATE"  # the date inside the request; always wins
    REACTION_DEFAULT = "REACTION_DEFAULT"  # reaction to a new request, date not shown
    DECISION_AT_SELLER = "DECISION_AT_SELLER"  # 3 working days of the seller
    DECISION_AT_POINT = "DECISION_AT_POINT"  # 3 calendar days at the acceptance point
    REFILE_WINDOW = "REFILE_WINDOW"  # 3 calendar days for the customer to file again
    DISPUTE_ANSWER = "DISPUTE_ANSWER"  # 5 working days of a dispute
    PLANNED_ARRIVAL = "PLANNED_ARRIVAL"  # goods expected; check where they are
    PROOF_OF_PRESS = "PROOF_OF_PRESS"  # a decision waits to be seen in the cabinet
    ACT_RETENTION = "ACT_RETENTION"  # 30 calendar days the act has to be kept


class DefaultAction(StrEnum):
    """What the deadline guard does by itself when a control date is about to pass, set per store."""

    CALL_DUTY = "CALL_DUTY"  # raise the duty person, do nothing else
    REFUSE = "REFUSE"  # refuse with the reason of the stage
    ACCEPT = "ACCEPT"  # take for inspection or grant, what the stage allows
