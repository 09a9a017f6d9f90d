"""Invitations: made on the page of people, accepted by the person from their profile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django import forms
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ValidationError
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST
from typing_extensions import override

from qaitar.foundation.identity.access import enter_as_user
from qaitar.foundation.identity.invitation_model import Invitation
from qaitar.foundation.identity.invitations import (
    invitation_accept,
    invitation_create,
    invitations_of,
)
from qaitar.foundation.identity.people import PeopleProblem
from qaitar.foundation.identity.security_journal import SecurityKind
from qaitar.foundation.journal.lines import JournalLine
from qaitar.foundation.journal.settings_journal import setting_note
from qaitar.foundation.models import User
from qaitar.foundation.ops.clock import utc_now
from qaitar.kernel.roles import Role
from qaitar.returns.texts.words import word_for
from qaitar.web.console.frame.answers import see_other
from qaitar.web.console.frame.auth import MANAGERS, PageRequest, found_or_404, screen
from qaitar.web.console.frame.fresh_sign_in import sensitive
from qaitar.web.console.frame.settings_views import fresh_put, managed, not_stored, notify
from qaitar.web.console.settings.security_notes import account_change_note, visit_note

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

JOURNAL_KIND: Final = "invitation"
ROLES: Final = tuple(role for role in Role if role is not Role.SYSTEM)


class InvitationForm(forms.Form):
    """Whom to invite, and as what."""

    login = forms.CharField(
        label=_("Sign-in name or e-mail"), max_length=254, widget=forms.TextInput
    )
    invited_role = forms.ChoiceField(
        label=_("Role"), choices=[(r.value, word_for(r)) for r in ROLES], initial=Role.OPERATOR
    )

    def __init__(self, *args: Any, merchants: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        """Ask for the merchant where there are several."""
        super().__init__(*args, **kwargs)
        self.auto_id = "invite_%s"
        if len(merchants) > 1:
            self.fields["invited_to"] = forms.ChoiceField(label=_("Merchant"), choices=merchants)


class AcceptForm(forms.Form):
    """The code from the inviting merchant, and the account's new password."""

    code = forms.CharField(label=_("Code of the invitation"), max_length=40)
    password = forms.CharField(
        label=_("New password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least ten characters."),
    )

    def __init__(
        self, *args: Any, user: User, waiting: Sequence[Invitation], **kwargs: Any
    ) -> None:
        """Ask which one where several wait."""
        super().__init__(*args, **kwargs)
        self.user = user
        if len(waiting) > 1:
            choices = [(str(each.pk), each.merchant_name) for each in waiting]
            self.fields["invitation"] = forms.ChoiceField(label=_("Merchant"), choices=choices)

    @override
    def clean(self) -> dict[str, Any]:
        """Judge the password as every other."""
        data = super().clean() or {}
        if password := data.get("password"):
            try:
                validate_password(password, self.user)
            except ValidationError as error:
                self.add_error("password", error)
            if self.user.check_password(password):
                self.add_error("password", _now("Choose another password than the present one."))
        return data


def invitations_open(merchants: Sequence[UUID], now: datetime) -> QuerySet[Invitation]:
    """List the invitations to these merchants that nobody has accepted yet."""
    found = Invitation.objects.filter(merchant_id__in=merchants, expires_at__gt=now)
    return found.order_by("created_at")


def invitation_make(visit: PageRequest, names: Mapping[UUID, str], data: Mapping[str, Any]) -> str:
    """Invite, keep the code for the next page, and give the login as it was typed.

    Raises:
        PeopleProblem: OWNERS_ONLY.
        NoKey: the code could not be kept for the next page; the caller's transaction is to make nothing.
    """
    merchant_id = UUID(data.get("invited_to") or str(next(iter(names))))
    role = Role(data["invited_role"])
    if role is Role.OWNER and visit.who.roles.get(merchant_id) is not Role.OWNER:
        raise PeopleProblem("OWNERS_ONLY")
    login = str(data["login"]).strip()
    fresh_put(visit, "", "")  # raises before anything is written
    code = invitation_create(
        merchant=(merchant_id, names[merchant_id]),
        login=login,
        role=role,
        by_name=visit.who.name,
        now=visit.now,
    )
    fresh_put(visit, "-".join(code[at : at + 4] for at in range(0, len(code), 4)), f"+{login}")
    _note(visit, merchant_id, "INVITE", {"person": login, "role": role.value})
    return login


@require_POST
@screen(MANAGERS)
@sensitive
def invitation_withdraw(visit: PageRequest, invitation_id: UUID) -> HttpResponse:
    """Withdraw an invitation nobody has accepted yet."""
    waiting = Invitation.objects.filter(pk=invitation_id, merchant_id__in=managed(visit))
    found = found_or_404(waiting.select_for_update().first())
    _note(visit, found.merchant_id, "INVITE_WITHDRAW", {"person": found.login, "role": None})
    found.delete()
    notify(visit, _("The invitation is withdrawn."))
    return see_other(reverse("console:people"))


def _note(visit: PageRequest, merchant_id: UUID, act: str, after: Mapping[str, Any]) -> None:
    kind = SecurityKind.INVITED if act == "INVITE" else SecurityKind.INVITATION_WITHDRAWN
    visit_note(visit, kind, (merchant_id,), **after)
    by = visit.who.actor_at(merchant_id)
    line = JournalLine(act=act, at=visit.now, by=by, before={}, after=after)
    subject = UUID(int=merchant_id.int ^ 1)  # one chain for the invitations of a merchant
    setting_note(merchant_id=merchant_id, subject_id=subject, kind=JOURNAL_KIND, line=line)


@require_http_methods(["GET", "POST"])
def invitations(request: HttpRequest) -> HttpResponse:
    """Show what waits for the reader, who may work nowhere yet, and accept it."""
    asker: Any = request.user
    who = enter_as_user(int(asker.pk)) if asker.is_authenticated else None
    if who is None:
        return redirect_to_login(request.get_full_path())
    translation.activate(who.language)
    request.LANGUAGE_CODE = who.language
    visit = PageRequest(request, who, utc_now())
    user = User.objects.get(pk=who.user_id)
    waiting = list(invitations_of(user, visit.now))
    given = request.POST if request.method == "POST" else None
    form = AcceptForm(given, user=user, waiting=waiting)
    if given is not None and form.is_valid():
        answer = _accepted(visit, user, form, waiting)
        if answer is not None:
            return answer
    status = 422 if form.errors else 200
    context = {"waiting": waiting, "form": form}
    return not_stored(render(request, "console/settings/invitations.html", context, status=status))


def _accepted(
    visit: PageRequest, user: User, form: AcceptForm, waiting: Sequence[Invitation]
) -> HttpResponse | None:
    """Accept the invitation of the form; None with an error in the form if it cannot be."""
    data = form.cleaned_data
    chosen = data.get("invitation") or (waiting[0].pk if waiting else UUID(int=0))
    try:
        accepted = invitation_accept(
            user=user,
            invitation_id=UUID(str(chosen)),
            code=data["code"],
            password=data["password"],
            now=visit.now,
        )
    except PeopleProblem:
        form.add_error("code", _now("This code does not fit, or the invitation is out of date."))
        return None
    account_change_note(
        visit, SecurityKind.INVITATION_ACCEPTED, user, merchant=accepted.merchant_name
    )
    update_session_auth_hash(visit.request, user)
    notify(
        visit,
        _("You work for “%(name)s” now. Set up the second factor again.")
        % {"name": accepted.merchant_name},
    )
    enter_as_user(user.pk)
    return see_other(reverse("console:profile"))
