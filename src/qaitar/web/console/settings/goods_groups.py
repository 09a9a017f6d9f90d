"""Categories and the law's groups of goods: the program suggests, a person decides once a category."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from qaitar.orders.services.goods_groups import categories_recent, mapping_review, mappings_of
from qaitar.returns.rules.goods_groups import GoodsGroup, suggest_group
from qaitar.returns.texts.words import word_for
from qaitar.web.console.case.records import Choice, Empty
from qaitar.web.console.frame.answers import see_other
from qaitar.web.console.frame.auth import MANAGERS, PageRequest, screen
from qaitar.web.console.frame.settings_views import (
    managed,
    merchant_chosen,
    merchants_named,
    notify,
)

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpResponse

    from qaitar.orders.models import GoodsGroupMapping

TITLE_MAX: Final = 200
RETURNABLE: Final = "-"  # the choice "may be returned"; an empty one is no choice


@dataclass(frozen=True, slots=True)
class CategoryRow:
    """One category: what is suggested and why, what was decided, by whom."""

    title: str
    suggested: str
    matched: str
    choices: tuple[Choice, ...]
    reviewed: bool
    decided: str
    by: str
    at: datetime | None


def _category(title: str, row: GoodsGroupMapping | None) -> CategoryRow:
    guess = suggest_group(title)
    reviewed = row is not None and row.reviewed_at is not None
    group = row.group if row is not None and reviewed else (guess.group.value if guess else "")
    return CategoryRow(
        title=title,
        suggested=str(word_for(guess.group)) if guess else "",
        matched=guess.matched if guess else "",
        choices=_choices(group),
        reviewed=reviewed,
        decided=_group_word(group),
        by=row.reviewed_by_name if row else "",
        at=row.reviewed_at if row else None,
    )


def _group_word(group: str) -> str:
    known = group in GoodsGroup.__members__
    return str(word_for(GoodsGroup(group))) if known else _("may be returned")


def _choices(group: str) -> tuple[Choice, ...]:
    free = Choice(value=RETURNABLE, label=_("may be returned"), selected=group == "")
    return (
        free,
        *(
            Choice(value=each.value, label=str(word_for(each)), selected=each.value == group)
            for each in GoodsGroup
        ),
    )


@require_GET
@screen(MANAGERS)
def mapping(visit: PageRequest) -> HttpResponse:
    """List the categories seen lately: first those that look not returnable and nobody has decided."""
    merchant_id = merchant_chosen(visit, visit.request.GET.get("merchant", ""))
    known = {row.category_title: row for row in mappings_of([merchant_id])}
    titles = sorted(set(categories_recent(merchant_id)) | set(known))
    rows = [_category(title, known.get(title)) for title in titles]
    rows.sort(key=lambda row: (row.reviewed, not row.suggested, row.title))
    names = merchants_named(managed(visit))
    path = reverse("console:mapping")
    context = {
        "rows": rows,
        "waiting": sum(not row.reviewed for row in rows),
        "save_url": f"{reverse('console:mapping_save')}?merchant={merchant_id}",
        "merchants": [
            Choice(value=f"{path}?merchant={key}", label=name, selected=key == merchant_id)
            for key, name in names.items()
        ]
        if len(names) > 1
        else [],
        "empty": Empty(
            title=_("No categories yet"),
            text=_(
                "They come with the orders. Import orders or join the store to its marketplace."
            ),
            icon="tag",
            url=reverse("console:imports"),
            link=_("Import orders"),
        ),
    }
    return render(visit.request, "console/settings/mapping.html", context)


@require_POST
@screen(MANAGERS)
def mapping_save(visit: PageRequest) -> HttpResponse:
    """Keep what a person decided about one category."""
    merchant_id = merchant_chosen(visit, visit.request.GET.get("merchant", ""))
    back = f"{reverse('console:mapping')}?merchant={merchant_id}"
    title, group = visit.request.POST.get("title", ""), visit.request.POST.get("group", "")
    if not _fits(merchant_id, title, group):
        notify(visit, _("Choose a group for a category of the list."), good=False)
        return see_other(back)
    guess = suggest_group(title)
    mapping_review(
        merchant_id=merchant_id,
        decided=(title, "" if group == RETURNABLE else group),
        suggested=guess.group.value if guess else "",
        by=visit.who.actor_at(merchant_id),
        now=visit.now,
    )
    notify(
        visit,
        _("“%(category)s”: %(group)s. It grounds decisions from now on.")
        % {"category": title, "group": _group_word(group)},
    )
    return see_other(back)


def _fits(merchant_id: UUID, title: str, group: str) -> bool:
    """Tell whether the category is one of this merchant's and the group one of the law's."""
    if group != RETURNABLE and group not in GoodsGroup.__members__:
        return False
    known = {row.category_title for row in mappings_of([merchant_id])}
    return 0 < len(title) <= TITLE_MAX and (
        title in known or title in categories_recent(merchant_id)
    )
