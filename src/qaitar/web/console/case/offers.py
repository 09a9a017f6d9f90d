"""Makes the buttons of a case: what may be done now, what each will set in motion, or why it may not be pressed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qaitar.kernel.roles import WORKERS
from qaitar.returns.mirror.companion_view import BUTTONS
from qaitar.returns.rules.guards import refusal_reasons
from qaitar.returns.rules.procedure import Advanced, Blocked, allowed_acts, recommended
from qaitar.returns.texts.sentences import blocked_sentence, will_do_sentence
from qaitar.returns.vocabulary import Act, Effect, Stage
from qaitar.web.console.case.letters import marketplace_text
from qaitar.web.console.case.records import EvidenceView, OfferView, ReasonChoice, WillDo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qaitar.foundation.models import JournalEntry
    from qaitar.kernel.roles import Role
    from qaitar.returns.models import ReturnRequest
    from qaitar.returns.reads.cases import Case
    from qaitar.returns.rules.case_evaluation import Evaluation
    from qaitar.returns.rules.procedure import Offer as Offered
    from qaitar.web.console.case.card_reads import OrderDetails

NOTED: Final = frozenset(
    {
        Act.NOTE_ACCEPTED,
        Act.NOTE_ARRIVAL,
        Act.NOTE_REFUND_DONE,
        Act.NOTE_DISPUTE,
        Act.NOTE_DISPUTE_WON,
        Act.NOTE_DISPUTE_LOST,
        Act.NOTE_REOPENED,
        Act.NOTE_WITHDRAWN,
        Act.NOTE_NEVER_ARRIVED,
        Act.NOTE_MARKETPLACE_DECIDED,
    }
)
"""What the mirror notes by itself; by hand only where nobody reads the cabinet."""
ASKS_WHY: Final = frozenset({Act.SEND_FOR_APPROVAL, Act.DECLINE}) | NOTED
FINAL: Final = frozenset(
    {
        Act.NOTE_DISPUTE_WON,
        Act.NOTE_DISPUTE_LOST,
        Act.NOTE_WITHDRAWN,
        Act.NOTE_NEVER_ARRIVED,
        Act.NOTE_MARKETPLACE_DECIDED,
    }
)
CABINET: Final = "https://kaspi.kz/mc/#/refunds?status=REFUND_NEW"
CLOSES: Final = gettext_lazy("This closes the request here for good. Is it really so?")


@dataclass(frozen=True, slots=True)
class CaseContext:
    """A case as one person sees it: what the rules say, and what is known of the sale."""

    case: Case
    judged: Evaluation
    papers: OrderDetails
    role: Role


def cabinet_url(case: Case) -> str:
    """Give the address of the store's cabinet; an address that is no web page is not followed, and a practice has none."""
    if (case.store.get("merchant_settings") or {}).get("practice"):
        return f"{reverse('console:practice')}#cabinet"
    own = str(case.store.get("cabinet_url") or "")
    return own if own.startswith(("https://", "http://")) else CABINET


def offers_of(desk: CaseContext) -> tuple[OfferView, ...]:
    """Make the buttons in the order they are thought of: recommended, possible, not possible, noted by hand."""
    stage = Stage(desk.case.request.stage)
    best = recommended(stage, desk.judged.facts)
    given = allowed_acts(stage, desk.judged.facts, desk.role)
    visible = [each for each in given if _is_visible(each, desk.role)]
    ranked = sorted(visible, key=lambda each: _rank(each, best))
    return tuple(_offer(desk, each, best) for each in ranked)


def _is_visible(offered: Offered, role: Role) -> bool:
    """Hide what this role may never do here, and notes that make no sense now."""
    if isinstance(offered.answer, Advanced):
        return True
    never = offered.answer.code == "ROLE_NOT_ALLOWED" and role not in WORKERS
    return not never and offered.act not in NOTED


def _rank(offered: Offered, best: Act | None) -> int:
    if offered.act is best:
        return 0
    if offered.act in NOTED:
        return 3
    return 1 if isinstance(offered.answer, Advanced) else 2


def _offer(desk: CaseContext, offered: Offered, best: Act | None) -> OfferView:
    act, answer, url = offered.act, offered.answer, act_url(desk.case.request)
    if isinstance(answer, Blocked):
        return OfferView(
            act=act, url=url, disabled_reason=blocked_sentence(answer), step=answer.step_number
        )
    return OfferView(
        act=act,
        url=url,
        will_do=tuple(WillDo(effect=None, text=will_do_sentence(e)) for e in answer.effects),
        recommended=act is best,
        reasons=reasons_of(desk) if act is Act.REFUSE else (),
        asks_comment=act in ASKS_WHY,
        step=answer.step.number,
        danger=act is Act.REFUSE,
        confirm=str(CLOSES) if act in FINAL else "",
        by_hand=act in NOTED and act is not best,
    )


def act_url(request: ReturnRequest) -> str:
    """Give the address acts on a case are posted to."""
    return reverse("console:act", args=[request.pk])


def reasons_of(desk: CaseContext) -> tuple[ReasonChoice, ...]:
    """List the reasons that are true now, the weightiest first, each with the text for the marketplace."""
    true_now = refusal_reasons(Stage(desk.case.request.stage), desk.judged.facts)
    return tuple(
        ReasonChoice(
            reason=reason,
            text=marketplace_text(reason, desk.case, desk.judged, desk.papers),
            recommended=number == 0,
        )
        for number, reason in enumerate(true_now)
    )


def pending_press(case: Case, entries: Sequence[JournalEntry]) -> EvidenceView | None:
    """Tell what has to be pressed in the cabinet and who decided it; None while nothing waits."""
    request = case.request
    if not request.pending_press or request.pending_since is None:
        return None
    act, button = BUTTONS[Effect(request.pending_press)]
    decided = next((e for e in entries if e.subject_id == request.pk and e.act == act.value), None)
    return EvidenceView(
        act=act,
        decided_at=request.pending_since,
        decided_by=decided.actor_name if decided else _("unknown"),
        button=button,
        cabinet_url=cabinet_url(case),
        text=request.pending_text,
        last_looked_at=request.section_seen_at,
        check_url=reverse("console:look", args=[request.pk]),
    )
