"""What tests of the office pages share: two shops, the cast in every role, forms as a browser sends them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qaitar.kernel.roles import Role
from tests.factories.accounts import NOW, Shop, make_person, make_shop, open_walls
from tests.web.console.desk import signed_in

if TYPE_CHECKING:
    from django.test import Client

    from qaitar.foundation.models import User

KEY = "office tests keep their secrets under this key"
GIVEN = tuple(role for role in Role if role is not Role.SYSTEM)


@dataclass(frozen=True, slots=True)
class Office:
    """Our shop with a person in every role, and Timur's shop beside it."""

    shop: Shop
    other: Shop
    staff: dict[Role, User]
    timur: User

    def browser(self, role: Role) -> Client:
        """Sign in the person of a role."""
        return signed_in(self.staff[role])

    @property
    def owner(self) -> Client:
        """Sign in Saule, the owner."""
        return self.browser(Role.OWNER)

    @property
    def stranger(self) -> Client:
        """Sign in Timur, who owns the other shop."""
        return signed_in(self.timur)

    def look(self) -> None:
        """Let the test look behind both walls."""
        open_walls(self.shop.id, self.other.id)


def make_office(settings: Any) -> Office:
    """Make both shops under a key and with quick passwords; the walls stay open for both."""
    settings.QAITAR_ENCRYPTION_KEY = KEY
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    other = make_shop("ИП «Тимур»", now=NOW)
    shop = make_shop("ТОО «Алма»", now=NOW)
    staff = {role: make_person(role.value.lower(), (shop.id, role)) for role in GIVEN}
    timur = make_person("timur", (other.id, Role.OWNER))
    open_walls(shop.id, other.id)
    return Office(shop, other, staff, timur)


def fields_of(answer: Any) -> dict[str, Any]:
    """Read the form of a page as a browser would send it unchanged; several values come as a list."""
    form = answer.context["form"]
    sent: dict[str, Any] = {}
    for bound in form:
        value = bound.value()
        if value is None or value is False:
            continue
        displayed = bound.field.widget.format_value(value) if not isinstance(value, list) else value
        sent[bound.html_name] = (
            "on" if value is True else displayed if displayed is not None else value
        )
        if isinstance(sent[bound.html_name], list) and not isinstance(value, list):
            sent[bound.html_name] = value
    return sent


def secret_of(answer: Any) -> str:
    """Read the secret a page shows to be copied; '' when it shows none."""
    found = re.search(r'data-copy="([^"]+)"', answer.content.decode())
    return found[1] if found else ""
