"""The e-mail by which a sign-in service finds somebody: set by an administrator of the account's home merchant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from qaitar.foundation.identity.people import PeopleProblem, email_set, foreign_access_end
from qaitar.foundation.tenancy.walls import see
from qaitar.web.console.frame.answers import see_other
from qaitar.web.console.frame.auth import MANAGERS, PageRequest, screen
from qaitar.web.console.frame.fresh_sign_in import sensitive
from qaitar.web.console.frame.settings_views import managed, notify
from qaitar.web.console.settings.people import PROBLEMS, person_note_line, whole_person

if TYPE_CHECKING:
    from django.http import HttpResponse


class EmailForm(forms.Form):
    """One e-mail, or none."""

    email = forms.EmailField(label=gettext_lazy("E-mail"), required=False)


@require_POST
@screen(MANAGERS)
@sensitive
def person_email(visit: PageRequest, user_id: int) -> HttpResponse:
    """Set a person's e-mail.  Whoever sets it could sign in by it, so access to other merchants ends with it."""
    back = reverse("console:person", args=[user_id])
    form = EmailForm(visit.request.POST)
    try:
        reach = whole_person(visit, user_id)
        if not form.is_valid():
            notify(visit, _("This is not an e-mail. Nothing was changed."), good=False)
            return see_other(back)
        email = form.cleaned_data["email"].strip()
        with transaction.atomic():  # all of it or nothing
            changed = email_set(reach.user, email)
            if changed and email:
                foreign_access_end(reach.user, merchants=managed(visit), now=visit.now)
                see(visit.who.merchants)
    except PeopleProblem as problem:
        notify(visit, PROBLEMS[str(problem)], good=False)
        return see_other(back)
    if not changed:
        notify(visit, _("Nothing was different, so nothing was changed."))
        return see_other(back)
    for key in reach.here:
        after = {"email": "SET" if email else "REMOVED"}
        person_note_line(visit, (reach.user, key), "EMAIL_SET", after)
    notify(visit, _("The e-mail of %(name)s is changed.") % {"name": reach.user})
    return see_other(back)
