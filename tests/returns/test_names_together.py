"""The migration that gives requests kept before the keys of two words of one name."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import psycopg
from django.db import connections, transaction

from qaitar.foundation.records.models import SearchKey
from qaitar.foundation.records.search import find_subjects
from qaitar.kernel.roles import Role
from tests.factories.accounts import actor, make_person, make_shop, open_walls
from tests.factories.returns import make_case

if TYPE_CHECKING:
    from qaitar.runtime.addresses import DatabaseAddresses

MIGRATION = import_module("qaitar.returns.migrations.0006_names_together")


def test_names_stored_before_get_their_pairs_once(committed: DatabaseAddresses) -> None:
    """A shop that worked before finds people by both names as a new one does; running twice adds nothing."""
    with transaction.atomic():
        shop = make_shop()
        by = actor(make_person("aigerim", (shop.id, Role.OPERATOR)), shop.id)
        old = make_case(shop, by, "700000001-1", customer_name="Шолпан Ли")
        make_case(shop, by, "700000002-1", customer_name="Шолпан")
        SearchKey.objects.filter(key__startswith="&").delete()
    for _ in range(2):
        with connections["owner"].schema_editor() as editor:
            MIGRATION.pairs_add(None, editor)
    connections["owner"].close()
    with transaction.atomic():
        open_walls(shop.id)
        pairs = SearchKey.objects.filter(key__startswith="&").order_by("key")
        assert [(k.subject_id, k.key) for k in pairs] == [
            (old.pk, "&ли шолпан"),
            (old.pk, "&шолпан ли"),
        ]
        assert find_subjects([shop.id], "ли шолпан", 5) == [old.pk]
    with psycopg.connect(committed.owner_dsn) as owner:
        forced = owner.execute(
            "SELECT bool_and(relforcerowsecurity) FROM pg_class WHERE relname = ANY(%s)",
            [list(MIGRATION.WALLED)],
        ).fetchone()
    assert forced == (True,)
