"""API tokens of the reader: made with scopes, shown once, revoked at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from django import forms
from django.db.models import Q
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from qaitar.foundation.connections.secrets import NoKey
from qaitar.foundation.identity.access import (
    MACHINE_SCOPES,
    SCOPES,
    TOKEN_DAYS,
    digest_of,
    token_create,
)
from qaitar.foundation.identity.security_journal import SecurityKind
from qaitar.foundation.identity.token_forms import TOKEN_PREFIX
from qaitar.foundation.models import ApiToken, User
from qaitar.web.console.frame.answers import see_other
from qaitar.web.console.frame.auth import MANAGERS, PageRequest, found_or_404, screen
from qaitar.web.console.frame.fresh_sign_in import sensitive
from qaitar.web.console.frame.settings_views import (
    NO_KEY,
    fresh_put,
    fresh_take,
    not_stored,
    notify,
)
from qaitar.web.console.settings.records import TokenPage, TokenRow
from qaitar.web.console.settings.security_notes import account_change_note

if TYPE_CHECKING:
    from django.http import HttpResponse

ROWS_MAX: Final = 200
TOKENS_MAX: Final = 50  # alive at once, of one person
SCOPE_WORDS: Final = {
    "read": _("read requests, orders and files"),
    "write": _("act on requests, add files, import orders"),
    "intake": _("hand over what the cabinet shows, nothing else"),
    "admin": _("webhooks and settings"),
}
assert set(SCOPE_WORDS) == set(SCOPES), "every scope has its words"
TERMS: Final = {
    "90": _("90 days"),
    "365": _("one year"),
}


class TokenForm(forms.Form):
    """Which program, what it may do, until when."""

    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("Which program uses it"))
    scopes = forms.MultipleChoiceField(
        label=_("May"),
        choices=list(SCOPE_WORDS.items()),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Never more than you may yourself."),
    )
    days = forms.ChoiceField(
        label=_("Valid for"), choices=list(TERMS.items()), initial="365", required=False
    )


@require_http_methods(["GET", "POST"])
@screen(MANAGERS)
@sensitive
def tokens(visit: PageRequest) -> HttpResponse:
    """List the reader's tokens and make one."""
    given = visit.request.POST if visit.request.method == "POST" else None
    form = TokenForm(given, initial={"scopes": ["read"], "days": "365"})
    if given is not None and form.is_valid() and _made(visit, form):
        notify(visit, _now("The token is made. Copy it now; it is shown once."))
        return see_other(reverse("console:tokens"))
    secret, _about = fresh_take(visit) if given is None else ("", "")
    page = TokenPage(
        rows=tuple(_row(row) for row in _alive(visit)),
        url=reverse("console:tokens"),
        fresh_secret=secret,
        docs_url=reverse("api:openapi-json"),
    )
    context = {"page": page, "form": form}
    status = 422 if form.errors else 200
    return not_stored(render(visit.request, "console/settings/tokens.html", context, status=status))


def _alive(visit: PageRequest) -> list[ApiToken]:
    rows = ApiToken.objects.filter(
        user_id=visit.who.user_id, revoked_at=None, expires_at__gt=visit.now
    )
    of_machines = Q()
    for scope in MACHINE_SCOPES:
        of_machines |= Q(scopes__contains=[scope])
    return list(rows.exclude(of_machines).order_by("-created_at", "-id")[:ROWS_MAX])


def _row(row: ApiToken) -> TokenRow:
    return TokenRow(
        name=row.name,
        prefix=f"{TOKEN_PREFIX}…{row.hint}",
        scopes=", ".join(str(SCOPE_WORDS.get(scope, scope)) for scope in row.scopes),
        made_at=row.created_at,
        last_used_at=row.last_used_on,
        expires_at=row.expires_at,
        revoke_url=reverse("console:token_revoke", args=[row.pk]),
    )


def _made(visit: PageRequest, form: TokenForm) -> bool:
    """Make the token and keep it, sealed, for the next page; tells whether it could."""
    data = form.cleaned_data
    if len(_alive(visit)) >= TOKENS_MAX:
        form.add_error(
            None, _now("You have %(count)d tokens; revoke one first.") % {"count": TOKENS_MAX}
        )
        return False
    user = User.objects.get(pk=visit.who.user_id)
    days = int(data["days"] or TOKEN_DAYS)
    token = token_create(
        user=user, name=data["name"], scopes=data["scopes"], now=visit.now, days=days
    )
    try:
        fresh_put(visit, token)
    except NoKey:
        ApiToken.objects.filter(digest=digest_of(token)).delete()
        form.add_error(None, str(NO_KEY))
        return False
    account_change_note(
        visit,
        SecurityKind.TOKEN_MADE,
        user,
        token=data["name"],
        hint=token[-4:],
        scopes=data["scopes"],
        days=days,
    )
    return True


@require_POST
@screen(MANAGERS)
@sensitive
def token_revoke(visit: PageRequest, token_id: UUID) -> HttpResponse:
    """End a token of the reader's own; programs using it are turned away at once."""
    mine = ApiToken.objects.filter(pk=token_id, user_id=visit.who.user_id, revoked_at=None)
    row = found_or_404(mine.first())
    if mine.update(revoked_at=visit.now):
        user = User.objects.get(pk=visit.who.user_id)
        account_change_note(visit, SecurityKind.TOKEN_ENDED, user, token=row.name, hint=row.hint)
    notify(
        visit,
        _now("“%(name)s” is revoked; programs using it are turned away.") % {"name": row.name},
    )
    return see_other(reverse("console:tokens"))
