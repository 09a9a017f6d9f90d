"""The very first page of an empty installation: whoever holds the code of its console makes themselves the owner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.contrib.auth import login
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from typing_extensions import override

from qaitar.foundation.identity.people import (
    PeopleProblem,
    nobody_yet,
    owner_code_fits,
    owner_create,
)
from qaitar.foundation.models import User
from qaitar.web.console.frame.answers import see_other
from qaitar.web.console.frame.layout import LANGUAGE_NAMES

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

BACKEND: Final = "django.contrib.auth.backends.ModelBackend"
PROBLEMS: Final = {
    "CODE_WRONG": ("code", _("This is not the code the program printed in its console.")),
    "USERNAME_TAKEN": ("username", _("This sign-in name is taken.")),
    "LANGUAGE_UNKNOWN": ("language", _("This language is not known.")),
}


class OwnerForm(forms.Form):
    """Who the owner is and how they sign in; the code shows that they run the machine."""

    code = forms.CharField(
        label=_("Code from the program's console"),
        max_length=40,
        help_text=_(
            "Printed where the program was started, with a link; so nobody else who finds this page can take the shop."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    language = forms.ChoiceField(label=_("Language"), choices=list(LANGUAGE_NAMES.items()))
    name = forms.CharField(
        label=_("Your name"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    username = forms.CharField(
        label=_("Sign-in name"),
        max_length=150,
        validators=[UnicodeUsernameValidator()],
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=200,
        strip=False,
        help_text=_("At least ten characters."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    @override
    def clean(self) -> dict[str, Any]:
        """Hold the password against the rules of this installation."""
        data = super().clean() or {}
        if "password" in data:
            person = User(username=data.get("username", ""), first_name=data.get("name", ""))
            try:
                validate_password(data["password"], person)
            except ValidationError as error:
                self.add_error("password", error)
        return data


@never_cache
@require_http_methods(["GET", "POST"])
def first_owner(request: HttpRequest) -> HttpResponse:
    """Make the owner while nobody can sign in, and sign them in; afterwards this page leads to the ordinary sign-in."""
    if not nobody_yet():
        return redirect("account_login")
    if request.method == "POST":
        form = OwnerForm(request.POST)
        if form.is_valid() and (owner := _made(form)) is not None:
            login(request, owner, backend=BACKEND)
            translation.activate(owner.language)
            return see_other(reverse("console:first_run"))
    else:
        code = request.GET.get("code", "")[:40]
        here = translation.get_language() or "ru"
        form = OwnerForm(initial={"code": code, "language": here[:2]})
        if owner_code_fits(code):
            form.fields["code"].widget = forms.HiddenInput()
    status = 422 if form.errors else 200
    return render(request, "console/setup/first_owner.html", {"form": form}, status=status)


def _made(form: OwnerForm) -> User | None:
    try:
        return owner_create(**form.cleaned_data)
    except PeopleProblem as problem:
        field, sentence = PROBLEMS.get(
            str(problem), (None, _("Somebody is here already; sign in."))
        )
        form.add_error(field, str(sentence))
        return None
