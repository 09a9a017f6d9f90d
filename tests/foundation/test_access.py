"""Whoever enters is known in full: by name, language, roles, scopes and the door they came through."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from qaitar.foundation.identity.access import (
    Principal,
    Replay,
    digest_of,
    enter_as_token,
    enter_as_user,
    token_create,
)
from qaitar.foundation.identity.actors import Actor, system_actor
from qaitar.foundation.models import ApiToken, IdempotencyRecord, Merchant, MerchantKey, User
from qaitar.foundation.tenancy.walls import as_setting, see
from qaitar.kernel.roles import Role
from tests.factories.accounts import NOW, make_person, make_shop, make_token, seen_merchants

if TYPE_CHECKING:
    from tests.factories.accounts import Shop

EVERYTHING = frozenset({"read", "write", "intake", "admin"})


@pytest.fixture
def shop(db_walls: None) -> Shop:
    return make_shop()


@pytest.fixture
def aigerim(shop: Shop) -> User:
    return make_person("aigerim", (shop.id, Role.OPERATOR))


def test_a_person_enters_with_all_that_is_known_of_them(shop: Shop, aigerim: User) -> None:
    roles = {shop.id: Role.OPERATOR}
    assert enter_as_user(aigerim.pk, ref="call-7", channel="job") == Principal(
        aigerim.pk, "Aigerim", "ru", roles, EVERYTHING, "job", "call-7"
    )
    assert enter_as_user(aigerim.pk) == Principal(
        aigerim.pk, "Aigerim", "ru", roles, EVERYTHING, "web", ""
    )
    assert enter_as_user(aigerim.pk + 1) is None


@pytest.mark.parametrize(
    ("first", "last", "name"),
    [
        ("Айгерим", "Сейтова", "Айгерим Сейтова"),
        ("", "Сейтова", "Сейтова"),
        ("", "", "aigerim"),
    ],
)
def test_a_person_is_called_by_their_name_or_else_by_their_login(
    aigerim: User, first: str, last: str, name: str
) -> None:
    User.objects.filter(pk=aigerim.pk).update(first_name=first, last_name=last)
    entered = enter_as_user(aigerim.pk)
    assert entered is not None
    assert entered.name == name


def test_a_merchant_that_is_switched_off_lends_no_role(shop: Shop, aigerim: User) -> None:
    MerchantKey.objects.filter(pk=shop.id).update(active=False)
    entered = enter_as_user(aigerim.pk)
    assert entered is not None
    assert (entered.roles, seen_merchants()) == ({}, "")


def test_what_one_may_hangs_on_the_role_at_that_merchant() -> None:
    first, second, third = (UUID(int=number) for number in (1, 2, 3))
    daulet = Principal(7, "Daulet", "kk", {second: Role.OPERATOR, first: Role.SENIOR})
    assert daulet.merchants == (first, second)
    seniors = frozenset({Role.SENIOR, Role.OWNER})
    assert [daulet.may(seniors, at) for at in (first, second, third, None)] == [
        True,
        False,
        False,
        True,
    ]
    assert not daulet.may(frozenset({Role.CLERK}))
    assert not replace(daulet, roles={}).may(seniors)
    assert daulet.actor_at(first) == Actor(7, "Daulet", Role.SENIOR, "web", "")
    reported = replace(daulet, channel="api", request_ref="call-7")
    assert reported.actor_at(second) == Actor(7, "Daulet", Role.OPERATOR, "api", "call-7")
    with pytest.raises(KeyError):
        daulet.actor_at(third)


def test_the_program_speaks_for_itself() -> None:
    assert system_actor("guard") == Actor(None, "Qaitar", Role.SYSTEM, "guard", "")


def test_a_token_opens_the_same_walls_narrowed_to_its_scopes(shop: Shop, aigerim: User) -> None:
    token = make_token(aigerim, "read")
    see(())
    assert enter_as_token(token, key=None, now=NOW, ref="call-8") == (
        Principal(
            aigerim.pk,
            "Aigerim",
            "ru",
            {shop.id: Role.OPERATOR},
            frozenset({"read"}),
            "api",
            "call-8",
        ),
        Replay(held=True, fingerprint=None, status=None, body=None),
    )
    assert seen_merchants() == as_setting([shop.id])
    assert Merchant.objects.count() == 1
    see(())
    assert Merchant.objects.count() == 0
    User.objects.filter(pk=aigerim.pk).update(is_active=False)
    assert enter_as_token(token, key=None, now=NOW) is None


def test_a_token_holds_until_the_moment_it_expires(aigerim: User) -> None:
    token = make_token(aigerim, "read")
    ApiToken.objects.update(expires_at=NOW + timedelta(seconds=1))
    entered = enter_as_token(token, key=None, now=NOW)
    assert entered is not None
    assert entered[0].request_ref == ""
    assert enter_as_token(token, key=None, now=NOW + timedelta(seconds=1)) is None


def test_an_answer_stored_under_a_key_is_found_by_its_owner_only(shop: Shop, aigerim: User) -> None:
    timur = make_person("timur", (shop.id, Role.OPERATOR))
    IdempotencyRecord.objects.create(
        user=aigerim,
        key="key-1",
        fingerprint=b"\x01\x02",
        status=201,
        body=b"{}",
        created_at=NOW,
    )
    nothing = Replay(held=True, fingerprint=None, status=None, body=None)
    for person, key, replay in (
        (aigerim, "key-1", Replay(held=True, fingerprint=b"\x01\x02", status=201, body=b"{}")),
        (aigerim, "key-2", nothing),
        (timur, "key-1", nothing),
    ):
        entered = enter_as_token(make_token(person), key=key, now=NOW)
        assert entered is not None
        assert entered[1] == replay


def test_a_token_is_displayed_once_and_stored_with_its_last_four_letters(aigerim: User) -> None:
    token = token_create(user=aigerim, name="1C", scopes=["write", "admin", "write"], now=NOW)
    assert token.startswith("qtr_")
    assert len(token) == 47
    stored = ApiToken.objects.get()
    assert (stored.user, stored.name, stored.hint, stored.created_at) == (
        aigerim,
        "1C",
        token[-4:],
        NOW,
    )
    assert stored.scopes == ["admin", "write"]
    assert bytes(stored.digest) == digest_of(token)
    assert (stored.expires_at, stored.revoked_at) == (NOW + timedelta(days=365), None)


@pytest.mark.parametrize(
    ("requested", "stored"),
    [([], ["read", "write"]), (["pairing"], ["pairing"]), (["companion"], ["companion"])],
)
def test_a_token_without_scopes_reads_and_writes(
    aigerim: User, requested: list[str], stored: list[str]
) -> None:
    token_create(user=aigerim, name="x", scopes=requested, now=NOW)
    assert ApiToken.objects.get().scopes == stored


def test_a_scope_nobody_knows_is_refused(aigerim: User) -> None:
    with pytest.raises(ValueError, match=r"^unknown scope: all, root; known: read, write, intake"):
        token_create(user=aigerim, name="x", scopes=["root", "read", "all"], now=NOW)
    assert not ApiToken.objects.exists()


def test_merchants_are_written_in_a_fixed_order() -> None:
    first, second = UUID(int=1), UUID(int=2)
    assert as_setting([second, first]) == "{" + f"{first},{second}" + "}"
    assert as_setting([]) == "{}"
