"""The companion's own calls: pair and unpair a browser, say how the cabinet is, ask about the numbers seen there."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from ninja import Router
from pydantic import Field

from qaitar.foundation.identity.access import COMPANION, PAIRING
from qaitar.foundation.identity.actors import RoleNotAllowed
from qaitar.foundation.identity.companions import (
    CodeUsed,
    CompanionSession,
    FailedDetail,
    ListRead,
    ReadingGaps,
    companion_of,
    companion_pair,
    companion_revoke,
    contact_note,
    watch_failed,
    watch_session,
    watch_unanswered,
)
from qaitar.foundation.identity.companions_journal import companion_note
from qaitar.foundation.identity.request_origin import origin_of
from qaitar.foundation.identity.security_journal import SecurityKind, account_note, note_by
from qaitar.kernel.roles import WORKERS
from qaitar.orders.listing import stores_of
from qaitar.returns.mirror.companion_view import NUMBERS_MAX, cases_missed, companion_cases
from qaitar.returns.texts.words import word_for
from qaitar.web.api.answers import answer, text_of
from qaitar.web.api.operations import Body, Entry, bearer, caller, moment, operation
from qaitar.web.api.problems import Turned, missing
from qaitar.web.api.schemas import At, InModel, Moment, OutModel, Short, Uuid

if TYPE_CHECKING:
    from uuid import UUID

    from qaitar.foundation.models import Companion
    from qaitar.orders.models import Store
    from qaitar.returns.mirror.companion_view import CompanionCase, ToPress

router = Router(tags=["companion"])
STORES_MAX = 200
LISTS_MAX = 2_000
ODD_MAX = 100
FAILED_MAX = 1_000
SEEN_MAX = 10_000


class Pairing(InModel):
    """Which browser this is, in a word a person will know it by."""

    browser: Annotated[str, Field(min_length=1, max_length=60)]


class StoreOfCabinet(OutModel):
    """A store and the number its cabinet knows it by."""

    id: Uuid
    name: str
    external_id: str


class Paired(OutModel):
    """The companion's token, told this once, and whose it is."""

    token: str
    person: str
    language: str
    stores: list[StoreOfCabinet]


class ListOfCabinet(InModel):
    """One list of a store's cabinet that was read to its end: how many the counts name, how many came."""

    store: Short
    tab: Annotated[str, Field(min_length=1, max_length=60)]
    expected: Annotated[int, Field(ge=0, le=1_000_000)]
    read: Annotated[int, Field(ge=0, le=1_000_000)]


class OddNumber(InModel):
    """A request's number in a form other than `<order>-<attempt>`, as the cabinet wrote it."""

    store: Short
    number: Annotated[str, Field(min_length=1, max_length=60)]


class FailedDetailOfCabinet(InModel):
    """A request whose detail did not come: a code of why, since when, and after how many tries."""

    store: Short
    number: Annotated[str, Field(min_length=1, max_length=60)]
    why: Annotated[str, Field(pattern="^[A-Z][A-Z0-9_]{1,19}$")]
    since: Moment
    tries: Annotated[int, Field(ge=1, le=1_000_000)]


class Contact(InModel):
    """How the cabinet is, of which stores that is said, and after a whole reading how its lists fit its counts.

    `failed` names, after a reading of `stores`, every request of theirs whose detail does not come; without it nothing is said.
    """

    session: CompanionSession
    stores: Annotated[list[Short], Field(max_length=STORES_MAX, default_factory=list)]
    lists: Annotated[list[ListOfCabinet], Field(max_length=LISTS_MAX, default_factory=list)]
    odd_numbers: Annotated[list[OddNumber], Field(max_length=ODD_MAX, default_factory=list)]
    failed: Annotated[list[FailedDetailOfCabinet] | None, Field(max_length=FAILED_MAX)] = None


class ContactOut(OutModel):
    """Which stores to read, in which language to speak, and what time it is here."""

    now: At
    person: str
    language: str
    stores: list[StoreOfCabinet]


class Unpaired(OutModel):
    """Since when the token opens nothing."""

    ended_at: At


class SeenOut(InModel):
    """Numbers of requests seen in the cabinet."""

    numbers: Annotated[list[Short], Field(min_length=1, max_length=NUMBERS_MAX)]


class FileOut(OutModel):
    """A file to attach; the address is opened by the person, signed in."""

    name: str
    path: str


class ToPressOut(OutModel):
    """A decision still to be pressed in the cabinet."""

    act: str
    button: str
    text: str
    decided_at: At
    decided_by: str
    files: list[FileOut]


class CaseOut(OutModel):
    """What is told beside a request's number."""

    number: str
    store: Uuid
    product: str
    stage: str
    stage_word: str
    due_at: At | None
    path: str
    to_press: ToPressOut | None


class CasesOut(OutModel):
    """The numbers that are known here; others are left out."""

    items: list[CaseOut]


class SeenOpen(InModel):
    """Every number that a whole reading of a store's open sections brought."""

    store: Short
    seen: Annotated[list[Short], Field(max_length=SEEN_MAX)]


class MissedRequest(OutModel):
    """A request to be looked up by its detail."""

    number: str
    refund_id: str


class MissedRequests(OutModel):
    """Requests that have left the open sections; `left` is how many more there are."""

    items: list[MissedRequest]
    left: int


@router.post(
    "/companion/pair",
    response={201: Paired},
    operation_id="companion_pair",
    summary="Pair a browser",
)
@operation(Entry(PAIRING, body=Body.JSON, secret=True))
def companion_paired(request: HttpRequest, given: Pairing) -> HttpResponse:
    """Change the one-time code, sent as the bearer token, for a token of the companion's own."""
    body = _body(request)
    try:
        token = companion_pair(code=bearer(request), browser=given.browser, now=moment(request))
    except CodeUsed:
        raise Turned(409, "CODE_USED", _("This code has been used. Make a new one.")) from None
    row = companion_of(token)
    assert row is not None, "made this moment"
    companion_note(row, "COMPANION_PAIR", who=caller(request), now=moment(request))
    _security_note(request, SecurityKind.COMPANION_PAIRED, row)
    return answer({"token": token, **body}, status=201)


@router.post(
    "/companion/contact",
    response=ContactOut,
    operation_id="companion_contact",
    summary="Say how the cabinet is",
)
@operation(Entry(COMPANION, body=Body.JSON))
def companion_contact(request: HttpRequest, given: Contact) -> HttpResponse:
    """Take what the companion says of the cabinet; answer which stores it may read."""
    row = companion_of(bearer(request))
    if row is None:
        raise missing()
    now = moment(request)
    stores = {store.pk: store.merchant_id for store in _stores(request)}
    mine = {str(store): store for store in stores}
    gaps = _gaps(given)
    is_short = given.session is CompanionSession.OPEN and any(
        one.as_json() for one in gaps.values()
    )
    contact_note(row, CompanionSession.CHANGED if is_short else given.session, now=now)
    reported = {mine[each]: gaps.get(each) for each in (*given.stores, *gaps) if each in mine}
    who = caller(request)
    if given.session is CompanionSession.NO_ANSWER:
        watch_unanswered(row, {store: stores[store] for store in reported}, who=who, now=now)
    watch_session(row, reported, given.session, who=who, now=now)
    if given.failed is not None:
        for store in reported:
            watch_failed(row, store, _failed(given.failed, store), who=who, now=now)
    return answer({"now": now.isoformat(), **_body(request)})


def _failed(given: list[FailedDetailOfCabinet], store: UUID) -> list[FailedDetail]:
    """Give what failed of one store, the longest first."""
    own = [one for one in given if one.store == str(store)]
    failed = [FailedDetail(one.number, one.why, one.since, one.tries) for one in own]
    return sorted(failed, key=lambda one: (one.since, one.number))


def _gaps(given: Contact) -> dict[str, ReadingGaps]:
    """Give what of each store read whole does not fit, by the store's id; a store without lists was not read whole."""
    stores = dict.fromkeys(
        [*(one.store for one in given.lists), *(one.store for one in given.odd_numbers)]
    )
    return {
        store: ReadingGaps.of(
            [
                ListRead(one.tab, one.expected, one.read)
                for one in given.lists
                if one.store == store
            ],
            [one.number for one in given.odd_numbers if one.store == store],
        )
        for store in stores
    }


@router.post(
    "/companion/unpair",
    response=Unpaired,
    operation_id="companion_unpair",
    summary="End this companion",
)
@operation(Entry(COMPANION))
def companion_unpaired(request: HttpRequest) -> HttpResponse:
    """End the token it is called with: the person has unpaired the browser there."""
    row = companion_of(bearer(request))
    if row is None:
        raise missing()
    now = moment(request)
    companion_revoke(row, now=now)
    companion_note(row, "COMPANION_END", who=caller(request), now=now)
    _security_note(request, SecurityKind.COMPANION_ENDED, row)
    return answer({"ended_at": now.isoformat()})


def _security_note(request: HttpRequest, kind: SecurityKind, row: Companion) -> None:
    origin = origin_of(request, "api")
    note = note_by(caller(request), kind, at=moment(request), origin=origin, companion=row.browser)
    account_note(row.user, note)


@router.post(
    "/companion/shown",
    response=CasesOut,
    operation_id="companion_cases",
    summary="Ask about numbers seen in the cabinet",
)
@operation(Entry(COMPANION, body=Body.JSON))
def companion_cases_list(request: HttpRequest, given: SeenOut) -> HttpResponse:
    """Tell the stage, the date and what is left to press of requests, by their numbers."""
    stores = [store.pk for store in _stores(request)]
    return answer({"items": [_case(each) for each in companion_cases(stores, given.numbers)]})


@router.post(
    "/companion/missing",
    response=MissedRequests,
    operation_id="companion_missing",
    summary="Ask which requests have left the open sections",
)
@operation(Entry(COMPANION, body=Body.JSON))
def companion_missing(request: HttpRequest, given: SeenOpen) -> HttpResponse:
    """Name the store's requests known in an open section that are not among `seen`, the longest unseen first."""
    store = next((each for each in _stores(request) if str(each.pk) == given.store), None)
    if store is None:
        raise missing()
    items, left = cases_missed(store.pk, given.seen)
    return answer({"items": [asdict(one) for one in items], "left": left})


def _stores(request: HttpRequest) -> list[Store]:
    """List the stores of the merchants where the caller works on requests.

    Raises:
        RoleNotAllowed: at none of their merchants.
    """
    who = caller(request)
    working = [merchant for merchant in who.merchants if who.may(WORKERS, merchant)]
    if not working and who.roles:
        raise RoleNotAllowed(next(iter(who.roles.values())))
    return stores_of(working)


def _body(request: HttpRequest) -> dict[str, Any]:
    principal = caller(request)
    return {
        "person": principal.name,
        "language": principal.language,
        "stores": [
            {"id": str(store.pk), "name": store.name, "external_id": store.external_id}
            for store in _stores(request)
        ],
    }


def _case(case: CompanionCase) -> dict[str, Any]:
    return {
        "number": case.number,
        "store": str(case.store_id),
        "product": case.product,
        "stage": case.stage.value,
        "stage_word": str(word_for(case.stage)),
        "due_at": text_of(case.due_at),
        "path": reverse("console:case", args=[case.id]),
        "to_press": None if case.to_press is None else _to_press(case.to_press),
    }


def _to_press(press: ToPress) -> dict[str, Any]:
    return {
        "act": str(word_for(press.act)),
        "button": press.button,
        "text": press.text,
        "decided_at": press.decided_at.isoformat(),
        "decided_by": press.decided_by,
        "files": [
            {"name": name, "path": reverse("console:evidence_file", args=[key])}
            for key, name in press.files
        ],
    }
