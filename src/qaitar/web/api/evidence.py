"""Proofs of a case: files in, what is seen on an act, taking one out, and the file itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.http import HttpRequest, HttpResponse
from django.http.response import StreamingHttpResponse
from django.utils.translation import gettext as _
from ninja import FileEx, Form, P, Router
from ninja.files import UploadedFile as NinjaFile

from qaitar.foundation.files.keeping import CheckedFile, content_keep, file_note
from qaitar.foundation.files.kinds import FACTS
from qaitar.foundation.files.names import download_headers
from qaitar.foundation.files.refusals import Rejected, sentence
from qaitar.foundation.files.store import FileStore, key_of
from qaitar.foundation.identity.actors import require_role
from qaitar.foundation.models import StoredFile
from qaitar.returns.errors import CaseMissing
from qaitar.returns.reads.card import case_related
from qaitar.returns.reads.finders import file_of_evidence, merchant_of_evidence, merchant_of_request
from qaitar.returns.services.evidence import (
    ADDERS,
    FILES_MAX,
    NewProof,
    evidence_add,
    evidence_confirm,
    evidence_withdraw,
)
from qaitar.web.api.answers import answer
from qaitar.web.api.operations import Body, Entry, caller, moment, operation, prepared
from qaitar.web.api.problems import Turned, invalid, missing
from qaitar.web.api.schemas_returns import (
    ConfirmationIn,
    EvidenceAnswer,
    EvidenceState,
    ProofForm,
    WithdrawalIn,
)
from qaitar.web.api.serializers import serialize_evidence

if TYPE_CHECKING:
    from qaitar.foundation.identity.actors import Actor

router = Router(tags=["evidence"])
FORM_MAX_BYTES: Final = 512 * 1024 * 1024
CHUNK_BYTES: Final = 256 * 1024
SERVED: Final = sorted({facts.mime for facts in FACTS.values()} | {"application/octet-stream"})
WRITE: Final = Entry("write", body=Body.JSON)


def _known(request: HttpRequest, request_id: UUID) -> None:
    """Let nobody send a file into a case that is not there for them, or in a role that may not."""
    merchant_id = _merchant(request_id)
    require_role(caller(request).actor_at(merchant_id), ADDERS)


def _merchant(request_id: UUID) -> UUID:
    merchant_id = merchant_of_request(request_id)
    if merchant_id is None:
        raise CaseMissing(str(request_id))
    return merchant_id


def _checked_files(request: HttpRequest, request_id: UUID) -> list[CheckedFile]:  # noqa: ARG001  what the door gives every call
    """Judge and keep the files of the form, with no transaction open."""
    files = request.FILES.getlist("file")
    if not 1 <= len(files) <= FILES_MAX:
        detail = _("Send 1 to %(most)s files, each as “file”.") % {"most": FILES_MAX}
        raise invalid("#/file", detail, code="FILES_NUMBER")
    checked = [_judged(file) for file in files]
    good = [each for each in checked if isinstance(each, CheckedFile)]
    bad = [
        {
            "pointer": f"#/file/{number}",
            "detail": str(sentence(each)),
            "code": each.code.value,
        }
        for number, each in enumerate(checked)
        if isinstance(each, Rejected)
    ]
    if bad:
        detail = " ".join(each["detail"] for each in bad[:3])
        raise Turned(422, "FILE_REFUSED", detail, extra={"errors": bad})
    return good


def _judged(file: UploadedFile[Any]) -> CheckedFile | Rejected:
    name = file.name or "file"
    if isinstance(file, TemporaryUploadedFile):
        return content_keep(Path(file.temporary_file_path()), name)
    return content_keep(file.read(), name)


@router.post(
    "/returns/{uuid:request_id}/evidence",
    response={201: EvidenceAnswer},
    operation_id="evidence_add",
    summary="Add proofs",
)
@operation(
    Entry("write", body=Body.FORM, bytes_max=FORM_MAX_BYTES, check=_known, prepare=_checked_files)
)
def evidence_upload(
    request: HttpRequest,
    request_id: UUID,
    form: Form[ProofForm],
    file: FileEx[list[NinjaFile], P(min_length=1, max_length=FILES_MAX)],  # noqa: ARG001  declares the files; the door has kept them
) -> HttpResponse:
    """Add files to a case: each checked by content, kept unchanged under its SHA-256, with previews beside it."""
    now = moment(request)
    merchant_id = _merchant(request_id)
    by = caller(request).actor_at(merchant_id)
    proofs = [
        NewProof(
            file_note(
                merchant_id=merchant_id, file=stored, by=by, origin=_origin(request), now=now
            ),
            form.kind,
            form.note,
        )
        for stored in prepared(request)
    ]
    case = evidence_add(
        request_id=request_id, proofs=proofs, by=by, now=now, answered=form.answered
    )
    headers = {
        "id": str(case.pk),
        "number": case.number,
        "version": case.version,
        "evidence": list(case_related(case).evidence),
    }
    return answer(headers, status=201)


def _origin(request: HttpRequest) -> str:
    return f"api {request.META.get('REMOTE_ADDR', '')}".strip()


def _by(request: HttpRequest, evidence_id: UUID) -> Actor:
    merchant_id = merchant_of_evidence(evidence_id)
    if merchant_id is None:
        raise CaseMissing(str(evidence_id))
    return caller(request).actor_at(merchant_id)


@router.post(
    "/evidence/{uuid:evidence_id}/confirm",
    response=EvidenceState,
    operation_id="evidence_confirm",
    summary="Say what is seen on an act",
)
@operation(WRITE)
def evidence_confirmed(
    request: HttpRequest, evidence_id: UUID, body: ConfirmationIn
) -> HttpResponse:
    """Note whether the service centre's signature and stamp are seen on an act (step 6)."""
    proof = evidence_confirm(
        evidence_id=evidence_id,
        signature=body.signature,
        stamp=body.stamp,
        by=_by(request, evidence_id),
        now=moment(request),
    )
    return answer(serialize_evidence(proof))


@router.post(
    "/evidence/{uuid:evidence_id}/withdraw",
    response=EvidenceState,
    operation_id="evidence_withdraw",
    summary="Take a proof out",
)
@operation(WRITE)
def evidence_withdrawn(request: HttpRequest, evidence_id: UUID, body: WithdrawalIn) -> HttpResponse:
    """Take a proof out of its case; the file and the journal keep it."""
    by, now = _by(request, evidence_id), moment(request)
    proof = evidence_withdraw(evidence_id=evidence_id, by=by, now=now, why=body.why)
    return answer(serialize_evidence(proof))


@router.get(
    "/evidence/{uuid:evidence_id}/file",
    operation_id="evidence_file",
    summary="The file itself",
    openapi_extra={
        "responses": {200: {"content": {mime: {} for mime in SERVED}}},
    },
)
@operation(Entry("read"))
def evidence_file(request: HttpRequest, evidence_id: UUID) -> StreamingHttpResponse:  # noqa: ARG001  ninja gives it
    """Hand the file out as an attachment; a browser saves it and never runs it."""
    file_id = file_of_evidence(evidence_id)
    stored = StoredFile.objects.filter(pk=file_id).first() if file_id else None
    if stored is None:
        raise missing()
    answered = StreamingHttpResponse(_chunks(key_of(stored.sha256)))
    for name, value in download_headers(stored.name, stored.mime).items():
        answered[name] = value
    answered["Content-Length"] = str(stored.size)
    answered["ETag"] = f'"{stored.sha256}"'
    return answered


def _chunks(key: str) -> Iterator[bytes]:
    """Read the kept file after the transaction has ended."""
    with FileStore().open(key) as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
