"""Step 6: the required files on the return order, each exactly once, whatever came between.

One effect carries a small record a file in its payload: `{"files": {sha256: {"name": …, "state": "DONE" | "REFUSED"}}}`.
A file another effect of the case has attached already is passed over, and every file is looked up before it is sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from qaitar.contracts.erp import DoneInPart, FileToAttach
from qaitar.contracts.outcome import Busy, Done, Misconfigured, Missing, Refused, Unknown
from qaitar.flows.effects.create_return_order import trouble_words
from qaitar.flows.effects.handler import HandlerResult, NothingToDo, NotPossible, waits_for
from qaitar.foundation.files.store import FileStore, key_of
from qaitar.foundation.models import EffectState, PlannedEffect
from qaitar.foundation.ops.crashpoints import crashpoint
from qaitar.returns.models import Evidence
from qaitar.returns.rules.case_evaluation import evaluate_case
from qaitar.returns.rules.policy import required_evidence
from qaitar.returns.vocabulary import Effect, EvidenceKind, Quality

if TYPE_CHECKING:
    from datetime import datetime

    from qaitar.contracts.erp import Erp
    from qaitar.flows.effects.handler import NotReady
    from qaitar.returns.reads.cases import Case

WAITS_ON: Final = "RETURN_ORDER"
ACTS: Final = frozenset(
    {EvidenceKind.IRREPARABILITY_ACT, EvidenceKind.TECHNICAL_ACT, EvidenceKind.QUALITY_CHECK_ACT}
)


@dataclass(frozen=True, slots=True)
class EvidenceToAttach:
    """One file to attach; its content is read only when it is its turn."""

    sha256: str
    name: str
    added_at: datetime


@dataclass(frozen=True, slots=True)
class AttachmentReady:
    """The document and the files still to hang on it; `stored` are the records of those settled before."""

    document: str
    proofs: tuple[EvidenceToAttach, ...]
    stored: dict[str, dict[str, Any]]


class AttachEvidence:
    """Hangs the case's required files on its return order."""

    contract = "erp"

    def prepare(
        self, effect: PlannedEffect, case: Case, now: datetime
    ) -> AttachmentReady | NotReady:
        """Choose the files; without the document's key it waits."""
        orders = PlannedEffect.objects.filter(
            subject_id=effect.subject_id, kind=Effect.CREATE_RETURN_ORDER.value
        ).order_by("-ordinal")
        document = next((each.reference for each in orders if each.reference), "")
        stored: dict[str, dict[str, Any]] = effect.payload.get("files", {})
        proofs = _wanted(effect, case, now, set(stored))
        if not proofs:
            return NothingToDo(
                "All required files are attached." if stored else "No required file is here yet."
            )
        if document:
            return AttachmentReady(document, proofs, stored)
        states = {each.state for each in orders}
        if states <= {EffectState.BY_HAND, EffectState.CANCELLED}:
            return NotPossible("The return order was made by hand and its key is not noted.")
        return waits_for(WAITS_ON, "Waits for the return order.", states)

    def send(self, client: Erp, ready: AttachmentReady) -> HandlerResult:
        """Attach the files one by one; the first one whose fate is not sure stops the rest."""
        records = dict(ready.stored)
        store = FileStore()
        for number, proof in enumerate(ready.proofs):
            if number:
                crashpoint("E4b.ATTACH_EVIDENCE")
            outcome = _attached(client, store, ready.document, proof)
            match outcome:
                case Done() | Refused():
                    records[proof.sha256] = _record(proof, outcome)
                case Misconfigured() | Busy() | Unknown():
                    return HandlerResult(outcome, {"files": records})
        return HandlerResult(_summed(ready.document, records), {"files": records})

    def find(self, client: Erp, ready: AttachmentReady) -> HandlerResult:
        """Look each file up; all there is done, one that is missing may be sent again once that is sure."""
        records = dict(ready.stored)
        missing = False
        for proof in ready.proofs:
            match client.find_attachment(ready.document, proof.sha256):
                case Done() as done:
                    records[proof.sha256] = _record(proof, done)
                case Missing():
                    missing = True
                case Misconfigured() | Busy() | Unknown() as trouble:
                    return HandlerResult(trouble, {"files": records})
        outcome = Missing() if missing else _summed(ready.document, records)
        return HandlerResult(outcome, {"files": records})


def _wanted(
    effect: PlannedEffect, case: Case, now: datetime, settled: set[str]
) -> tuple[EvidenceToAttach, ...]:
    judged = evaluate_case(case, now)
    quality = Quality(case.request.quality)
    reported = judged.verdict.damage_reported
    required = required_evidence(quality, judged.ruled.rules, case.times_filed, reported)
    kinds = {kind.value for kind in required | ACTS}
    elsewhere = PlannedEffect.objects.filter(
        subject_id=effect.subject_id, kind=Effect.ATTACH_EVIDENCE.value
    ).exclude(pk=effect.pk)
    attached = {
        sha256
        for other in elsewhere
        for sha256, record in other.payload.get("files", {}).items()
        if record["state"] == "DONE"
    }
    proofs: dict[str, EvidenceToAttach] = {}
    rows = Evidence.objects.filter(request_id=case.request.pk, withdrawn_at=None, kind__in=kinds)
    for row in rows.order_by("added_at", "pk"):
        unproved = row.kind == EvidenceKind.TECHNICAL_ACT and not (
            row.signature_confirmed and row.stamp_confirmed
        )
        if not unproved and row.file_sha256 not in settled | attached:
            proofs[row.file_sha256] = EvidenceToAttach(row.file_sha256, row.file_name, row.added_at)
    return tuple(proofs.values())


def _attached(
    client: Erp, store: FileStore, document: str, proof: EvidenceToAttach
) -> Done | Refused | Misconfigured | Busy | Unknown:
    try:
        with store.open(key_of(proof.sha256)) as file:
            content = file.read()
    except FileNotFoundError:
        return Refused(f"The file {proof.name} is no longer in the file store.")
    name = PurePath(proof.name)
    written = client.attach(
        document,
        FileToAttach(
            name=name.stem or "file",
            extension=name.suffix.removeprefix("."),
            content=content,
            created_at=proof.added_at,
            sha256=proof.sha256,
        ),
    )
    return written.problem if isinstance(written, DoneInPart) else written


def _record(proof: EvidenceToAttach, outcome: Done | Refused) -> dict[str, Any]:
    if isinstance(outcome, Done):
        return {"name": proof.name, "state": "DONE", "reference": outcome.reference}
    return {"name": proof.name, "state": "REFUSED", "detail": trouble_words(outcome)}


def _summed(document: str, records: dict[str, dict[str, Any]]) -> Done | Refused:
    refused = [f"{r['name']}: {r['detail']}" for r in records.values() if r["state"] == "REFUSED"]
    if refused:
        return Refused(" ".join(refused))
    return Done(document, detail=f"{len(records)} files attached.")
