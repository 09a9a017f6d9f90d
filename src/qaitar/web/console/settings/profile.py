"""The reader's own page: name, language, theme, and the ways to a safe account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from allauth.mfa.models import Authenticator
from django import forms
from django.conf import settings
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from qaitar.foundation.identity.security_journal import SecurityKind
from qaitar.foundation.models import User
from qaitar.web.console.case.records import Tone
from qaitar.web.console.frame.answers import see_other
from qaitar.web.console.frame.auth import PageRequest, screen
from qaitar.web.console.frame.layout import LANGUAGE_NAMES
from qaitar.web.console.frame.settings_views import notify
from qaitar.web.console.settings.records import ProfilePage, SecurityLine
from qaitar.web.console.settings.security_notes import account_change_note

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest, HttpResponse

YEAR_S: Final = 365 * 24 * 3600
THEMES: Final = (("auto", _("as the system")), ("light", _("light")), ("dark", _("dark")))


class ProfileForm(forms.Form):
    """What people may change about themselves."""

    first_name = forms.CharField(label=_("First name"), max_length=150)
    last_name = forms.CharField(label=_("Last name"), max_length=150, required=False)
    language = forms.ChoiceField(label=_("Language"), choices=list(LANGUAGE_NAMES.items()))
    theme = forms.ChoiceField(label=_("Theme"), choices=THEMES)


@require_http_methods(["GET", "POST"])
@screen()
def profile(visit: PageRequest) -> HttpResponse:
    """Show the reader's own page and keep what they change."""
    user = User.objects.get(pk=visit.who.user_id)
    given = visit.request.POST if visit.request.method == "POST" else None
    values = {name: getattr(user, name) for name in ProfileForm.base_fields}
    form = ProfileForm(given, initial=values)
    if given is not None and form.is_valid():
        return _saved(visit, user, form.cleaned_data)
    page = ProfilePage(
        name=str(user),
        email=user.email or user.username,
        email_note=_now(
            "Your e-mail is set by an owner or administrator: a sign-in service knows you by it."
        ),
        role=next(iter(visit.who.roles.values())),
        security=_security(user),
        save_url=reverse("console:profile"),
    )
    status = 422 if form.errors else 200
    context = {"page": page, "form": form}
    return render(visit.request, "console/settings/profile.html", context, status=status)


def _saved(visit: PageRequest, user: User, data: Mapping[str, Any]) -> HttpResponse:
    changed = sorted(name for name, value in data.items() if getattr(user, name) != value)
    for name, value in data.items():
        setattr(user, name, value)
    if changed:
        account_change_note(visit, SecurityKind.PROFILE_CHANGED, user, fields=changed)
    user.save(update_fields=list(data))
    with translation.override(user.language):
        notify(visit, _now("Saved. It is shown so from this page on."))
    answer = see_other(reverse("console:profile"))
    answer.set_cookie(
        "theme", user.theme, max_age=YEAR_S, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
    )
    return answer


def _security(user: User) -> tuple[SecurityLine, ...]:
    kinds = list(Authenticator.objects.filter(user=user).values_list("type", flat=True))
    totp = Authenticator.Type.TOTP in kinds
    keys = kinds.count(Authenticator.Type.WEBAUTHN)
    lines = [
        SecurityLine(
            title=_now("Authenticator app"),
            text=_now("A six-digit code is asked for at every sign-in.")
            if totp
            else _now("Off: a password alone lets in. Switch it on, it takes a minute."),
            url=reverse("mfa_deactivate_totp" if totp else "mfa_activate_totp"),
            link=_now("Switch off") if totp else _now("Switch on"),
            tone=Tone.OK if totp else Tone.WARN,
        ),
        SecurityLine(
            title=_now("Passkeys"),
            text=ngettext("%(count)d key.", "%(count)d keys.", keys) % {"count": keys}
            if keys
            else _now("None yet: sign in by fingerprint or key instead of a password."),
            url=reverse("mfa_list_webauthn") if keys else reverse("mfa_add_webauthn"),
            link=_now("Manage") if keys else _now("Add"),
            tone=Tone.OK if keys else Tone.NEUTRAL,
            icon="key",
        ),
        SecurityLine(
            title=_now("Password"),
            text=_now("At least ten characters."),
            url=reverse("account_change_password"),
            link=_now("Change"),
            icon="lock",
        ),
    ]
    if kinds:
        lines.append(
            SecurityLine(
                title=_now("Recovery codes"),
                text=_now("Let you in when the phone is lost; keep them on paper."),
                url=reverse("mfa_view_recovery_codes"),
                link=_now("Show"),
                icon="file",
            )
        )
    return tuple(lines)


@require_GET
@screen(without_factor=True)
def second_factor_needed(visit: PageRequest) -> HttpResponse:
    """Lead somebody whose merchant demands a second factor to add one."""
    return render(visit.request, "console/settings/second_factor_needed.html")


@require_GET
def password_forgotten(request: HttpRequest) -> HttpResponse:
    """Say who gives a new password: an owner or administrator, on the page of people.  Nothing is sent by mail."""
    return render(request, "console/settings/password_forgotten.html")
