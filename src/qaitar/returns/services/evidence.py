"""Proofs in a case: added, confirmed, withdrawn; each a journal line, and step 6 goes on from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from qaitar.foundation.journal.transition import Row, move
from qaitar.foundation.models import StoredFile
from qaitar.kernel.ids import new_id
from qaitar.kernel.roles import Role
from qaitar.returns.errors import ActBlocked, CaseChanged, CaseMissing
from qaitar.returns.models import Evidence, ReturnRequest
from qaitar.returns.reads.cases import EvidenceFact, case_load
from qaitar.returns.rules.case_approvals import changed_facts
from qaitar.returns.rules.procedure import Blocked, effects_of_new_evidence
from qaitar.returns.services.case_change import change_of, held, written
from qaitar.returns.vocabulary import EvidenceKind, Stage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from qaitar.foundation.identity.actors import Actor
    from qaitar.returns.reads.cases import Case

ADDERS: Final = frozenset(
    {Role.OPERATOR, Role.SENIOR, Role.OWNER, Role.ADMIN, Role.CLERK, Role.SYSTEM}
)
FILES_MAX: Final = 40  # at once


@dataclass(frozen=True, slots=True)
class NewProof:
    """A stored file and what it shows."""

    file: StoredFile
    kind: EvidenceKind
    note: str = ""


def evidence_add(
    *, request_id: UUID, proofs: Sequence[NewProof], by: Actor, now: datetime, answered: bool = True
) -> ReturnRequest:
    """Add proofs to a case in one change; files already there, or twice among them, under one kind are passed over.

    `answered` notes that the customer has answered: photos and acts are what they were asked for.

    Raises:
        CaseMissing: these walls hold no such case.
        ActBlocked: the role may not, or the case is closed; nothing was changed.
        CaseChanged: somebody acted in between.
    """
    assert len(proofs) <= FILES_MAX, "split the upload"
    case = case_load(request_id)
    if case is None:
        raise CaseMissing(str(request_id))
    request = case.request
    _may(by, request)
    shas = [proof.file.sha256 for proof in proofs]
    there = set(
        Evidence.objects.filter(
            request_id=request_id, file_sha256__in=shas, withdrawn_at=None
        ).values_list("kind", "file_sha256")
    )
    each_once: dict[tuple[str, str], NewProof] = {}
    for proof in proofs:
        each_once.setdefault((proof.kind.value, proof.file.sha256), proof)
    fresh = [proof for key, proof in each_once.items() if key not in there]
    if not fresh:
        return request
    added = tuple(EvidenceFact(p.kind, False, False, p.file.sha256) for p in fresh)  # noqa: FBT003  nothing is confirmed yet
    approvals = changed_facts(case, held(request), by, now, evidence=(*case.evidence, *added))
    values = {
        "customer_answered": request.customer_answered or answered,
        **approvals.values,
    }
    effects = effects_of_new_evidence(Stage(request.stage))
    named = ", ".join(f"{p.kind.value}: {p.file.name} ({p.file.sha256[:12]})" for p in fresh)
    change = change_of(
        request,
        values,
        "ADD_EVIDENCE",
        by,
        now,
        why=named,
        why_quotes=True,  # names of files
        effects=effects,
        step="6",
    )
    rows = tuple(_row(request, proof, by, now) for proof in fresh)
    change = approvals.added_to(replace(change, rows=(*change.rows, *rows)))
    heads = move(ReturnRequest, [change])
    if not heads:
        raise CaseChanged
    return written(request, change, heads)


def _may(by: Actor, request: ReturnRequest) -> None:
    if by.role not in ADDERS:
        raise ActBlocked(Blocked("ROLE_NOT_ALLOWED", {"role": by.role.value}))
    if request.stage == Stage.CLOSED:
        raise ActBlocked(Blocked("CASE_CLOSED"))


def _row(request: ReturnRequest, proof: NewProof, by: Actor, now: datetime) -> Row:
    return Row(
        Evidence,
        {
            "id": new_id(),
            "merchant_id": request.merchant_id,
            "request_id": request.pk,
            "kind": proof.kind.value,
            "file_id": proof.file.pk,
            "file_sha256": proof.file.sha256,
            "file_name": proof.file.name,
            "note": proof.note[:500],
            "signature_confirmed": False,
            "stamp_confirmed": False,
            "confirmed_by_name": "",
            "added_by_id": by.user_id,
            "added_by_name": by.name,
            "added_at": now,
            "origin": proof.file.origin,
        },
    )


def evidence_confirm(
    *, evidence_id: UUID, signature: bool, stamp: bool, by: Actor, now: datetime
) -> Evidence:
    """Note what the operator sees on an act: the service centre's signature, its stamp (step 6).

    Raises:
        CaseMissing: these walls hold no such proof.
        ActBlocked: the role may not, or the case is closed.
        CaseChanged: somebody acted in between.
    """
    proof = Evidence.objects.filter(pk=evidence_id, withdrawn_at=None).first()
    if proof is None:
        raise CaseMissing(str(evidence_id))
    proof.signature_confirmed = signature
    proof.stamp_confirmed = stamp
    _journalled(
        proof,
        "CONFIRM_EVIDENCE",
        by,
        now,
        f"{proof.file_name}: signature {signature}, stamp {stamp}",
    )
    proof.confirmed_by_name = by.name
    proof.confirmed_at = now
    proof.save(
        update_fields=[
            "signature_confirmed",
            "stamp_confirmed",
            "confirmed_by_name",
            "confirmed_at",
        ]
    )
    return proof


def evidence_withdraw(*, evidence_id: UUID, by: Actor, now: datetime, why: str) -> Evidence:
    """Take a proof out of a case (wrong case, wrong file); the file and the journal keep it.  Errors as confirming."""
    proof = Evidence.objects.filter(pk=evidence_id, withdrawn_at=None).first()
    if proof is None:
        raise CaseMissing(str(evidence_id))
    _journalled(proof, "WITHDRAW_EVIDENCE", by, now, f"{proof.file_name}: {why}")
    proof.withdrawn_at = now
    proof.save(update_fields=["withdrawn_at"])
    return proof


def evidence_restore(*, evidence_id: UUID, by: Actor, now: datetime) -> Evidence:
    """Put a withdrawn proof back into its case; where it, or the same file added anew, stands, that is left alone.

    Errors as confirming.
    """
    proof = Evidence.objects.filter(pk=evidence_id).first()
    if proof is None:
        raise CaseMissing(str(evidence_id))
    standing = Evidence.objects.filter(
        request_id=proof.request_id,
        kind=proof.kind,
        file_sha256=proof.file_sha256,
        withdrawn_at=None,
    ).first()
    if standing is not None:
        return standing
    _journalled(proof, "RESTORE_EVIDENCE", by, now, proof.file_name)
    proof.withdrawn_at = None
    proof.save(update_fields=["withdrawn_at"])
    return proof


def _journalled(proof: Evidence, act: str, by: Actor, now: datetime, why: str) -> None:
    """Write the journal line of a change to a proof, guarded by the case's version, in the same transaction."""
    case = case_load(proof.request_id)
    if case is None:
        raise CaseMissing(str(proof.request_id))
    request = case.request
    _may(by, request)
    effects = effects_of_new_evidence(Stage(request.stage)) if act == "CONFIRM_EVIDENCE" else ()
    approvals = changed_facts(
        case, held(request), by, now, evidence=_evidence_after(case, proof, act)
    )
    values = {"customer_answered": request.customer_answered, **approvals.values}
    change = change_of(request, values, act, by, now, why=why, effects=effects, step="6")
    if not move(ReturnRequest, [approvals.added_to(change)]):
        raise CaseChanged


def _evidence_after(case: Case, proof: Evidence, act: str) -> tuple[EvidenceFact, ...]:
    """Return the evidence of a case after one proof was confirmed, withdrawn or put back."""
    fact = EvidenceFact(
        EvidenceKind(proof.kind),
        proof.signature_confirmed,
        proof.stamp_confirmed,
        proof.file_sha256,
    )
    same = (fact.kind, fact.sha256)
    others = tuple(each for each in case.evidence if (each.kind, each.sha256) != same)
    return others if act == "WITHDRAW_EVIDENCE" else (*others, fact)
