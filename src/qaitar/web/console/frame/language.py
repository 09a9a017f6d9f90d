"""The language a person reads in, kept on their account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.urls import reverse
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qaitar.foundation.identity.people import LANGUAGES
from qaitar.foundation.models import User
from qaitar.web.console.frame.answers import see_other
from qaitar.web.console.frame.auth import EVERYBODY, PageRequest, screen

if TYPE_CHECKING:
    from django.http import HttpResponse


@require_POST
@screen(EVERYBODY)
def language(visit: PageRequest) -> HttpResponse:
    """Remember the chosen language and go back to where the person was."""
    chosen = visit.request.POST.get("language", "")
    back = visit.request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        back = reverse("console:queue")
    if chosen not in LANGUAGES:
        messages.error(visit.request, _("There is no such language."))
        return see_other(back)
    User.objects.filter(pk=visit.who.user_id).update(language=chosen)
    translation.activate(chosen)
    messages.success(visit.request, _("The console speaks English now."))
    return see_other(back)
