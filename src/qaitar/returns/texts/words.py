"""One word for each code of the procedure, as console, API and documents say it.

The msgids are English; catalogues bring Russian and Kazakh.  A code without a word fails a test.  Whole
sentences stand in `sentences.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from qaitar.contracts.marketplace import Section
from qaitar.kernel.roles import Role
from qaitar.returns.deadlines.control_dates import ArrivalPlace
from qaitar.returns.deadlines.deadline_guard import GuardAction
from qaitar.returns.rules.dated_rules import SourceKind
from qaitar.returns.rules.goods_groups import GoodsGroup
from qaitar.returns.rules.policy import PolicyAnswer
from qaitar.returns.vocabulary import (
    Act,
    ControlRule,
    DefaultAction,
    Effect,
    EvidenceKind,
    Outcome,
    Quality,
    RefusalReason,
    Stage,
)

STAGES: dict[Stage, Promise] = {
    Stage.NEW: pgettext_lazy("stage", "New"),
    Stage.WAITING_CUSTOMER: pgettext_lazy("stage", "Waiting for the customer"),
    Stage.WAITING_APPROVAL: pgettext_lazy("stage", "Waiting for approval"),
    Stage.IN_DELIVERY: pgettext_lazy("stage", "Goods on the way"),
    Stage.ARRIVED: pgettext_lazy("stage", "Goods arrived"),
    Stage.REFUND_GRANTED: pgettext_lazy("stage", "Refund granted"),
    Stage.REFUSED: pgettext_lazy("stage", "Refused"),
    Stage.DISPUTED: pgettext_lazy("stage", "Dispute"),
    Stage.CLOSED: pgettext_lazy("stage", "Closed"),
}

SECTIONS: dict[Section, Promise] = {
    Section.NEW: pgettext_lazy("section", "New"),
    Section.AWAITING_DECISION: pgettext_lazy("section", "Awaiting decision"),
    Section.IN_DELIVERY: pgettext_lazy("section", "In delivery"),
    Section.DISPUTE: pgettext_lazy("section", "Disputes"),
    Section.CLOSED: pgettext_lazy("section", "Closed"),
}

ACTS: dict[Act, Promise] = {
    Act.ASK_CUSTOMER: pgettext_lazy("act", "Ask the customer"),
    Act.SEND_FOR_APPROVAL: pgettext_lazy("act", "Send for approval"),
    Act.APPROVE: pgettext_lazy("act", "Approve"),
    Act.DECLINE: pgettext_lazy("act", "Decline"),
    Act.TAKE_FOR_INSPECTION: pgettext_lazy("act", "Take for inspection"),
    Act.REFUSE: pgettext_lazy("act", "Refuse"),
    Act.NOTE_ACCEPTED: pgettext_lazy("act", "Marketplace accepted it"),
    Act.NOTE_ARRIVAL: pgettext_lazy("act", "Goods arrived"),
    Act.GRANT_REFUND: pgettext_lazy("act", "Grant the refund"),
    Act.NOTE_REFUND_DONE: pgettext_lazy("act", "Refund is done"),
    Act.NOTE_DISPUTE: pgettext_lazy("act", "Customer opened a dispute"),
    Act.SEND_DISPUTE_EVIDENCE: pgettext_lazy("act", "Send evidence to the dispute"),
    Act.NOTE_DISPUTE_WON: pgettext_lazy("act", "Dispute decided for us"),
    Act.NOTE_DISPUTE_LOST: pgettext_lazy("act", "Dispute decided for the customer"),
    Act.ASK_TO_REOPEN: pgettext_lazy("act", "Ask the customer to reopen"),
    Act.NOTE_REOPENED: pgettext_lazy("act", "Marketplace reopened it"),
    Act.NOTE_WITHDRAWN: pgettext_lazy("act", "Customer withdrew"),
    Act.NOTE_NEVER_ARRIVED: pgettext_lazy("act", "Goods never arrived"),
    Act.NOTE_MARKETPLACE_DECIDED: pgettext_lazy("act", "Marketplace decided by itself"),
    Act.CLOSE_REFUSED: pgettext_lazy("act", "Close as refused"),
}

QUALITIES: dict[Quality, Promise] = {
    Quality.UNKNOWN: pgettext_lazy("quality", "Not decided yet"),
    Quality.PROPER: pgettext_lazy("quality", "Proper quality"),
    Quality.DEFECTIVE: pgettext_lazy("quality", "Defective"),
    Quality.MECHANICAL_DAMAGE: pgettext_lazy("quality", "Mechanical damage"),
    Quality.DIFFERENT_GOODS: pgettext_lazy("quality", "Not what was ordered"),
    Quality.NOT_RECEIVED: pgettext_lazy("quality", "Not received"),
}

REFUSAL_REASONS: dict[RefusalReason, Promise] = {
    RefusalReason.NO_ANSWER: pgettext_lazy("refusal", "No answer or no documents in time"),
    RefusalReason.SENT_FOR_ACT: pgettext_lazy("refusal", "Sent to the service centre for an act"),
    RefusalReason.NOT_RETURNABLE: pgettext_lazy("refusal", "Goods not returnable by law"),
    RefusalReason.WINDOW_PASSED: pgettext_lazy("refusal", "The time for a return has passed"),
    RefusalReason.USED_OR_INCOMPLETE: pgettext_lazy("refusal", "Used or incomplete"),
    RefusalReason.DAMAGE_BY_CUSTOMER: pgettext_lazy("refusal", "Damaged after hand-over"),
    RefusalReason.DIFFERENT_GOODS_CAME: pgettext_lazy("refusal", "Other goods came back"),
    RefusalReason.DEFECT_NOT_CONFIRMED: pgettext_lazy("refusal", "Defect not confirmed"),
    RefusalReason.UNTRUE_REASON: pgettext_lazy("refusal", "The stated reason is not true"),
    RefusalReason.NOT_GIVEN: pgettext_lazy("refusal", "Refused in the cabinet, no reason given"),
}

EVIDENCE_KINDS: dict[EvidenceKind, Promise] = {
    EvidenceKind.PHOTO_GOODS: pgettext_lazy("evidence", "Photo of the goods"),
    EvidenceKind.PHOTO_PACKAGING: pgettext_lazy("evidence", "Photo of the packaging"),
    EvidenceKind.PHOTO_DAMAGE: pgettext_lazy("evidence", "Photo of the damage"),
    EvidenceKind.VIDEO: pgettext_lazy("evidence", "Video"),
    EvidenceKind.IRREPARABILITY_ACT: pgettext_lazy("evidence", "Irreparability act"),
    EvidenceKind.TECHNICAL_ACT: pgettext_lazy("evidence", "Technical-condition act"),
    EvidenceKind.QUALITY_CHECK_ACT: pgettext_lazy("evidence", "Quality-check act (RURMA)"),
    EvidenceKind.HANDOVER_ACT: pgettext_lazy("evidence", "Hand-over act"),
    EvidenceKind.UNPACKING: pgettext_lazy("evidence", "Unpacking"),
    EvidenceKind.OTHER: pgettext_lazy("evidence", "Other"),
}

EFFECTS: dict[Effect, Promise] = {
    Effect.OPEN_TICKET: pgettext_lazy("effect", "Ticket to the call centre"),
    Effect.TICKET_COMMENT: pgettext_lazy("effect", "Comment in the ticket"),
    Effect.WRITE_REGISTER: pgettext_lazy("effect", "Line in the register"),
    Effect.PRESS_TAKE: pgettext_lazy("effect", "Press “Take for inspection” in the cabinet"),
    Effect.PRESS_REFUSE: pgettext_lazy("effect", "Press “Refuse” in the cabinet"),
    Effect.PRESS_GRANT: pgettext_lazy("effect", "Press “Grant the refund” in the cabinet"),
    Effect.CREATE_RETURN_ORDER: pgettext_lazy("effect", "Return order"),
    Effect.ATTACH_EVIDENCE: pgettext_lazy("effect", "Files on the return order"),
    Effect.ASK_SERVICE_CENTRE: pgettext_lazy("effect", "Request to the service centre"),
    Effect.ASK_REOPEN: pgettext_lazy("effect", "Request to reopen, through the call centre"),
}

CONTROL_RULES: dict[ControlRule, Promise] = {
    ControlRule.MARKETPLACE_DATE: pgettext_lazy("rule", "Date shown by the marketplace"),
    ControlRule.REACTION_DEFAULT: pgettext_lazy("rule", "Time to react to a new request"),
    ControlRule.DECISION_AT_SELLER: pgettext_lazy("rule", "3 working days to decide"),
    ControlRule.DECISION_AT_POINT: pgettext_lazy("rule", "3 days at the acceptance point"),
    ControlRule.REFILE_WINDOW: pgettext_lazy("rule", "3 days for the customer to file again"),
    ControlRule.DISPUTE_ANSWER: pgettext_lazy("rule", "5 working days of a dispute"),
    ControlRule.PLANNED_ARRIVAL: pgettext_lazy("rule", "Planned arrival of the goods"),
    ControlRule.PROOF_OF_PRESS: pgettext_lazy("rule", "The decision must be seen in the cabinet"),
    ControlRule.ACT_RETENTION: pgettext_lazy("rule", "30 days the act is kept"),
}

OUTCOMES: dict[Outcome, Promise] = {
    Outcome.NONE: pgettext_lazy("outcome", "Still open"),
    Outcome.REFUNDED: pgettext_lazy("outcome", "Refunded"),
    Outcome.REFUSED: pgettext_lazy("outcome", "Refused"),
    Outcome.WITHDRAWN: pgettext_lazy("outcome", "Withdrawn by the customer"),
    Outcome.NEVER_ARRIVED: pgettext_lazy("outcome", "Goods never arrived"),
    Outcome.DISPUTE_WON: pgettext_lazy("outcome", "Dispute won"),
    Outcome.DISPUTE_LOST: pgettext_lazy("outcome", "Dispute lost"),
    Outcome.MARKETPLACE_REFUNDED: pgettext_lazy("outcome", "Refunded by the marketplace"),
}

DEFAULT_ACTIONS: dict[DefaultAction, Promise] = {
    DefaultAction.CALL_DUTY: pgettext_lazy("default action", "Call the person on duty"),
    DefaultAction.REFUSE: pgettext_lazy("default action", "Refuse"),
    DefaultAction.ACCEPT: pgettext_lazy("default action", "Accept"),
}

ROLES: dict[Role, Promise] = {
    Role.OPERATOR: pgettext_lazy("role", "Operator"),
    Role.SENIOR: pgettext_lazy("role", "Senior"),
    Role.ACCOUNTANT: pgettext_lazy("role", "Accountant"),
    Role.CLERK: pgettext_lazy("role", "Warehouse clerk"),
    Role.OWNER: pgettext_lazy("role", "Owner"),
    Role.ADMIN: pgettext_lazy("role", "Administrator"),
    Role.VIEWER: pgettext_lazy("role", "Viewer"),
    Role.SYSTEM: pgettext_lazy("role", "Qaitar"),
}

GOODS_GROUPS: dict[GoodsGroup, Promise] = {
    GoodsGroup.MEDICINES: pgettext_lazy("goods", "Medicines and medical devices"),
    GoodsGroup.UNDERWEAR: pgettext_lazy("goods", "Underwear"),
    GoodsGroup.HOSIERY: pgettext_lazy("goods", "Hosiery"),
    GoodsGroup.ANIMALS_PLANTS: pgettext_lazy("goods", "Animals and plants"),
    GoodsGroup.BY_METRE: pgettext_lazy("goods", "Goods sold by the metre"),
    GoodsGroup.CELLULAR: pgettext_lazy("goods", "Cellular subscriber devices"),
}

SOURCE_KINDS: dict[SourceKind, Promise] = {
    SourceKind.LAW: pgettext_lazy("source", "Law"),
    SourceKind.MARKETPLACE: pgettext_lazy("source", "Marketplace"),
    SourceKind.PROCEDURE: pgettext_lazy("source", "Procedure, step"),
    SourceKind.MERCHANT: pgettext_lazy("source", "Own rule"),
}

ANSWERS: dict[PolicyAnswer, Promise] = {
    PolicyAnswer.ALLOWED: pgettext_lazy("verdict", "The conditions of return are met"),
    PolicyAnswer.MUST_TAKE_FOR_CHECK: pgettext_lazy("verdict", "Take the goods and check them"),
    PolicyAnswer.UNSURE: pgettext_lazy("verdict", "Something has to be learnt first"),
    PolicyAnswer.NEEDS_APPROVAL: pgettext_lazy("verdict", "A senior has to approve"),
    PolicyAnswer.REFUSABLE: pgettext_lazy("verdict", "There is a ground for refusal"),
}

PLACES: dict[ArrivalPlace, Promise] = {
    ArrivalPlace.POINT: pgettext_lazy("place", "Acceptance point"),
    ArrivalPlace.SELLER: pgettext_lazy("place", "Seller's own address"),
}

DEEDS: dict[GuardAction, Promise] = {
    GuardAction.NOTHING: pgettext_lazy("guard", "Nothing to do yet"),
    GuardAction.REMIND: pgettext_lazy("guard", "Reminder: the control date is near"),
    GuardAction.ESCALATE: pgettext_lazy("guard", "Control date very near: seniors told"),
    GuardAction.DEFAULT_ACTION: pgettext_lazy("guard", "Last moment: the store's default action"),
    GuardAction.MISSED: pgettext_lazy("guard", "Control date missed"),
    GuardAction.WINDOW_OVER: pgettext_lazy("guard", "The time to file again is over"),
}

_ALL: tuple[Mapping[Any, Promise], ...] = (
    STAGES,
    SECTIONS,
    ACTS,
    QUALITIES,
    REFUSAL_REASONS,
    EVIDENCE_KINDS,
    EFFECTS,
    CONTROL_RULES,
    OUTCOMES,
    DEFAULT_ACTIONS,
    ROLES,
    GOODS_GROUPS,
    SOURCE_KINDS,
    ANSWERS,
    PLACES,
    DEEDS,
)
# by type first: members of different vocabularies may be equal as text
_BY_TYPE: dict[type[Enum], Mapping[Any, Promise]] = {
    type(next(iter(words))): words for words in _ALL
}
WORDED: tuple[type[Enum], ...] = tuple(_BY_TYPE)


def word_for(code: Enum) -> Promise:
    """Give the word for a code of the procedure.

    Raises:
        KeyError: the code belongs to no worded vocabulary, or has no word.

    >>> from qaitar.kernel.roles import Role
    >>> word_for(Role.SENIOR) is ROLES[Role.SENIOR]
    True
    """
    return _BY_TYPE[type(code)][code]
