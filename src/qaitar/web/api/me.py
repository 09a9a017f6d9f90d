"""Who the caller is: a program's first question."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from ninja import Router

from qaitar.foundation.models import Merchant
from qaitar.kernel.roles import Role
from qaitar.web.api.answers import answer
from qaitar.web.api.operations import Entry, caller, operation
from qaitar.web.api.schemas import OutModel, Uuid

router = Router(tags=["me"])


class MembershipOut(OutModel):
    """A merchant the caller serves, and as what."""

    merchant: Uuid
    name: str
    role: Role


class Me(OutModel):
    """The person behind the token and what the token lets it do."""

    user: int
    name: str
    language: str
    scopes: list[str]
    merchants: list[MembershipOut]


@router.get("/me", response=Me, operation_id="me", summary="Who am I")
@operation(Entry("read"))
def me_get(request: HttpRequest) -> HttpResponse:
    """Tell whose token this is, what it may do, and at which merchants."""
    principal = caller(request)
    names = dict(Merchant.objects.filter(pk__in=principal.merchants).values_list("pk", "name"))
    places = [
        {"merchant": str(pk), "name": names.get(pk, ""), "role": principal.roles[pk].value}
        for pk in principal.merchants
    ]
    return answer(
        {
            "user": principal.user_id,
            "name": principal.name,
            "language": principal.language,
            "scopes": sorted(principal.scopes),
            "merchants": places,
        }
    )
