"""Makes the panel of proofs: tiles, what is missing, what may be done with each.  No reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.urls import reverse
from django.utils.translation import gettext as _

from qaitar.returns.deadlines.control_dates import act_retained_until
from qaitar.returns.rules.policy import required_evidence
from qaitar.returns.services.evidence import ADDERS
from qaitar.returns.texts.words import word_for
from qaitar.returns.vocabulary import EvidenceKind, Quality, Stage
from qaitar.web.console.case.records import (
    CheckItem,
    EvidencePanel,
    EvidenceTile,
    Tone,
    VerdictView,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from qaitar.web.console.case.card_reads import ProofFile
    from qaitar.web.console.case.offers import CaseContext

ACTS: Final = frozenset({EvidenceKind.TECHNICAL_ACT})
"""Papers that count only with the service centre's signature and stamp (step 6)."""
ORDER: Final = tuple(EvidenceKind)
PAGES_MAX: Final = 30
"""Pages of a PDF shown as pictures; a longer one is opened as a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofTile(EvidenceTile):
    """A stored proof with what may be done about it; an empty address: this reader may not."""

    confirm_url: str = ""
    withdraw_url: str = ""
    signature: bool = False
    stamp: bool = False


def evidence_panel(desk: CaseContext, proofs: Sequence[ProofFile]) -> EvidencePanel:
    """Make the panel: the checklist of the quality class, then everything that is there."""
    request = desk.case.request
    may = desk.role in ADDERS and request.stage != Stage.CLOSED
    required = required_evidence(
        Quality(request.quality),
        desk.judged.ruled.rules,
        desk.case.times_filed,
        desk.judged.verdict.damage_reported,
    )
    return EvidencePanel(
        tiles=tuple(_tile(proof, may=may) for proof in proofs),
        checklist=_checklist(desk, required),
        upload_url=reverse("console:evidence_add", args=[request.pk]) if may else "",
        kinds=kinds_wanted(desk.judged.facts.missing_evidence),
        keep_act_until=_keep_act_until(desk, proofs),
    )


def _keep_act_until(desk: CaseContext, proofs: Sequence[ProofFile]) -> datetime | None:
    """Give the moment until which a technical act must be kept; None without an act or a decision."""
    request, clock = desk.case.request, desk.judged.clock
    decided_at = request.refused_at or request.closed_at
    if decided_at is None or all(EvidenceKind(proof.kind) not in ACTS for proof in proofs):
        return None
    return act_retained_until(decided_at, clock.calendar, clock.settings).due


def kinds_wanted(missing: Iterable[EvidenceKind]) -> tuple[EvidenceKind, ...]:
    """Order the kinds to choose from: what is missing comes first, so that it is chosen already."""
    first = [kind for kind in ORDER if kind in set(missing)]
    return (*first, *(kind for kind in ORDER if kind not in first))


def _checklist(desk: CaseContext, required: frozenset[EvidenceKind]) -> tuple[CheckItem, ...]:
    lacking = desk.judged.facts.lacking
    items = []
    for kind in ORDER:
        if kind not in required:
            continue
        unsigned = kind is EvidenceKind.TECHNICAL_ACT and kind in desk.judged.facts.evidence
        hint = _("signature and stamp to be confirmed") if unsigned else ""
        items.append(CheckItem(label=str(word_for(kind)), present=kind not in lacking, hint=hint))
    return tuple(items)


def _tile(proof: ProofFile, *, may: bool) -> ProofTile:
    kind = EvidenceKind(proof.kind)
    video, pdf = proof.mime.startswith("video/"), proof.mime == "application/pdf"
    file_url = reverse("console:evidence_file", args=[proof.id])
    view_url = reverse("console:evidence_view", args=[proof.id]) if proof.has_view else ""
    return ProofTile(
        id=str(proof.id),
        kind=kind,
        name=proof.name,
        url=file_url,
        preview_url=reverse("console:evidence_thumb", args=[proof.id]) if proof.has_thumb else "",
        view_url=reverse("console:evidence_play", args=[proof.id]) if video else view_url,
        is_pdf=pdf,
        pages=min(proof.pages, PAGES_MAX) if pdf else 0,
        page_url=reverse("console:evidence_page", args=[proof.id, 1]) if pdf and view_url else "",
        is_video=video,
        size_bytes=proof.size,
        added_at=proof.added_at,
        added_by=proof.added_by,
        finding=_finding(proof) if kind in ACTS else None,
        confirm_url=reverse("console:evidence_confirm", args=[proof.id])
        if may and kind in ACTS
        else "",
        withdraw_url=reverse("console:evidence_withdraw", args=[proof.id]) if may else "",
        signature=proof.signature,
        stamp=proof.stamp,
    )


def _finding(proof: ProofFile) -> VerdictView:
    if proof.signature and proof.stamp:
        text = _("signature and stamp seen by %(who)s") % {"who": proof.confirmed_by}
        return VerdictView(tone=Tone.OK, sentence=text)
    if proof.signature or proof.stamp:
        text = _("no stamp yet") if proof.signature else _("no signature yet")
        return VerdictView(tone=Tone.WARN, sentence=text)
    return VerdictView(tone=Tone.WARN, sentence=_("signature and stamp not confirmed"))
