"""Proofs: files taken in, shown, handed out, confirmed and withdrawn, all behind the walls."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from django.core.files.uploadedfile import TemporaryUploadedFile
from django.db import transaction
from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from qaitar.foundation.files.keeping import CheckedFile, content_keep, file_note
from qaitar.foundation.files.previews import MIME as PREVIEW_MIME
from qaitar.foundation.files.refusals import Rejected, sentence
from qaitar.foundation.files.store import FileStore, download_headers, key_of
from qaitar.foundation.inbox.request_bodies import MB, accept_body
from qaitar.foundation.models import StoredFile
from qaitar.returns.models import Evidence
from qaitar.returns.reads.cases import Case, case_load
from qaitar.returns.rules.case_evaluation import evaluate_case
from qaitar.returns.services.evidence import (
    ADDERS,
    FILES_MAX,
    NewProof,
    evidence_add,
    evidence_confirm,
    evidence_withdraw,
)
from qaitar.returns.vocabulary import EvidenceKind
from qaitar.web.console.case.answers import acted, guarded, refuse
from qaitar.web.console.case.records import Notice, Tone
from qaitar.web.console.case.undo import undo_withdrawal
from qaitar.web.console.frame.answers import typed
from qaitar.web.console.frame.auth import EVERYBODY, PageRequest, found_or_404, note_roles, screen
from qaitar.web.console.labels.evidence_kinds import AUTO, kind_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from django.core.files.uploadedfile import UploadedFile
    from django.http import HttpRequest

ORIGIN: Final = "web"
UPLOAD_BYTES_MAX: Final = 512 * MB  # of all files sent at once
WHY_MAX: Final = 400
_MAY: Final = 204
Judged = list[tuple[str, CheckedFile | Rejected]]


@accept_body(UPLOAD_BYTES_MAX)
@require_POST
@transaction.non_atomic_requests
def add(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take files into a case: each judged on its own, the good ones kept, the others answered with a sentence.

    Judging takes its time, so no transaction stands open meanwhile: ask, judge, then write.
    """
    with transaction.atomic():
        door: HttpResponse = _may_add(request, pk)
    if door.status_code != _MAY:
        return door
    judged: Judged = [
        (file.name or "file", content_keep(_source(file), file.name or "file"))
        for file in request.FILES.getlist("file")[:FILES_MAX]
    ]
    with transaction.atomic():
        answer: HttpResponse = _keep(request, pk, judged)
    return answer


note_roles(add, EVERYBODY)  # its parts are screens


@screen(EVERYBODY)
def _may_add(visit: PageRequest, pk: UUID) -> HttpResponse:
    """Ask whether this person may add files here before any of them is opened."""
    found = found_or_404(case_load(pk))
    if visit.who.roles[found.request.merchant_id] not in ADDERS:
        return refuse(visit, pk, _("Your role may not add evidence."))
    if not visit.request.FILES.getlist("file"):
        return refuse(visit, pk, _("Choose at least one file."), status=400)
    wanted = visit.request.POST.get("kind", AUTO)
    if wanted != AUTO and wanted not in EvidenceKind.__members__:
        return refuse(visit, pk, _("This is not a kind of evidence."), status=400)
    return HttpResponse(status=_MAY)


def _source(file: UploadedFile[Any]) -> Path | bytes:
    """Give a big upload by its place on the disk, a small one by its bytes."""
    if isinstance(file, TemporaryUploadedFile):
        return Path(file.temporary_file_path())
    content = file.read()
    assert isinstance(content, bytes)
    return content


@screen(EVERYBODY)
def _keep(visit: PageRequest, pk: UUID, judged: Judged) -> HttpResponse:
    """Write the good files into the case and tell about the others."""
    found = found_or_404(case_load(pk))
    by = visit.who.actor_at(found.request.merchant_id)
    good = [file for _name, file in judged if isinstance(file, CheckedFile)]
    refused = [
        f"{typed(name, 80)}: {sentence(no)}" for name, no in judged if isinstance(no, Rejected)
    ]
    if not good:
        return refuse(visit, pk, _("Nothing was added. %(why)s") % {"why": " ".join(refused)})

    def write() -> None:
        with transaction.atomic():  # refused by the case: no rows of files that belong nowhere
            kinds = _kinds(visit, found, good)
            proofs = [
                NewProof(
                    file_note(
                        merchant_id=found.request.merchant_id,
                        file=file,
                        by=by,
                        origin=ORIGIN,
                        now=visit.now,
                    ),
                    kind,
                )
                for file, kind in zip(good, kinds, strict=True)
            ]
            evidence_add(request_id=pk, proofs=proofs, by=by, now=visit.now)

    text = ngettext("%(n)s file added.", "%(n)s files added.", len(good)) % {"n": len(good)}
    if refused:
        text += " " + _("Not taken: %(why)s") % {"why": " ".join(refused)}
    notice = Notice(text=text, tone=Tone.WARN if refused else Tone.OK)
    return guarded(visit, pk, write) or acted(visit, pk, notice)


def _kinds(visit: PageRequest, case: Case, good: Sequence[CheckedFile]) -> list[EvidenceKind]:
    """Tell what each file shows: what the person chose, else by its name, else what is missing.

    A file sent again, because no answer had come to the first time, shows what it showed then.
    """
    wanted = visit.request.POST.get("kind", AUTO)
    if wanted != AUTO:
        return [EvidenceKind(wanted)] * len(good)
    missing = set(evaluate_case(case, visit.now).facts.missing_evidence)
    there = {
        sha256: EvidenceKind(kind)
        for sha256, kind in Evidence.objects.filter(
            request_id=case.request.pk,
            file_sha256__in=[file.facts.sha256 for file in good],
            withdrawn_at=None,
        ).values_list("file_sha256", "kind")
    }
    kinds = []
    for file in good:
        kind = there.get(file.facts.sha256)
        if kind is None:
            kind = kind_of(file.facts.name, file.facts.mime, missing)
        missing.discard(kind)
        kinds.append(kind)
    return kinds


# --- handing out ------------------------------------------------------------------------------------


@require_GET
@screen(EVERYBODY)
def download(visit: PageRequest, pk: UUID) -> HttpResponseBase:  # noqa: ARG001  the door's signature
    """Hand out the original, unaltered, to be saved and never run in a page."""
    file = file_of(pk)
    return _handed(file.sha256, file.name, file.mime)


@require_GET
@screen(EVERYBODY)
def view(visit: PageRequest, pk: UUID) -> HttpResponseBase:  # noqa: ARG001  the door's signature
    """Hand out the large preview, drawn anew by us."""
    return _preview(file_of(pk).preview_sha256)


@require_GET
@screen(EVERYBODY)
def thumb(visit: PageRequest, pk: UUID) -> HttpResponseBase:  # noqa: ARG001  the door's signature
    """Hand out the small preview."""
    return _preview(file_of(pk).thumb_sha256)


def file_of(pk: UUID) -> StoredFile:
    """Give the stored file of a proof, also of one that was withdrawn.

    Raises:
        Http404: these walls hold no such proof.
    """
    proof = found_or_404(Evidence.objects.filter(pk=pk).first())
    return found_or_404(StoredFile.objects.filter(pk=proof.file_id).first())


def opened(sha256: str) -> BinaryIO:
    """Open a kept content.

    Raises:
        Http404: the store does not have it.
    """
    try:
        return FileStore().open(key_of(sha256))
    except FileNotFoundError as gone:
        raise Http404 from gone


def _handed(sha256: str, name: str, mime: str) -> HttpResponseBase:
    answer = FileResponse(opened(sha256))
    for header, value in download_headers(name, mime).items():
        answer[header] = value
    return answer


def _preview(sha256: str) -> HttpResponseBase:
    if not sha256:
        raise Http404
    answer = _handed(sha256, "preview.jpg", PREVIEW_MIME)
    answer["Content-Disposition"] = "inline"
    answer["Cache-Control"] = "private, max-age=86400, immutable"
    return answer


# --- confirming and withdrawing ---------------------------------------------------------------------


@require_POST
@screen(EVERYBODY)
def confirm(visit: PageRequest, pk: UUID) -> HttpResponse:
    """Note that the service centre's signature, its stamp or both are seen on an act (step 6)."""
    proof = found_or_404(Evidence.objects.filter(pk=pk, withdrawn_at=None).first())
    by = visit.who.actor_at(proof.merchant_id)
    signature = visit.request.POST.get("signature") == "1"
    stamp = visit.request.POST.get("stamp") == "1"

    def write() -> None:
        evidence_confirm(evidence_id=pk, signature=signature, stamp=stamp, by=by, now=visit.now)

    stands = (proof.signature_confirmed, proof.stamp_confirmed) == (signature, stamp)
    text = {
        (True, True): _("Noted: signature and stamp are there."),
        (True, False): _("Noted: the signature is there, the stamp is not."),
        (False, True): _("Noted: the stamp is there, the signature is not."),
        (False, False): _("Noted: neither signature nor stamp is there."),
    }[signature, stamp]
    case_id = proof.request_id
    refused = None if stands and proof.confirmed_at else guarded(visit, case_id, write)
    return refused or acted(visit, case_id, Notice(text=text))


@require_POST
@screen(EVERYBODY)
def withdraw(visit: PageRequest, pk: UUID) -> HttpResponse:
    """Take a proof out of a case; file and journal keep it."""
    proof = found_or_404(Evidence.objects.filter(pk=pk, withdrawn_at=None).first())
    by = visit.who.actor_at(proof.merchant_id)
    why = typed(visit.request.POST.get("why", ""), WHY_MAX)

    def write() -> None:
        evidence_withdraw(evidence_id=pk, by=by, now=visit.now, why=why)

    case_id = proof.request_id
    notice = Notice(
        text=_("Withdrawn; the file itself and the journal line stay."),
        undo_url=reverse("console:undo", args=[case_id]),
        undo=undo_withdrawal(visit, case_id, pk),
    )
    return guarded(visit, case_id, write) or acted(visit, case_id, notice)
