"""A merchant's rules: what is in force and who says so, changed within the law's limits, tried on the open requests first."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from qaitar.kernel.zones import ALMATY, local_date, zone
from qaitar.returns.models import MerchantRule
from qaitar.returns.rules.case_evaluation import ruled_day
from qaitar.returns.rules.dated_rules import RuleCode
from qaitar.returns.services.merchant_rules import (
    Preview,
    RuleMissing,
    RuleRefused,
    rule_end,
    rule_save,
    rules_of,
    rules_preview,
)
from qaitar.returns.texts.sentences import ground_sentence, rule_refusal_sentence
from qaitar.returns.texts.words import word_for
from qaitar.web.console.case.records import Choice
from qaitar.web.console.frame.answers import is_partial, see_other
from qaitar.web.console.frame.auth import MANAGERS, PageRequest, found_or_404, screen
from qaitar.web.console.frame.settings_views import (
    managed,
    merchant_chosen,
    merchants_named,
    notify,
)
from qaitar.web.console.settings.records import RulePage, RulePreview, RulePreviewLine
from qaitar.web.console.settings.rule_forms import RuleForm, rule_name, today_first, value_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from django.http import HttpResponse

    from qaitar.returns.rules.dated_rules import Rules
    from qaitar.returns.rules.policy import PolicyVerdict

LINES_MAX: Final = 12


def _today(visit: PageRequest) -> date:
    return local_date(visit.now, zone(ALMATY))


def _rules_text(rows: Sequence[MerchantRule]) -> str:
    ordered = sorted(rows, key=lambda row: (row.key, row.valid_from, row.pk))
    lines = [
        {
            "key": row.key,
            "value": row.value,
            "from": row.valid_from.isoformat(),
            "to": row.valid_to.isoformat() if row.valid_to else None,
        }
        for row in ordered
    ]
    return json.dumps(lines)


def _in_force(rows: Sequence[MerchantRule], day: date) -> Rules:
    return ruled_day(_rules_text(rows), day).rules


@require_http_methods(["GET", "POST"])
@screen(MANAGERS)
def rules(visit: PageRequest) -> HttpResponse:
    """Show the rules of a merchant and save changed ones."""
    merchant_id = merchant_chosen(visit, visit.request.GET.get("merchant", ""))
    own = rules_of(merchant_id)
    given = visit.request.POST if visit.request.method == "POST" else None
    form = RuleForm(_in_force(own, _today(visit)), given, initial=today_first(_today(visit)))
    if given is not None and form.is_valid():
        entries = form.entries()
        by = visit.who.actor_at(merchant_id)
        try:
            for entry in entries:
                rule_save(merchant_id=merchant_id, entry=entry, by=by, now=visit.now)
        except RuleRefused as refused:
            form.add_error(None, rule_refusal_sentence(refused.refusal))
        else:
            names = ", ".join(f"«{rule_name(entry.code)}»" for entry in entries)
            notify(
                visit,
                _("Saved: %(rules)s. Requests filed from then on are judged by it.")
                % {"rules": names}
                if entries
                else _("Nothing was different, so nothing was changed."),
            )
            return see_other(_address(merchant_id))
    return _page(visit, merchant_id, own, form)


def _address(merchant_id: UUID, name: str = "rules") -> str:
    return f"{reverse(f'console:{name}')}?merchant={merchant_id}"


@require_POST
@screen(MANAGERS)
def rules_try(visit: PageRequest) -> HttpResponse:
    """Judge the open requests by the changed rules, saving nothing; the part alone, or the whole page."""
    merchant_id = merchant_chosen(visit, visit.request.GET.get("merchant", ""))
    own = rules_of(merchant_id)
    form = RuleForm(_in_force(own, _today(visit)), visit.request.POST)
    preview = None
    if form.is_valid():
        found = rules_preview(merchant_id=merchant_id, proposed=form.entries(), now=visit.now)
        preview = _preview(found)
    if is_partial(visit.request):
        context = {"preview": preview, "errors": form.errors}
        return render(visit.request, "console/settings/partials/rule_preview.html", context)
    return _page(visit, merchant_id, own, form, preview)


def _preview(found: Preview) -> RulePreview:
    differences = found.differences[:LINES_MAX]
    return RulePreview(
        checked=found.checked,
        changed=found.changed,
        lines=tuple(
            RulePreviewLine(
                number=each.number,
                url=reverse("console:case", args=[each.case_id]),
                before=_verdict(each.before),
                after=_verdict(each.after),
            )
            for each in differences
        ),
        more=found.changed - len(differences),
    )


def _verdict(verdict: PolicyVerdict) -> str:
    """Say the advice and its weightiest ground."""
    return f"{word_for(verdict.answer)} ({ground_sentence(verdict.grounds[0])})"


def _page(
    visit: PageRequest,
    merchant_id: UUID,
    own: Sequence[MerchantRule],
    form: RuleForm,
    preview: RulePreview | None = None,
) -> HttpResponse:
    names = merchants_named(managed(visit))
    latest = max(own, key=lambda row: row.created_at, default=None)
    page = RulePage(
        store=names[merchant_id],
        url=_address(merchant_id),
        preview_url=_address(merchant_id, "rules_try"),
        stores=tuple(
            Choice(value=_address(key), label=name, selected=key == merchant_id)
            for key, name in names.items()
        )
        if len(names) > 1
        else (),
        preview=preview,
        changed_at=latest.created_at if latest else None,
        changed_by=latest.by_name if latest else "",
    )
    today = _today(visit)
    context = {"page": page, "form": form, "own": [_own(row, today) for row in own]}
    status = 422 if form.errors else 200
    return render(visit.request, "console/settings/rules.html", context, status=status)


def _own(row: MerchantRule, today: date) -> dict[str, object]:
    code = RuleCode(row.key)
    over = row.valid_to is not None and row.valid_to < today
    return {
        "name": rule_name(code),
        "value": value_text(code, row.value),
        "since": row.valid_from,
        "until": row.valid_to,
        "note": row.note,
        "by": row.by_name,
        "over": over,
        "end_url": "" if over else reverse("console:rule_end", args=[row.pk]),
    }


@require_POST
@screen(MANAGERS)
def rule_end_view(visit: PageRequest, rule_id: UUID) -> HttpResponse:
    """Let an own rule end with yesterday; the usual one holds from today."""
    rows = MerchantRule.objects.filter(pk=rule_id, merchant_id__in=managed(visit))
    row = found_or_404(rows.first())
    yesterday = _today(visit).fromordinal(_today(visit).toordinal() - 1)
    by = visit.who.actor_at(row.merchant_id)
    try:
        rule_end(rule_id=rule_id, last_day=yesterday, by=by, now=visit.now)
    except RuleMissing:
        notify(visit, _("This rule has ended already."), good=False)
    else:
        notify(
            visit,
            _("“%(rule)s” no longer holds for requests filed from today on.")
            % {"rule": rule_name(RuleCode(row.key))},
        )
    return see_other(_address(row.merchant_id))
