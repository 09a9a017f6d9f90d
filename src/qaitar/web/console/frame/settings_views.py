"""What the office pages share: whose settings one may change, sentences after an act, secrets shown once, calls outside."""

from __future__ import annotations

import json
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, Final, ParamSpec, cast
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.utils.translation import gettext_lazy as _

from qaitar.foundation.connections.secrets import NotOpened, seal, unseal
from qaitar.foundation.models import Merchant
from qaitar.web.console.frame.auth import MANAGERS, PageRequest, screen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.http import HttpRequest

    from qaitar.kernel.roles import Role

P = ParamSpec("P")
_FRESH: Final = "fresh_secret"
_PLACE: Final = "session, shown once"


# --- whose settings ---------------------------------------------------------------------------------


def managed(visit: PageRequest, roles: frozenset[Role] = MANAGERS) -> tuple[UUID, ...]:
    """Name the merchants at which the reader holds one of `roles`, in a fixed order."""
    return tuple(sorted(key for key, role in visit.who.roles.items() if role in roles))


def merchants_named(keys: Sequence[UUID]) -> dict[UUID, str]:
    """Give these merchants' names in order of name."""
    rows = Merchant.objects.filter(pk__in=keys).order_by("name", "id")
    return dict(rows.values_list("pk", "name"))


def merchant_chosen(visit: PageRequest, wanted: str, roles: frozenset[Role] = MANAGERS) -> UUID:
    """Tell which merchant a page of settings is about: the one asked for, else the first by name.

    Raises:
        Http404: one was asked for at which the reader may not do this, whether it exists or not.
    """
    mine = managed(visit, roles)
    if not wanted:
        return next(iter(merchants_named(mine)))
    try:
        key = UUID(wanted)
    except ValueError as error:
        raise Http404 from error
    if key not in mine:
        raise Http404
    return key


# --- what happened ----------------------------------------------------------------------------------


def notify(visit: PageRequest, sentence: object, *, good: bool = True) -> None:
    """Leave a sentence for the next page: what happened and where it can be seen."""
    add = messages.success if good else messages.error
    add(visit.request, str(sentence))


def fresh_put(visit: PageRequest, secret: str, about: str = "") -> None:
    """Keep a new secret, sealed, for the next page of the same session only.

    Raises:
        NoKey: the installation has no encryption key.
    """
    text = json.dumps({"secret": secret, "about": about})
    visit.request.session[_FRESH] = seal(text.encode(), place=_PLACE).hex()


def fresh_take(visit: PageRequest) -> tuple[str, str]:
    """Give the new secret and what it is for, once; empty ever after."""
    sealed = visit.request.session.pop(_FRESH, "")
    if not sealed:
        return "", ""
    try:
        values = json.loads(unseal(bytes.fromhex(sealed), place=_PLACE))
    except (
        NotOpened
    ):  # the key was changed in between: it cannot be shown, and must not stop the page
        return "", ""
    return values["secret"], values["about"]


def not_stored(answer: HttpResponse) -> HttpResponse:
    """Forbid every cache to keep an answer that shows a secret."""
    answer["Cache-Control"] = "no-store"
    return answer


NO_KEY: Final = _(
    "This installation has no encryption key, so secrets cannot be kept. Set QAITAR_ENCRYPTION_KEY and restart."
)


# --- pages that call outside ------------------------------------------------------------------------


class _Opened(HttpResponse):
    """Carries the visit out of the door."""

    visit: PageRequest


def screen_outside(
    roles: frozenset[Role],
) -> Callable[
    [Callable[Concatenate[PageRequest, P], HttpResponse]],
    Callable[Concatenate[HttpRequest, P], HttpResponse],
]:
    """Like `screen`, for pages that call another system: no transaction is open while the view runs.

    The view opens short ones behind the walls it needs (`within_walls`).
    """

    def decorate(
        view: Callable[Concatenate[PageRequest, P], HttpResponse],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
        door = screen(roles)(_opened)

        @transaction.non_atomic_requests
        @wraps(view)
        def enter(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            with transaction.atomic():
                answer = door(request)
            if not isinstance(answer, _Opened):
                return answer
            return view(answer.visit, *args, **kwargs)

        enter.screen_roles = roles  # type: ignore[attr-defined]  # read by the matrix test
        return cast("Callable[Concatenate[HttpRequest, P], HttpResponse]", enter)

    return decorate


def _opened(visit: PageRequest) -> HttpResponse:
    answer = _Opened()
    answer.visit = visit
    return answer
