"""Merchant walls stand in the database: forgetting a filter shows nothing, and the program's role cannot look over."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest
from django.db import ProgrammingError, connection, transaction

from qaitar.foundation.identity.access import digest_of, enter_as_token, enter_as_user
from qaitar.foundation.models import ApiToken, JournalEntry, Membership, Merchant, User
from qaitar.foundation.tenancy.walls_install import walled_tables
from qaitar.kernel.roles import Role
from qaitar.returns.models import ReturnRequest
from tests.factories.accounts import (
    NOW,
    actor,
    make_person,
    make_shop,
    make_token,
    open_walls,
    seen_merchants,
)
from tests.factories.returns import make_case

if TYPE_CHECKING:
    from qaitar.runtime.addresses import DatabaseAddresses


def rows(sql: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def test_every_table_with_a_merchant_is_walled_and_the_wall_is_forced(db_walls: None) -> None:
    """A table that gains `merchant_id` without a wall fails here; memberships and invitations come before them."""
    with_merchant = {
        str(name)
        for (name,) in rows(
            "SELECT table_name FROM information_schema.columns"
            " WHERE column_name = 'merchant_id' AND table_schema = 'public'"
        )
    }
    forced = {
        str(name)
        for (name,) in rows(
            "SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity AND relkind = 'r'"
        )
    }
    assert with_merchant - forced == {"foundation_invitation", "foundation_membership"}
    assert set(walled_tables()) == forced


def test_the_programs_role_can_neither_bypass_nor_own(db_walls: None) -> None:
    assert rows(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user"
    ) == [(False, False, False, False)]
    assert rows("SELECT count(*) FROM pg_tables WHERE tableowner = current_user") == [(0,)]


def test_raw_sql_without_a_merchant_set_returns_nothing_from_any_walled_table(
    committed: DatabaseAddresses,
) -> None:
    with transaction.atomic():
        shop = make_shop()
        aigerim = actor(make_person("aigerim", (shop.id, Role.OPERATOR)), shop.id)
        make_case(shop, aigerim)
    with psycopg.connect(committed.app_dsn, autocommit=True) as raw:
        for table in walled_tables():
            assert raw.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table
        with raw.transaction():
            raw.execute(
                "SELECT set_config('qaitar.merchants', %s, true)", ["{" + str(shop.id) + "}"]
            )
            assert raw.execute("SELECT count(*) FROM returns_returnrequest").fetchone() == (1,)
        assert raw.execute("SELECT count(*) FROM returns_returnrequest").fetchone() == (0,)


def test_a_row_cannot_be_written_inside_another_merchants_wall(db_walls: None) -> None:
    mine, other = make_shop("A"), make_shop("B")
    open_walls(mine.id)
    with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
        Merchant.objects.create(id=other.id, merchant_id=other.id, name="x", created_at=NOW)
    open_walls(mine.id)
    assert Merchant.objects.filter(pk=other.id).update(name="taken") == 0


@pytest.mark.parametrize(
    "sql", ["UPDATE foundation_journalentry SET act = 'X'", "DELETE FROM foundation_journalentry"]
)
def test_the_journal_can_be_neither_changed_nor_emptied_by_the_program(
    db_walls: None, sql: str
) -> None:
    shop = make_shop()
    make_case(shop, actor(make_person("aigerim", (shop.id, Role.OPERATOR)), shop.id))
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)
    assert JournalEntry.objects.count() == 1


def test_even_the_owner_cannot_change_a_journal_line(committed: DatabaseAddresses) -> None:
    with transaction.atomic():
        shop = make_shop()
        make_case(shop, actor(make_person("aigerim", (shop.id, Role.OPERATOR)), shop.id))
    with psycopg.connect(committed.owner_dsn) as owner:
        owner.execute("SELECT set_config('qaitar.merchants', %s, true)", ["{" + str(shop.id) + "}"])
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            owner.execute("UPDATE foundation_journalentry SET why = 'rewritten'")


@pytest.mark.parametrize(
    "sql",
    [
        "TRUNCATE foundation_journalentry",
        "TRUNCATE foundation_merchantkey, foundation_journalentry CASCADE",
    ],
)
def test_even_the_owner_cannot_empty_the_journal(committed: DatabaseAddresses, sql: str) -> None:
    with transaction.atomic():
        shop = make_shop()
        make_case(shop, actor(make_person("aigerim", (shop.id, Role.OPERATOR)), shop.id))
    with (
        psycopg.connect(committed.owner_dsn) as owner,
        pytest.raises(psycopg.errors.RaiseException, match="append-only"),
    ):
        owner.execute(sql)
    with transaction.atomic():
        open_walls(shop.id)
        assert JournalEntry.objects.count() == 1


def test_a_person_sees_exactly_the_merchants_they_serve(db_walls: None) -> None:
    first, second, third = make_shop("A"), make_shop("B"), make_shop("C")
    both = make_person("daulet", (first.id, Role.SENIOR), (second.id, Role.OPERATOR))
    principal = enter_as_user(both.pk)
    assert principal is not None
    assert principal.roles == {first.id: Role.SENIOR, second.id: Role.OPERATOR}
    assert set(Merchant.objects.values_list("name", flat=True)) == {"A", "B"}
    assert third.id not in principal.roles


def test_a_removed_role_shuts_the_wall_at_the_next_request(db_walls: None) -> None:
    shop = make_shop()
    person = make_person("aigerim", (shop.id, Role.OPERATOR))
    make_case(shop, actor(person, shop.id))
    Membership.objects.filter(user=person).delete()
    principal = enter_as_user(person.pk)
    assert principal is not None
    assert principal.roles == {}
    assert (ReturnRequest.objects.count(), seen_merchants()) == (0, "")


def test_a_switched_off_person_cannot_enter(db_walls: None) -> None:
    shop = make_shop()
    person = make_person("aigerim", (shop.id, Role.OPERATOR))
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert enter_as_user(person.pk) is None


def test_a_token_is_stored_as_a_hash_and_a_revoked_or_expired_one_opens_nothing(
    db_walls: None,
) -> None:
    shop = make_shop()
    token = make_token(make_person("aigerim", (shop.id, Role.OPERATOR)), "read")
    stored = ApiToken.objects.get()
    assert bytes(stored.digest) == digest_of(token)
    assert token not in str(stored.__dict__)
    entered = enter_as_token(token, key=None, now=NOW)
    assert entered is not None
    assert entered[0].scopes == {"read"}
    ApiToken.objects.update(expires_at=NOW)
    assert enter_as_token(token, key=None, now=NOW) is None
    ApiToken.objects.update(expires_at=NOW + timedelta(days=1), revoked_at=NOW)
    assert enter_as_token(token, key=None, now=NOW) is None
    assert enter_as_token("qtr_wrong", key=None, now=NOW) is None
