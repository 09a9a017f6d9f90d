"""Opens a shop whole: merchant, store with its week, five people, connections to the outside systems."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from qaitar.config.connectors import REGISTER_COLUMNS
from qaitar.foundation.connections.systems import Entered, connection_save
from qaitar.foundation.identity.actors import Actor
from qaitar.foundation.identity.people import (
    demo_close,
    demo_people,
    merchant_create,
    person_create,
    real_people,
    role_set,
)
from qaitar.foundation.models import MerchantKey, User
from qaitar.kernel.ids import new_id
from qaitar.kernel.roles import Role
from qaitar.orders.models import GoodsGroupMapping, Store
from qaitar.returns.rules.goods_groups import GoodsGroup, suggest_group
from qaitar.sandbox.outside import AUTHOR_KEY, BOOK_ID, MERCHANT_ID, ONEC_USER, SHEET

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from uuid import UUID

    from qaitar.sandbox.outside import Outside, StandInAddresses

KEY_HEADING: Final = "Номер заявки"
HEADINGS: Final = [KEY_HEADING, *REGISTER_COLUMNS.values()]
WEEK: Final[Mapping[str, list[str] | None]] = {
    **{day: ["09:00", "18:00"] for day in ("mon", "tue", "wed", "thu", "fri")},
    "sat": ["10:00", "15:00"],
    "sun": None,
}
REVIEWED: Final[Mapping[str, GoodsGroup | None]] = {
    "Смартфоны": GoodsGroup.CELLULAR,
    "Термобелье женское": GoodsGroup.UNDERWEAR,
    "Носки мужские": GoodsGroup.HOSIERY,
    "Тонометры": GoodsGroup.MEDICINES,
    "Кроссовки": None,
    "Электрочайники": None,
}
"""Categories a person has looked at; the others wait for review."""
SERVICE_CENTRES: Final = [
    "АСЦ «Жөндеу», г. Алматы, ул. Толе би, 187, +7 700 000 01 01",
    "АСЦ «Сапа сервис», г. Астана, пр. Республики, 15, +7 700 000 01 02",
]


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody of the demo.  The password is public on purpose: it works only while no real person has an account here."""

    username: str
    password: str = field(repr=False)
    role: Role
    name: str


LOGINS: Final = (
    Login("aigerim", "aigerim-qaitar", Role.OPERATOR, "Айгерим Садыкова"),
    Login("daulet", "daulet-qaitar", Role.SENIOR, "Даулет Омаров"),
    Login("marina", "marina-qaitar", Role.ACCOUNTANT, "Марина Ли"),
    Login("ruslan", "ruslan-qaitar", Role.CLERK, "Руслан Байжанов"),
    Login("alma", "alma-qaitar", Role.OWNER, "Алма Есенова"),
)


@dataclass(frozen=True, slots=True)
class Opened:
    """A shop that can be worked in: its keys and its people by role."""

    merchant_id: UUID
    store_id: UUID
    people: Mapping[Role, Actor]


def shop_open(
    name: str, logins: Iterable[Login], *, settings: Mapping[str, Any], now: datetime
) -> Opened:
    """Make the merchant with its store, and give its people their roles; runs in the caller's transaction."""
    merchant = merchant_create(name=name, now=now)
    if settings.get("demo"):
        MerchantKey.objects.filter(pk=merchant.pk).update(demo=True)
    merchant.settings = {"service_centres": SERVICE_CENTRES, **settings}
    merchant.support_mailbox = "returns@almamarket.example"
    merchant.save(update_fields=["settings", "support_mailbox"])
    people = {}
    has_real_people = bool(settings.get("demo")) and real_people().exists()
    for login in logins:
        user = _person(login, merchant.pk, closed=has_real_people)
        if user.home_merchant == merchant.pk:
            role_set(user=user, merchant_id=merchant.pk, role=login.role, now=now)
        people[login.role] = Actor(user.pk, login.name, login.role, "web")
    if has_real_people:
        demo_close(
            now
        )  # no passwords, no office rights: whoever asked for the demo looks as one of its people
    duty = people.get(Role.SENIOR)
    store = Store.objects.create(
        id=new_id(),
        merchant_id=merchant.pk,
        name=f"{name} на Kaspi",
        external_id=MERCHANT_ID,
        week=dict(WEEK),
        duty_user_id=duty.user_id if duty else None,
        created_at=now,
    )
    for title, group in REVIEWED.items():
        GoodsGroupMapping.objects.create(
            id=new_id(),
            merchant_id=merchant.pk,
            category_title=title,
            group=group.value if group else "",
            suggested=suggested.group.value if (suggested := suggest_group(title)) else "",
            reviewed_by_name=duty.name if duty else "",
            reviewed_at=now,
        )
    return Opened(merchant.pk, store.pk, people)


def _person(login: Login, home: UUID, *, closed: bool) -> User:
    """Make a person, or find the demo's own from before, who may come back; `closed`: without a password.

    Somebody real of that name is left alone: they keep their own home.
    """
    found = User.objects.filter(username=login.username).first()
    if found is None:
        return person_create(
            username=login.username,
            name=login.name,
            email="",
            password="" if closed else login.password,
            home=home,
        )
    untouched = not found.has_usable_password() or found.check_password(login.password)
    if untouched and demo_people().filter(pk=found.pk).exists():
        found.is_active, found.home_merchant = True, home
        if not closed:
            found.set_password(login.password)
        found.save(update_fields=["is_active", "home_merchant", "password"])
    return found


def shop_connect(opened: Opened, outside: Outside, at: StandInAddresses, *, now: datetime) -> None:
    """Connect the shop to its outside systems, as a person does in the console; in the caller's transaction."""
    outside.head_sheet(HEADINGS)
    secrets = {
        "kaspi_shop": {"token": outside.keys.kaspi_token},
        "kaspi_cabinet_session": {"cookie": outside.keys.kaspi_cookie},
        "usedesk": {"api_token": outside.keys.usedesk_token},
        "google_sheets": {"service_account_json": outside.account_json},
        "onec": {"password": outside.keys.onec_password},
    }
    shop_address(opened.merchant_id, opened.store_id, at, secrets=secrets, now=now)


def shop_address(
    merchant_id: UUID,
    store_id: UUID,
    at: StandInAddresses,
    *,
    secrets: Mapping[str, Mapping[str, str]],
    now: datetime,
) -> bool:
    """Point every connection at the stand-ins' addresses; secrets not given stay.  False when they stood there already."""
    cabinet = f"{at.kaspi}/mc/"
    if (
        not Store.objects.filter(pk=store_id)
        .exclude(cabinet_url=cabinet)
        .update(cabinet_url=cabinet)
    ):
        return False
    for entered in connections(store_id, at):
        with_secrets = replace(entered, secrets=secrets.get(entered.system, {}))
        connection_save(merchant_id=merchant_id, entered=with_secrets, now=now)
    return True


def connections(store_id: UUID, at: StandInAddresses) -> tuple[Entered, ...]:
    """Name the settings of each system; reading the cabinet directly is switched on for the demo only."""
    return (
        Entered(
            "kaspi_shop",
            store_id=store_id,
            settings={"base_url": f"{at.kaspi}/shop/api/v2"},
        ),
        Entered(
            "kaspi_cabinet_session",
            store_id=store_id,
            settings={"merchant_id": MERCHANT_ID, "base_url": at.kaspi, "consent": True},
        ),
        Entered(
            "usedesk",
            settings={"base_url": at.usedesk, "ticket_page": f"{at.usedesk}/#{{id}}", "pause_s": 0},
        ),
        Entered(
            "google_sheets",
            settings={
                "spreadsheet_id": BOOK_ID,
                "sheet_title": SHEET,
                "key_heading": KEY_HEADING,
                "columns": dict(REGISTER_COLUMNS),
                "sheets_url": at.sheets,
                "token_url": f"{at.sheets}/token",
            },
        ),
        Entered(
            "onec",
            settings={
                "base_url": f"{at.onec}/ut",
                "user": ONEC_USER,
                "author_key": AUTHOR_KEY,
            },
        ),
    )
