"""Every page of the program, walked out of the resolver, opened in a demo shop: what the checks of all pages share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction

from qaitar.analytics.models import ListExport
from qaitar.foundation.models import (
    ApiToken,
    Connection,
    MerchantKey,
    User,
    WebhookEndpoint,
)
from qaitar.foundation.tenancy.walls import see
from qaitar.kernel.ids import new_id
from qaitar.orders.models import ImportRun, Store
from qaitar.returns.models import ReturnRequest
from qaitar.returns.vocabulary import Stage
from qaitar.training.models import Practice, PracticeState
from qaitar.training.scoring import ScoringFinding
from tests.web.url_matrix import addresses

if TYPE_CHECKING:
    from datetime import datetime

# Addresses that are no page, or none in a shop that has people (first_owner): they answer a press, give a file, or a part of a page that stands elsewhere.
NO_PAGE: Final = frozenset(
    [
        "access_end",
        "access_rules",
        "act",
        "assign",
        "bulk",
        "bulk_preview",
        "calendar_remove",
        "case_live",
        "comment",
        "companion_code",
        "companion_revoke",
        "companion_watch",
        "connection_check",
        "connection_state",
        "connection_remove",
        "deputy_end",
        "demo_look",
        "effect_again",
        "effect_by_hand",
        "evidence_add",
        "evidence_confirm",
        "evidence_file",
        "evidence_page",
        "evidence_play",
        "evidence_thumb",
        "evidence_view",
        "evidence_withdraw",
        "first_owner",
        "import_rejected",
        "invitation_withdraw",
        "language",
        "line",
        "list_export",
        "list_export_ask",
        "list_export_file",
        "live",
        "look",
        "mapping_save",
        "note",
        "palette",
        "person_email",
        "person_invite",
        "person_new",
        "person_password",
        "person_switch",
        "phone",
        "present",
        "quality",
        "rule_end",
        "rules_try",
        "second_factor_needed",
        "security_export",
        "seen",
        "token_revoke",
        "undo",
        "unit_add",
        "view_counts",
        "view_remove",
        "webhook_remove",
        "webhook_rotate",
        "webhook_switch",
        "webhook_test",
    ]
)
# Pages beside the console's own: signing in, second factor, and what a person sees when something is wrong.
OTHER: Final = {
    "password": "/accounts/password/change/",
    "forgotten": "/accounts/password/reset/",
    "second factor": "/accounts/2fa/",
    "second factor, app": "/accounts/2fa/totp/activate/",
    "passkeys": "/accounts/2fa/webauthn/",
    "sign out": "/accounts/logout/",
    "nothing here": "/returns/00000000-0000-7000-8000-000000000000",
    "search, nothing found": "/search?q=zzzz",
    "queue, nothing late": "/?stage=DISPUTED&due=late",
}
STRANGERS: Final = {"sign in": "/accounts/login/", "no network": "/offline?l=ru"}
"""Pages of somebody who is not signed in."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page and where it is opened."""

    name: str
    path: str


def things(now: datetime) -> dict[str, Any]:
    """Find one of everything the demo shop has, and make what it has none of."""
    with transaction.atomic():
        see(MerchantKey.objects.values_list("pk", flat=True))
        store = Store.objects.order_by("created_at").first()
        assert store is not None, "there is a demo shop"
        merchant = store.merchant_id
        owner = User.objects.get(memberships__merchant_id=merchant, memberships__role="OWNER")
        base = {"merchant_id": merchant}
        run = ImportRun.objects.order_by("started_at").last() or ImportRun.objects.create(
            id=new_id(), **base, store_id=store.pk, kind="ORDERS", source="FILE", started_at=now
        )
        export = ListExport.objects.create(
            id=new_id(), **base, user_id=owner.pk, merchants=[str(merchant)], wanted={}, form="CSV", kind="register",
            language="ru", started_at=now, state="RUNNING",
        )  # fmt: skip
        endpoint = WebhookEndpoint.objects.create(
            id=new_id(), **base, url="https://example.kz/hook", secrets=b"", created_at=now
        )
        ApiToken.objects.create(
            id=new_id(), user=owner, name="1C", digest=new_id().bytes * 2, hint="qt_x", created_at=now,
            expires_at=now + timedelta(days=90),
        )  # fmt: skip
        return {
            "request": _telling_case().pk,
            "run": run.pk,
            "export": export.pk,
            "store": store.pk,
            "merchant": merchant,
            "connection": Connection.objects.order_by("system").first(),
            "person": owner.pk,
            "endpoint": endpoint.pk,
            "practice": _practised(merchant, owner, now).pk,
        }


def _practised(merchant: Any, owner: User, now: datetime) -> Practice:
    """A result in which every fault is told."""
    ground = {
        "code": "LOOK_NOT_KEPT",
        "source": ["LAW", "274-IV, art. 30 (14)"],
        "leads_to": 5,
        "params": {"marks": "unused"},
    }
    deed = {
        "act": "TAKE_FOR_INSPECTION", "at": now.isoformat(), "reason": "", "advised": "REFUSE",
        "true_reasons": ["USED_OR_INCOMPLETE"], "class": "PROPER", "seconds": 412,
        "findings": [each.value for each in ScoringFinding], "grounds": [ground],
    }  # fmt: skip
    case = {
        "number": "858202988-1", "product": "Кроссовки Jorga беговые", "words": "Носили неделю, бирку срезали",
        "story": "worn", "class": "PROPER", "deeds": [deed], "left": "GRANT_REFUND", "grounds": [ground],
        "findings": [each.value for each in ScoringFinding], "points": 0,
    }  # fmt: skip
    return Practice.objects.create(
        id=new_id(), merchant_id=merchant, user_id=owner.pk, user_name=str(owner), shop_id=new_id(), seed=7,
        state=PracticeState.DONE, requested_at=now, opened_at=now, until=now, ended_at=now, score=40,
        result={"cases": [case, {**case, "number": "858202995-1", "deeds": [], "left": "", "findings": [], "points": 80}]},
    )  # fmt: skip


def _telling_case() -> ReturnRequest:
    """A case with much on its card: waiting for the customer, filed again where there is one."""
    waiting = ReturnRequest.objects.filter(stage=Stage.WAITING_CUSTOMER).order_by("-attempt", "id")
    found = waiting.first() or ReturnRequest.objects.order_by("id").first()
    assert found is not None
    return found


def _parameters(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        "case": {"pk": found["request"]},
        "journal": {"pk": found["request"]},
        "import": {"run_id": found["run"]},
        "list_export_page": {"export_id": found["export"]},
        "store": {"store_id": found["store"]},
        "connection": {"connection_id": found["connection"].pk},
        "connection_new": {"merchant_id": found["merchant"], "system": "usedesk"},
        "person": {"user_id": found["person"]},
        "webhook": {"endpoint_id": found["endpoint"]},
        "guide_page": {"name": "steps"},
        "practice_result": {"practice_id": found["practice"]},
    }


def pages(found: dict[str, Any]) -> list[Page]:
    """Give every page of a signed-in owner; an address nobody has sorted ends the run."""
    reported = _parameters(found)
    console = [a for a in addresses("") if a.name.startswith("console:")]
    pages = [
        Page(name, address.path(**reported.get(name, {})))
        for address in console
        if (name := address.name.removeprefix("console:")) not in NO_PAGE
    ]
    return pages + [Page(name, path) for name, path in OTHER.items()]


def stale() -> set[str]:
    """Name what is listed as no page and is gone from the resolver."""
    known = {a.name.removeprefix("console:") for a in addresses("")}
    return set(NO_PAGE) - known


def file_name(name: str) -> str:
    """Write a page's name so that a file may carry it.

    >>> file_name("second factor, app")
    'second-factor-app'
    """
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
