"""Accounts over two merchants: whatever is pressed in whatever order, nobody of one holds what opens the other."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.urls import reverse

from qaitar.foundation.identity.access import enter_as_token, token_create
from qaitar.foundation.identity.invitation_model import Invitation
from qaitar.foundation.identity.people import role_set
from qaitar.foundation.models import ApiToken, JournalEntry, Membership, MerchantKey, User
from qaitar.foundation.ops.clock import frozen_at
from qaitar.kernel.ids import new_id
from qaitar.kernel.roles import Role
from tests.factories.accounts import NOW, make_person, open_walls
from tests.web.console.desk import signed_in, words_of
from tests.web.console.office import Office, make_office, secret_of

if TYPE_CHECKING:
    from uuid import UUID

pytestmark = pytest.mark.django_db

SIDES = ("A", "B")
ACCOUNTS = ("nurlan", "dina")
STEPS = 30
ACTS = ("make", "add", "remove", "add", "reset", "switch_off", "practise")
"""What is done with an account, in every order: A and B take turns so that both make, add, remove and reset."""
CHOSEN = "a password nobody else knows {}"


@pytest.fixture
def office(settings: Any) -> Office:
    made = make_office(settings)
    User.objects.update(language="en")
    return made


@pytest.fixture(autouse=True)
def moment() -> Any:
    with frozen_at(NOW):
        yield


@dataclass
class Walk:
    """Two owners, two accounts, and what each owner has come to know."""

    shops: dict[str, UUID]
    owners: dict[str, Client]
    passwords: set[tuple[str, str, str]] = field(default_factory=set)  # side, account, password
    tokens: set[tuple[str, str]] = field(default_factory=set)  # side, token
    codes: dict[tuple[str, str], str] = field(default_factory=dict)
    emails: dict[str, tuple[str, str]] = field(default_factory=dict)  # set by a side for an account
    number: int = 0

    def make(self, side: str, name: str) -> None:
        form = {"username": name, "name": name, "language": "en", "role": "SENIOR"}
        if self.owners[side].post(reverse("console:person_new"), form).status_code == 303:
            self._learn(side, name, reverse("console:people"))

    def _learn(self, side: str, name: str, page: str) -> None:
        if secret := secret_of(self.owners[side].get(page)):
            self.passwords.add((side, name, secret))

    def invite(self, side: str, name: str) -> None:
        form = {"login": name, "invited_role": "SENIOR"}
        assert self.owners[side].post(reverse("console:person_invite"), form).status_code == 303
        self.codes[side, name] = secret_of(self.owners[side].get(reverse("console:people")))

    def accept(self, side: str, name: str) -> None:
        """The person themselves, with the code the inviting owner handed over."""
        user = User.objects.filter(username=name, is_active=True).first()
        if user is None or (side, name) not in self.codes:
            return
        self._accept(signed_in(user), side, name, self.codes.pop((side, name)))

    def _accept(self, browser: Client, side: str, name: str, code: str) -> None:
        self.number += 1
        waiting = Invitation.objects.filter(login=name, merchant_id=self.shops[side]).first()
        form = {"code": code, "password": CHOSEN.format(self.number)}
        if waiting:
            form["invitation"] = str(waiting.pk)
        browser.post(reverse("console:invitations"), form)

    def steal(self, side: str, name: str) -> None:
        """An owner who knows the password signs in as the person, leaves a token, and tries the other's invitation."""
        for known, account, password in sorted(self.passwords):
            browser = Client()
            if (known, account) != (side, name) or not browser.login(
                username=name, password=password
            ):
                continue
            user = User.objects.get(username=name)
            self.tokens.add((side, token_create(user=user, name="x", scopes=["read"], now=NOW)))
            other = SIDES[SIDES.index(side) - 1]
            held = Membership.objects.filter(user=user).count()
            self._accept(browser, other, name, self.codes.get((side, name), "AAAA-BBBB"))
            assert Membership.objects.filter(user=user).count() == held

    def remove(self, side: str, name: str) -> None:
        """Ending access here always works."""
        user = User.objects.filter(username=name).first()
        if user is None or not self.works(name, side):
            return
        page = reverse("console:person", args=[user.pk])
        answer = self.owners[side].post(page, {f"role_{self.shops[side]}": ""})
        assert answer.status_code == 303
        assert not self.works(name, side)
        assert not ApiToken.objects.filter(user=user, revoked_at=None).exists()

    def reset(self, side: str, name: str) -> None:
        if user := User.objects.filter(username=name).first():
            home = user.home_merchant == self.shops[side] and self.works(name, side)
            self.owners[side].post(reverse("console:person_password", args=[user.pk]))
            self._learn(side, name, reverse("console:people"))
            changed = User.objects.get(pk=user.pk).password != user.password
            assert changed == home

    def switch(self, side: str, name: str) -> None:
        """The owner of the account's home switches it, practising or not; the other never."""
        if user := User.objects.filter(username=name).first():
            home = user.home_merchant == self.shops[side] and self.works(name, side)
            wanted = not user.is_active
            path = reverse("console:person_switch", args=[user.pk])
            self.owners[side].post(path, {"active": "1" if wanted else "0"})
            assert User.objects.get(pk=user.pk).is_active is (wanted if home else not wanted)

    def switch_off(self, side: str, name: str) -> None:
        if User.objects.filter(username=name, is_active=True).exists():
            self.switch(side, name)

    def add(self, side: str, name: str) -> None:
        """Let somebody work here who has an account elsewhere: invited, and accepted by the person."""
        self.invite(side, name)
        self.accept(side, name)

    def email(self, side: str, name: str) -> None:
        """An owner sets an e-mail of their own: a sign-in service would open the account to them by it."""
        if user := User.objects.filter(username=name).first():
            self.number += 1
            given = f"{side.lower()}{self.number}@example.kz"
            path = reverse("console:person_email", args=[user.pk])
            self.owners[side].post(path, {"email": given})
            self.emails[given] = (side, name)

    def practise(self, _side: str, name: str) -> None:
        if user := User.objects.filter(username=name).first():
            key = MerchantKey.objects.create(id=new_id(), practice_of=user.pk, active=False)
            role_set(user=user, merchant_id=key.pk, role=Role.OPERATOR, now=NOW)

    def works(self, name: str, side: str) -> bool:
        held = Membership.objects.filter(user__username=name, merchant_id=self.shops[side])
        return held.exists()

    def check(self) -> None:
        for side, name, password in self.passwords:
            other = SIDES[SIDES.index(side) - 1]
            if User.objects.get(username=name).check_password(password):
                assert not self.works(name, other), (side, name)
        for given, (side, name) in self.emails.items():
            other = SIDES[SIDES.index(side) - 1]
            if User.objects.filter(username=name, email__iexact=given).exists():
                assert not self.works(name, other), (side, name, given)
        for side, token in self.tokens:
            entered = enter_as_token(token, key=None, now=NOW)
            other = SIDES[SIDES.index(side) - 1]
            assert entered is None or self.shops[other] not in entered[0].roles


@pytest.mark.parametrize("seed", range(6))
def test_no_order_of_presses_gives_one_merchant_a_credential_of_the_other(
    office: Office, seed: int
) -> None:
    walk = Walk(
        {"A": office.shop.id, "B": office.other.id}, {"A": office.owner, "B": office.stranger}
    )
    dice = random.Random(seed)
    acts = (*ACTS, "invite", "accept", "accept", "steal", "switch", "email")
    for _ in range(STEPS):
        act, side, name = dice.choice(acts), dice.choice(SIDES), dice.choice(ACCOUNTS)
        getattr(walk, act)(side, name)
        walk.check()
    assert walk.passwords


def orders() -> list[tuple[str, ...]]:
    """Give every order of the seven acts once: the two adds are alike."""
    return sorted(set(itertools.permutations(ACTS)))


def every_side(walk: Walk, order: tuple[str, ...], *, first: str) -> None:
    """Do the acts in an order: the account is made by B, else the sides take turns; the maker tries what it knows."""
    side = first
    for act in order:
        getattr(walk, act)("B" if act == "make" else side, "nurlan")
        walk.check()
        walk.steal("B", "nurlan")
        walk.check()
        side = SIDES[SIDES.index(side) - 1]


@pytest.mark.parametrize("order", orders()[::420])
def test_every_order_of_acts_keeps_the_merchants_apart(
    office: Office, order: tuple[str, ...]
) -> None:
    """A few of the 2,520 orders; `make prove` does all of them."""
    walk = Walk(
        {"A": office.shop.id, "B": office.other.id}, {"A": office.owner, "B": office.stranger}
    )
    every_side(walk, order, first="A")


def test_the_maker_of_an_account_does_not_come_along_and_its_reset_ends_access_elsewhere(
    office: Office,
) -> None:
    walk = Walk(
        {"A": office.shop.id, "B": office.other.id}, {"A": office.owner, "B": office.stranger}
    )
    for act, side in (("make", "B"), ("invite", "A"), ("steal", "B"), ("accept", "A")):
        getattr(walk, act)(side, "nurlan")
        walk.check()
    assert walk.works("nurlan", "A")
    ((_, _, first),) = walk.passwords
    assert not User.objects.get(username="nurlan").check_password(first)
    walk.reset("B", "nurlan")
    walk.check()
    assert not walk.works("nurlan", "A")
    open_walls(office.shop.id)
    last = JournalEntry.objects.filter(merchant_id=office.shop.id).order_by("seq").last()
    assert last is not None
    assert (last.act, last.after["reason"]) == ("ROLE_SET", "CREDENTIALS_RESET_AT_HOME")


def test_an_invitation_tells_nothing_about_the_account(office: Office) -> None:
    """Inviting one who exists, by login or e-mail, looks exactly like inviting nobody; no role is given yet."""
    User.objects.filter(username="timur").update(email="timur@other.example", last_login=NOW)
    seen, browser = [], office.owner
    for login in ("timur", "timur@other.example", "nobody"):
        browser.post(reverse("console:person_invite"), {"login": login, "invited_role": "VIEWER"})
        page = words_of(browser.get(reverse("console:people")))
        assert f"Code of the invitation for “{login}”" in page
        assert "ИП «Тимур»" not in page
        seen.append(login in page)
    assert seen == [True, True, True]
    held = Membership.objects.filter(merchant_id=office.shop.id, user=office.timur)
    assert not held.exists()


def test_the_last_owner_elsewhere_keeps_their_password(office: Office) -> None:
    """A reset that would leave another merchant without an owner is refused whole."""
    dana = make_person("dana", (office.shop.id, Role.OPERATOR))
    dana.memberships.create(merchant_id=office.other.id, role=Role.OWNER, created_at=NOW)
    Membership.objects.filter(user=office.timur).delete()
    browser = office.owner
    answer = browser.post(reverse("console:person_password", args=[dana.pk]))
    page = browser.get(answer["Location"])
    assert "only they may change their password" in words_of(page)
    assert secret_of(page) == ""
    assert User.objects.get(pk=dana.pk).password == dana.password
    assert dana.memberships.count() == 2
