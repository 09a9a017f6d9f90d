"""Practice: begun, gone on with, ended, and what came of it; a senior and an owner see everybody's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from qaitar.foundation.tenancy.walls import see
from qaitar.training.cases import LASTS_MINUTES, SEED_MAX, STORIES
from qaitar.training.models import Practice, PracticeState
from qaitar.training.selectors import place_of, practices_latest
from qaitar.training.services.ending import practice_end, practice_so_far
from qaitar.training.services.opening import PracticeProblem, practice_begin, seed_new
from qaitar.web.console.frame.answers import is_partial, see_other
from qaitar.web.console.frame.auth import APPROVERS, DECIDERS, PageRequest, found_or_404, screen
from qaitar.web.console.frame.settings_views import (
    managed,
    merchant_chosen,
    merchants_named,
    notify,
)
from qaitar.web.console.practice.present import practice_costs, practice_rows, result_page

if TYPE_CHECKING:
    from uuid import UUID

    from qaitar.training.selectors import PracticePlace

END, GIVE_UP, BEGIN = "end", "give_up", "begin"
_SEED_DIGITS: Final = len(str(SEED_MAX))


@require_http_methods(["GET", "POST"])
@screen(DECIDERS)
def practice(visit: PageRequest) -> HttpResponse:
    """Show where the reader's practice stands, or let them begin one."""
    place = place_of(visit.who.user_id)
    if visit.request.method == "POST":
        return _pressed(visit, place)
    if place is None:
        return _lobby(visit)
    return _under_way(visit, place)


@require_GET
@screen(DECIDERS)
def practice_result(visit: PageRequest, practice_id: UUID) -> HttpResponse:
    """Show one result: one's own, or anybody's where the reader is a senior or above."""
    found = found_or_404(Practice.objects.filter(pk=practice_id).first())
    if found.user_id != visit.who.user_id and not visit.who.may(APPROVERS, found.merchant_id):
        raise Http404
    cases = found.result.get("cases", [])
    context = {"page": result_page(found, found.score, cases), "costs": practice_costs()}
    return render(visit.request, "console/practice/practice_result.html", context)


def _lobby(visit: PageRequest) -> HttpResponse:
    seniors = managed(visit, APPROVERS)
    mine = practices_latest(visit.who.merchants, user_id=visit.who.user_id)
    theirs = [one for one in practices_latest(seniors) if one.user_id != visit.who.user_id]
    names = merchants_named(managed(visit, DECIDERS))
    context = {
        "mine": practice_rows(mine),
        "theirs": practice_rows(theirs),
        "is_senior": bool(seniors),
        "merchants": names.items() if len(names) > 1 else (),
        "minutes": LASTS_MINUTES,
        "count": len(STORIES),
        "seed_max": SEED_MAX,
        "costs": practice_costs(),
    }
    return render(visit.request, "console/practice/practice.html", context)


def _under_way(visit: PageRequest, place: PracticePlace) -> HttpResponse:
    """Judge the practice as if it ended now, with both walls open for as long as that takes."""
    see([place.home, place.shop_id])
    found = found_or_404(Practice.objects.filter(shop_id=place.shop_id).first())
    so_far = practice_so_far(found, visit.now) if found.opened_at is not None else None
    see(visit.who.merchants)
    if so_far is None:
        context = {"prepared": found.prepared, "count": len(STORIES)}
        part = "console/practice/partials/practice_preparing.html"
        page = "console/practice/practice_preparing.html"
        return render(visit.request, part if is_partial(visit.request) else page, context)
    if is_partial(visit.request):  # the page that waited for it
        return HttpResponse(headers={"HX-Redirect": reverse("console:queue")})
    fields = {
        "page": result_page(found, *so_far),
        "costs": practice_costs(),
        "queue_url": reverse("console:queue"),
    }
    return render(visit.request, "console/practice/practice_result.html", fields)


def _pressed(visit: PageRequest, place: PracticePlace | None) -> HttpResponse:
    wanted = visit.request.POST.get("what", "")
    here = see_other(reverse("console:practice"))
    if place is None:
        return _begun(visit) if wanted == BEGIN else here
    if wanted not in {END, GIVE_UP}:
        return here
    see([place.home, place.shop_id])
    found = found_or_404(Practice.objects.filter(shop_id=place.shop_id).first())
    ended = practice_end(practice_id=found.pk, now=visit.now, given_up=wanted == GIVE_UP)
    see([place.home])
    assert ended is not None, "the practice has just been read"
    notify(visit, _("The practice is over. You are back at your own work."))
    if ended.state == PracticeState.GIVEN_UP and ended.opened_at is None:
        return here
    return see_other(reverse("console:practice_result", args=[ended.pk]))


def _begun(visit: PageRequest) -> HttpResponse:
    home = merchant_chosen(visit, visit.request.POST.get("merchant", ""), DECIDERS)
    wanted = visit.request.POST.get("seed", "").strip()
    known = wanted.isascii() and wanted.isdigit() and len(wanted) <= _SEED_DIGITS
    if wanted and not (known and int(wanted)):
        notify(visit, _("A set of cases is a number from 1 to 999999."), good=False)
        return see_other(reverse("console:practice"))
    try:
        practice_begin(
            who=visit.who,
            home=home,
            name=_("Practice shop"),
            seed=int(wanted) if wanted else seed_new(),
            now=visit.now,
        )
    except PracticeProblem:
        notify(visit, _("Your practice has begun already."), good=False)
    return see_other(reverse("console:practice"))
