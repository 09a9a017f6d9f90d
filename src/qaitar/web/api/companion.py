"""The companion's own calls: pair and unpair a browser, say how the cabinet is, ask about the numbers seen there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from ninja import Router
from pydantic import Field

from qaitar.foundation.access import COMPANION, PAIRING
from qaitar.foundation.companions import (
    CodeUsed,
    Session,
    companion_of,
    companion_pair,
    companion_revoke,
    contact_note,
    watch_session,
)
from qaitar.foundation.companions_journal import companion_note
from qaitar.orders.listing import stores_of
from qaitar.returns.cabinet_shown import NUMBERS_MAX, cases_shown
from qaitar.returns.words import word_for
from qaitar.web.api.answers import answer, text_of
from qaitar.web.api.entry import Body, Entry, bearer, caller, lets_in, moment
from qaitar.web.api.problems import Turned, missing
from qaitar.web.api.schemas import At, Given, Short, Shown, Uuid

if TYPE_CHECKING:
    from qaitar.orders.models import Store
    from qaitar.returns.cabinet_shown import ShownCase, ToPress

router = Router(tags=["companion"])
STORES_MAX = 200


class Pairing(Given):
    """Which browser this is, in a word a person will know it by."""

    browser: Annotated[str, Field(min_length=1, max_length=60)]


class StoreOfCabinet(Shown):
    """A store and the number its cabinet knows it by."""

    id: Uuid
    name: str
    external_id: str


class Paired(Shown):
    """The companion's token, told this once, and whose it is."""

    token: str
    person: str
    language: str
    stores: list[StoreOfCabinet]


class Contact(Given):
    """How the cabinet is, and of which stores that is said."""

    session: Session
    stores: Annotated[list[Short], Field(max_length=STORES_MAX, default_factory=list)]


class ContactTaken(Shown):
    """Which stores to read, in which language to speak."""

    person: str
    language: str
    stores: list[StoreOfCabinet]


class Unpaired(Shown):
    """Since when the token opens nothing."""

    ended_at: At


class Seen(Given):
    """Numbers of requests seen in the cabinet."""

    numbers: Annotated[list[Short], Field(min_length=1, max_length=NUMBERS_MAX)]


class FileShown(Shown):
    """A file to attach; the address is opened by the person, signed in."""

    name: str
    path: str


class ToPressShown(Shown):
    """A decision still to be pressed in the cabinet."""

    act: str
    button: str
    text: str
    decided_at: At
    decided_by: str
    files: list[FileShown]


class CaseShown(Shown):
    """What is told beside a request's number."""

    number: str
    store: Uuid
    product: str
    stage: str
    stage_word: str
    due_at: At | None
    path: str
    to_press: ToPressShown | None


class CasesShown(Shown):
    """The numbers that are known here; others are left out."""

    items: list[CaseShown]


@router.post(
    "/companion/pair",
    response={201: Paired},
    operation_id="companion_pair",
    summary="Pair a browser",
)
@lets_in(Entry(PAIRING, body=Body.JSON, secret=True))
def companion_paired(request: HttpRequest, given: Pairing) -> HttpResponse:
    """Change the one-time code, sent as the bearer token, for a token of the companion's own."""
    try:
        token = companion_pair(code=bearer(request), browser=given.browser, now=moment(request))
    except CodeUsed:
        raise Turned(409, "CODE_USED", _("This code has been used. Make a new one.")) from None
    row = companion_of(token)
    assert row is not None, "made this moment"
    companion_note(row, "COMPANION_PAIR", who=caller(request), now=moment(request))
    return answer({"token": token, **_told(request)}, status=201)


@router.post(
    "/companion/contact",
    response=ContactTaken,
    operation_id="companion_contact",
    summary="Say how the cabinet is",
)
@lets_in(Entry(COMPANION, body=Body.JSON))
def companion_contact(request: HttpRequest, given: Contact) -> HttpResponse:
    """Take what the companion says of the cabinet; answer which stores it may read."""
    row = companion_of(bearer(request))
    if row is None:
        raise missing()
    now = moment(request)
    contact_note(row, given.session, now=now)
    mine = {str(store.pk): store.pk for store in _stores(request)}
    said = [mine[each] for each in given.stores if each in mine]
    watch_session(row, said, given.session, who=caller(request), now=now)
    return answer(_told(request))


@router.post(
    "/companion/unpair",
    response=Unpaired,
    operation_id="companion_unpair",
    summary="End this companion",
)
@lets_in(Entry(COMPANION))
def companion_unpaired(request: HttpRequest) -> HttpResponse:
    """End the token it is called with: the person has unpaired the browser there."""
    row = companion_of(bearer(request))
    if row is None:
        raise missing()
    now = moment(request)
    companion_revoke(row, now=now)
    companion_note(row, "COMPANION_END", who=caller(request), now=now)
    return answer({"ended_at": now.isoformat()})


@router.post(
    "/companion/shown",
    response=CasesShown,
    operation_id="companion_shown",
    summary="Ask about numbers seen in the cabinet",
)
@lets_in(Entry(COMPANION, body=Body.JSON))
def companion_shown(request: HttpRequest, given: Seen) -> HttpResponse:
    """Tell the stage, the date and what is left to press of requests, by their numbers."""
    stores = [store.pk for store in _stores(request)]
    return answer({"items": [_case(each) for each in cases_shown(stores, given.numbers)]})


def _stores(request: HttpRequest) -> list[Store]:
    return stores_of(caller(request).merchants)


def _told(request: HttpRequest) -> dict[str, Any]:
    principal = caller(request)
    return {
        "person": principal.name,
        "language": principal.language,
        "stores": [
            {"id": str(store.pk), "name": store.name, "external_id": store.external_id}
            for store in _stores(request)
        ],
    }


def _case(case: ShownCase) -> dict[str, Any]:
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


def _to_press(told: ToPress) -> dict[str, Any]:
    return {
        "act": str(word_for(told.act)),
        "button": told.button,
        "text": told.text,
        "decided_at": told.decided_at.isoformat(),
        "decided_by": told.decided_by,
        "files": [
            {"name": name, "path": reverse("console:evidence_file", args=[key])}
            for key, name in told.files
        ],
    }
