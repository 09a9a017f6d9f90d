"""Return requests: the queue, filing by hand, the card, acts one by one and in bulk, notes, the journal."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router

from qaitar.foundation.identity.actors import Actor
from qaitar.foundation.journal.personal_values import lines_open
from qaitar.foundation.models import JournalEntry
from qaitar.kernel.phones import normalise_phone
from qaitar.kernel.roles import WORKERS
from qaitar.returns.errors import ActBlocked, BadCase, CaseMissing
from qaitar.returns.reads.card import case_related
from qaitar.returns.reads.cases import Case, case_load
from qaitar.returns.reads.finders import OrderQuestion, merchant_of_request, requests_find
from qaitar.returns.reads.queue import QueueFilter, queue_slice
from qaitar.returns.rules.procedure import Blocked
from qaitar.returns.services.intake import Filing, requests_create
from qaitar.returns.services.notes import loaded_note
from qaitar.returns.services.order_line import line_note
from qaitar.returns.services.perform_act import (
    Details,
    case_act,
    request_act_many,
    request_preview_many,
)
from qaitar.web.api.answers import answer
from qaitar.web.api.cursors import place_read
from qaitar.web.api.operations import Body, Entry, caller, moment, operation
from qaitar.web.api.problems import invalid
from qaitar.web.api.schemas_returns import (
    ActDoneOut,
    ActIn,
    BulkIn,
    BulkOut,
    CardOut,
    JournalPageOut,
    JournalQuery,
    NotesIn,
    ReturnIn,
    ReturnOut,
    ReturnsPageOut,
    ReturnsQuery,
)
from qaitar.web.api.serializers import (
    serialize_blocked,
    serialize_card,
    serialize_effects,
    serialize_journal_line,
    serialize_row,
)

if TYPE_CHECKING:
    from datetime import datetime

    from qaitar.foundation.identity.access import Principal
    from qaitar.returns.models import ReturnRequest

router = Router(tags=["returns"])
READ: Final = Entry("read")
WRITE: Final = Entry("write", body=Body.JSON)


# --- reading --------------------------------------------------------------------------------------------------------


@router.get("/returns", response=ReturnsPageOut, operation_id="returns_list", summary="The queue")
@operation(READ)
def returns_list(request: HttpRequest, query: Query[ReturnsQuery]) -> HttpResponse:
    """List open requests by the time left; closed ones, with `stage=CLOSED`, the latest first."""
    principal, now = caller(request), moment(request)
    if query.order or query.q:
        question = OrderQuestion(
            words=query.q or "",
            order_code=query.order or "",
            stage=query.stage,
            store_id=query.store,
            due_before=query.due_before,
        )
        found = requests_find(principal.merchants, question, query.limit)
        return answer({"items": [serialize_row(each, now) for each in found], "next": None})
    part = queue_slice(
        principal.merchants,
        QueueFilter(
            stage=query.stage,
            store_id=query.store,
            due_before=query.due_before,
            after=place_read(query.cursor),
        ),
        limit=query.limit,
    )
    items = [serialize_row(case.request, now) for case in part.cases]
    return answer({"items": items, "next": part.next.text() if part.next else None})


@router.get(
    "/returns/{uuid:request_id}", response=CardOut, operation_id="returns_card", summary="The card"
)
@operation(READ)
def returns_card(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Show a case whole: facts, verdict with sources, acts, proofs, effects, mirror, earlier filings."""
    case = _case(request_id)
    related = case_related(case.request)
    return answer(serialize_card(case, related, _by(request, case.request), moment(request)))


def _case(request_id: UUID) -> Case:
    case = case_load(request_id)
    if case is None:
        raise CaseMissing(str(request_id))
    return case


def _by(request: HttpRequest, row: ReturnRequest) -> Actor:
    return caller(request).actor_at(row.merchant_id)


@router.get(
    "/returns/{uuid:request_id}/journal",
    response=JournalPageOut,
    operation_id="returns_journal",
    summary="The journal of a case",
)
@operation(READ)
def returns_journal(
    request: HttpRequest,
    request_id: UUID,
    query: Query[JournalQuery],
) -> HttpResponse:
    """List what happened in a case, the oldest first, each line with the hash that chains it to the one before."""
    lines = list(
        JournalEntry.objects.filter(subject_id=request_id, seq__gt=query.after).order_by("seq")[
            : query.limit + 1
        ]
    )
    if not lines and merchant_of_request(request_id) is None:
        raise CaseMissing(str(request_id))
    page, masked = lines[: query.limit], caller(request).phones_masked
    lines_open(page)
    following = page[-1].seq if len(lines) > query.limit else None
    return answer(
        {"items": [serialize_journal_line(line, masked) for line in page], "next": following}
    )


# --- filing ---------------------------------------------------------------------------------------------------------


class _Filers(dict["UUID", Actor]):
    """Speaks as the caller at each merchant where they may file; elsewhere refuses before anything is written."""

    def __init__(self, principal: Principal) -> None:
        super().__init__()
        self._principal = principal

    def __missing__(self, merchant_id: UUID) -> Actor:
        by = self._principal.actor_at(merchant_id)
        if by.role not in WORKERS:
            raise ActBlocked(Blocked("ROLE_NOT_ALLOWED", {"role": by.role.value}))
        self[merchant_id] = by
        return by


@router.post(
    "/returns", response={201: ReturnOut}, operation_id="returns_file", summary="File by hand"
)
@operation(WRITE)
def returns_file(request: HttpRequest, body: ReturnIn) -> HttpResponse:
    """Open a case for a request that came by another way; what is not told is taken from the order."""
    now = moment(request)
    made = requests_create(filings=[_filing(body, now)], actors=_Filers(caller(request)), now=now)
    if 0 not in made:
        raise BadCase("NUMBER_TAKEN", number=body.number)
    return answer(serialize_row(made[0], now), status=201)


def _filing(body: ReturnIn, now: datetime) -> Filing:
    filed_at = body.filed_at or now
    if filed_at > now:
        raise invalid("#/filed_at", _("This moment has not come yet."), code="IN_THE_FUTURE")
    values = body.model_dump(exclude={"store", "filed_at", "customer_phone"})
    return Filing(
        store_id=body.store,
        source="API",
        filed_at=filed_at,
        customer_phone=_phone(body.customer_phone),
        **values,
    )


def _phone(given: str) -> str:
    if not given:
        return ""
    phone = normalise_phone(given)
    if phone is None:
        raise invalid("#/customer_phone", _("This is not a phone number."), code="NOT_A_PHONE")
    return phone


# --- acting ---------------------------------------------------------------------------------------------------------


@router.post(
    "/returns/{uuid:request_id}/acts",
    response=ActDoneOut,
    operation_id="returns_act",
    summary="Act",
)
@operation(WRITE)
def returns_act(request: HttpRequest, request_id: UUID, body: ActIn) -> HttpResponse:
    """Do one act on one case, if procedure and policy allow it; a refused one says why and changes nothing."""
    case, now = _case(request_id), moment(request)
    by = _by(request, case.request)
    done = case_act(case=case, act=body.act, by=by, now=now, details=_details(body))
    return answer(
        {
            **serialize_row(done.request, now),
            "act": body.act.value,
            "step": done.step,
            "will": serialize_effects(done.effects),
        }
    )


def _details(body: ActIn | BulkIn) -> Details:
    return Details(
        reason=body.reason,
        why=body.why,
        text=body.text,
        planned_on=body.planned_on,
        arrived_where=body.arrived_where.value if body.arrived_where else "",
        expected_version=body.version if isinstance(body, ActIn) else None,
    )


@router.post(
    "/returns/acts", response=BulkOut, operation_id="returns_act_many", summary="Act on many"
)
@operation(WRITE)
def returns_act_many(request: HttpRequest, body: BulkIn) -> HttpResponse:
    """Do one act on many cases; those that may not are reported with the reason, the others happen."""
    principal, now = caller(request), moment(request)
    ids = list(dict.fromkeys(body.ids))
    actors = {merchant: principal.actor_at(merchant) for merchant in principal.merchants}
    details = _details(body)
    would, no = request_preview_many(ids=ids, act=body.act, actors=actors, now=now, details=details)
    steps = {row.pk: advanced for row, advanced in would}
    refused = [(row.pk, row.number, blocked) for row, blocked in no]
    done = [(row.pk, row.number) for row, _advanced in would]
    if not body.preview:
        acted = request_act_many(ids=ids, act=body.act, actors=actors, now=now, details=details)
        done, refused = acted.done, acted.refused
    known = {pk for pk, _number in done} | {pk for pk, _number, _blocked in refused}
    return answer(
        {
            "preview": body.preview,
            "done": [
                {
                    "id": str(pk),
                    "number": number,
                    "step": steps[pk].step.number,
                    "will": serialize_effects(steps[pk].effects),
                }
                for pk, number in done
            ],
            "refused": [
                {"id": str(pk), "number": number, "why_not": serialize_blocked(blocked)}
                for pk, number, blocked in refused
            ],
            "missing": [str(pk) for pk in ids if pk not in known],
        }
    )


# --- noting ---------------------------------------------------------------------------------------------------------


@router.post(
    "/returns/{uuid:request_id}/notes",
    response=ReturnOut,
    operation_id="returns_note",
    summary="Note",
)
@operation(WRITE)
def returns_note(request: HttpRequest, request_id: UUID, body: NotesIn) -> HttpResponse:
    """Write down facts about a case; its control date follows them."""
    values = _noted(body)
    case, now = _case(request_id), moment(request)
    by = _by(request, case.request)
    if "assignee" in values:
        mine = values.pop("assignee") == "me"
        values |= {
            "assignee_id": by.user_id if mine else None,
            "assignee_name": by.name if mine else "",
        }
    line_id = values.pop("line", None)
    if line_id is None:
        row = loaded_note(case=case, values=values, by=by, now=now, why=body.why)
    else:
        row = line_note(case=case, line_id=line_id, values=values, by=by, now=now, why=body.why)
    return answer(serialize_row(row, now))


def _noted(body: NotesIn) -> dict[str, Any]:
    given = body.model_dump(exclude_unset=True, exclude={"why"})
    values = {name: _plain(value) for name, value in given.items()}
    if ("marketplace_due_at" in values) != ("marketplace_due_section" in values):
        raise invalid(
            "#/marketplace_due_section",
            _("“marketplace_due_at” and “marketplace_due_section” come together."),
            code="SECTION_NEEDED",
        )
    if values.get("marketplace_due_at", True) is None:
        values["marketplace_due_section"] = ""
    if "customer_phone" in values:
        values["customer_phone"] = _phone(values["customer_phone"])
    if "inspection" in values:
        inspection = values["inspection"]
        until = inspection.get("warranty_until")
        values["inspection"] = {
            **inspection,
            **({"warranty_until": until.isoformat()} if until else {}),
        }
    return values


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value
