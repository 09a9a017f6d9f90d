"""The short list of first steps: what is done is seen from what is there, what was put off is kept with the merchant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.urls import reverse
from django.utils.translation import gettext as _

from qaitar.foundation.models import (
    Connection,
    Membership,
    Merchant,
    MerchantKey,
    RawIntake,
    User,
)
from qaitar.kernel.roles import Role
from qaitar.orders.models import ImportRun, Store
from qaitar.returns.reads.cases import any_request
from qaitar.web.console.handbook.book import chapter_url
from qaitar.web.console.settings.records import FirstRun, FirstRunStep

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from qaitar.web.console.frame.auth import PageRequest

OPEN, DONE = "OPEN", "DONE"
"""`settings["first_steps"]` of a merchant: the list is shown, or no longer."""
SKIPPED: Final = "first_steps_skipped"
MAY_WAIT: Final = ("kaspi", "import", "people")


def own_merchants(merchants: Sequence[UUID]) -> list[Merchant]:
    """Give the merchants that are no demo, the oldest first."""
    rows = Merchant.objects.filter(pk__in=merchants).order_by("created_at")
    return [each for each in rows if not each.settings.get("demo")]


def demo_mine(merchants: Sequence[UUID]) -> bool:
    """Tell whether the reader works in a demo shop."""
    return Merchant.objects.filter(pk__in=merchants, settings__demo=True).exists()


def demo_team(merchants: Sequence[UUID]) -> list[tuple[User, Role]]:
    """List the demo's own people at these merchants, with their roles there."""
    demo = MerchantKey.objects.filter(pk__in=merchants, demo=True).values_list("pk", flat=True)
    held = Membership.objects.filter(merchant_id__in=list(demo), user__is_active=True)
    rows = held.select_related("user").order_by("user__first_name", "user_id")
    return [
        (each.user, Role(each.role)) for each in rows if each.user.home_merchant == each.merchant_id
    ]


def first_steps_of(visit: PageRequest, merchants: Sequence[UUID]) -> FirstRun:
    """Tell how far the reader's own shops are; a list with nothing left to do closes itself."""
    own = own_merchants(merchants)
    keys = [each.pk for each in own]
    skipped = {name for each in own for name in each.settings.get(SKIPPED, ())}
    store = Store.objects.filter(merchant_id__in=keys).order_by("created_at").first()
    done = _done(keys, store)
    steps = _steps(visit, store)
    ready = [done[step.name] or step.name in skipped for step in steps]
    current = next((at for at, each in enumerate(ready) if not each), len(steps))
    listed = tuple(
        FirstRunStep(
            title=step.title,
            text=step.text,
            url=step.url,
            guide_url=step.guide_url,
            done=done[step.name],
            current=at == current,
            name=step.name if step.name in MAY_WAIT and store is not None else "",
            skipped=step.name in skipped and not done[step.name],
        )
        for at, step in enumerate(steps)
    )
    if own and all(step.done for step in listed):
        first_steps_close(keys)
    return FirstRun(
        steps=listed, url=reverse("console:first_run"), done=sum(step.done for step in listed)
    )


def first_step_skip(merchants: Sequence[UUID], name: str) -> None:
    """Put a step off for the reader's own shops; one that is off already is taken up again."""
    if name not in MAY_WAIT:
        return
    for each in own_merchants(merchants):
        skipped = set(each.settings.get(SKIPPED, ())) ^ {name}
        _keep(each, {SKIPPED: sorted(skipped)})


def first_steps_close(merchants: Sequence[UUID]) -> None:
    """Show the list no longer; it can still be opened by its address."""
    for each in own_merchants(merchants):
        if each.settings.get("first_steps") == OPEN:
            _keep(each, {"first_steps": DONE})


def _keep(merchant: Merchant, values: dict[str, Any]) -> None:
    merchant.settings = {**merchant.settings, **values}
    merchant.save(update_fields=["settings"])


def _done(keys: list[UUID], store: Store | None) -> dict[str, bool]:
    walled: dict[str, Any] = {"merchant_id__in": keys}
    people = (
        User.objects.filter(memberships__merchant_id__in=keys).distinct().count() if keys else 0
    )
    imported = (
        ImportRun.objects.filter(**walled, state="DONE").exists()
        or RawIntake.objects.filter(**walled, read_at__isnull=False).exists()
    )
    return {
        "owner": True,
        "store": store is not None,
        "kaspi": Connection.objects.filter(**walled, system="kaspi_shop").exists(),
        "import": imported,
        "people": people > 1,
        "case": any_request(keys),
    }


def _steps(visit: PageRequest, store: Store | None) -> tuple[FirstRunStep, ...]:
    kaspi = reverse("console:connections")
    if store is not None:
        path = reverse("console:connection_new", args=[store.merchant_id, "kaspi_shop"])
        kaspi = f"{path}?store={store.pk}"
    sentence = (
        (
            "owner",
            _("You and your language"),
            visit.who.name,
            reverse("console:profile"),
            "people",
        ),
        (
            "store",
            _("Your company and store"),
            _("Names, working hours, time zone, and what to do when a date runs out."),
            reverse("console:store", args=[store.pk]) if store else "#open",
            "deadlines",
        ),
        (
            "kaspi",
            _("Kaspi's token"),
            _(
                "From the cabinet: Settings, API token. It is checked at once; a failure says what to do."
            ),
            kaspi,
            "connections",
        ),
        (
            "import",
            _("First import"),
            _(
                "Orders from the cabinet's XLSX export. Rejected lines are listed with the reason; a file may be sent twice."
            ),
            reverse("console:imports"),
            "import",
        ),
        (
            "people",
            _("People and roles"),
            _("Operators, a senior, an accountant."),
            reverse("console:people"),
            "people",
        ),
        (
            "case",
            _("The first case"),
            _(
                "The number and the control date of a request in the cabinet; the rest is found by the order."
            ),
            reverse("console:request_new"),
            "case",
        ),
    )
    return tuple(
        FirstRunStep(name=name, title=title, text=text, url=url, guide_url=chapter_url(chapter))
        for name, title, text, url, chapter in sentence
    )
