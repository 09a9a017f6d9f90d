"""An open card tells that it is open, and is told who else has it open; the second to act then knows before acting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qaitar.returns.reads.presence import presence_leave, presence_note
from qaitar.web.console.frame.auth import EVERYBODY, PageRequest, found_or_404, screen

if TYPE_CHECKING:
    from uuid import UUID


@require_POST
@screen(EVERYBODY)
def present(visit: PageRequest, pk: UUID) -> HttpResponse:
    """Note that this person has the case open, or has closed it; answer who else has it open."""
    if visit.request.POST.get("left") == "1":
        presence_leave(request_id=pk, user_id=visit.who.user_id)
        return HttpResponse(status=204)
    others = found_or_404(
        presence_note(request_id=pk, user_id=visit.who.user_id, name=visit.who.name, now=visit.now)
    )
    lines = [_("%(name)s has it open too") % {"name": name} for name in others]
    return JsonResponse({"others": lines}, headers={"Cache-Control": "no-store"})
