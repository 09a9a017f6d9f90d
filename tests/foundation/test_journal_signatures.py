"""The journal against who holds the owner's address of the database, and not the key that signs."""

from __future__ import annotations

import argparse
import hashlib
import importlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.apps import apps
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from qaitar.cli import check_journal, journal
from qaitar.foundation.connections.secrets import NoKey
from qaitar.foundation.journal.anchors import (
    FILE,
    anchor_daily,
    anchor_is_signed,
    anchor_make,
    anchor_read,
    anchors_load,
)
from qaitar.foundation.journal.check import Checking, JournalFault
from qaitar.foundation.journal.head_model import JournalHead
from qaitar.foundation.journal.keys import journal_key_secrets, journal_keys
from qaitar.foundation.journal.lines import GENESIS, JournalLine, stored_hash
from qaitar.foundation.journal.reads import journal_faults
from qaitar.foundation.journal.settings_journal import setting_note
from qaitar.foundation.models import JournalEntry
from qaitar.kernel.ids import new_id
from qaitar.kernel.roles import Role
from qaitar.returns.services.notes import request_comment
from qaitar.runtime.folder import DataFolder
from tests.factories.accounts import NOW, actor, make_person, make_shop, open_walls
from tests.factories.returns import make_case

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from uuid import UUID

    from qaitar.foundation.identity.actors import Actor
    from qaitar.runtime.addresses import DatabaseAddresses

OLD_KEY, NEW_KEY = (
    "an older journal key of forty characters..",
    "a newer journal key of forty characters...",
)


@dataclass(frozen=True)
class Written:
    """A shop with a case of three lines and a store's settings of two."""

    merchant: UUID
    other: UUID
    case: UUID
    setting: UUID
    by: Actor


def setting_change(shop: Written, zone: str, **reported: Any) -> None:
    setting_note(
        merchant_id=shop.merchant,
        subject_id=reported.get("subject", shop.setting),
        kind="store",
        line=JournalLine("STORE_CHANGE", NOW, shop.by, {}, {"zone": zone}),
    )


@pytest.fixture
def shop(committed: DatabaseAddresses) -> Written:
    with transaction.atomic():
        other, mine = make_shop("B"), make_shop("A")
        by = actor(make_person("aigerim", (mine.id, Role.OPERATOR)), mine.id)
        case = make_case(mine, by)
        for text in ("first", "second"):
            request_comment(request_id=case.pk, text=text, by=by, now=NOW)
        made = Written(mine.id, other.id, case.pk, new_id(), by)
        for zone in ("Asia/Almaty", "Asia/Aqtau"):
            setting_change(made, zone)
    return made


@pytest.fixture
def owner(committed: DatabaseAddresses, shop: Written) -> Iterator[psycopg.Connection[Any]]:
    """Whoever holds the owner's address: walls open, the append-only triggers off."""
    with psycopg.connect(committed.owner_dsn, autocommit=True) as opened:
        opened.execute(
            "SELECT set_config('qaitar.merchants', %s, false)",
            [f"{{{shop.merchant},{shop.other}}}"],
        )
        opened.execute("ALTER TABLE foundation_journalentry DISABLE TRIGGER USER")
        yield opened
        opened.execute("ALTER TABLE foundation_journalentry ENABLE TRIGGER USER")


def requested(action: str, anchor: str | None = None) -> argparse.Namespace:
    return argparse.Namespace(action=action, anchor=anchor)


def faults() -> set[tuple[UUID, int, JournalFault]]:
    checking = Checking(journal_key_secrets())
    return {(each.subject_id, each.seq, each.fault) for each in journal_faults(checking)}


def chain_accepted_anew(owner: psycopg.Connection[Any], subject: UUID) -> None:
    """Take every hash of a chain anew, and put the last one where heads are kept: all that the owner's address allows."""
    prev = GENESIS
    with transaction.atomic():
        open_walls(*_merchants(owner))
        entries = list(JournalEntry.objects.filter(subject_id=subject).order_by("seq"))
    for entry in entries:
        accepted = stored_hash(prev, entry)
        owner.execute(
            "UPDATE foundation_journalentry SET prev_hash = %s, hash = %s WHERE id = %s",
            [prev, accepted, entry.pk],
        )
        prev = accepted
    owner.execute(
        "UPDATE foundation_journalhead SET hash = %s, seq = %s WHERE subject_id = %s",
        [prev, len(entries), subject],
    )
    owner.execute(
        "UPDATE returns_returnrequest SET journal_head = %s, journal_seq = %s WHERE id = %s",
        [prev, len(entries), subject],
    )


def _merchants(owner: psycopg.Connection[Any]) -> list[UUID]:
    return [row[0] for row in owner.execute("SELECT id FROM foundation_merchantkey").fetchall()]


def test_what_the_program_wrote_holds(shop: Written) -> None:
    assert faults() == set()
    with transaction.atomic():
        open_walls(shop.merchant)
        heads = dict(JournalHead.objects.values_list("subject_id", "seq"))
        assert heads == {shop.case: 3, shop.setting: 2}
        assert set(JournalEntry.objects.values_list("key_id", flat=True)) == {journal_keys()[0].id}


def test_another_name_and_a_chain_accepted_anew_are_seen(
    shop: Written, owner: psycopg.Connection[Any]
) -> None:
    owner.execute(
        "UPDATE foundation_journalentry SET actor_name = 'Timur' WHERE subject_id = %s AND seq = 2",
        [shop.case],
    )
    assert faults() == {(shop.case, 2, JournalFault.WORDS)}
    chain_accepted_anew(owner, shop.case)
    assert faults() == {
        (shop.case, 2, JournalFault.SIGNATURE),
        (shop.case, 3, JournalFault.SIGNATURE),
        (shop.case, 3, JournalFault.HEAD_SIGNATURE),
    }


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        ("request_ref = 'another'", {(2, JournalFault.SIGNATURE)}),
        ("subject_kind = 'returnrequest'", {(2, JournalFault.SIGNATURE)}),
        ("id = gen_random_uuid()", {(2, JournalFault.SIGNATURE)}),
        ("key_id = 'ffffffffffffffff'", {(2, JournalFault.UNSIGNED)}),
        ("mac = NULL", {(2, JournalFault.UNSIGNED)}),
        ("at = at + interval '1 second'", {(2, JournalFault.WORDS)}),
        ("actor_id = 4711", {(2, JournalFault.WORDS)}),
        ("actor_role = 'OWNER'", {(2, JournalFault.WORDS)}),
        ("channel = 'job'", {(2, JournalFault.WORDS)}),
        ("act = 'STORE_CREATE'", {(2, JournalFault.WORDS)}),
        ('before = \'{"zone": "x"}\'', {(2, JournalFault.WORDS)}),
        ("after = '{}'", {(2, JournalFault.WORDS)}),
        ("why = 'because'", {(2, JournalFault.WORDS)}),
        (
            "seq = 3",
            {
                (3, JournalFault.MISSING),
                (3, JournalFault.WORDS),
                (3, JournalFault.SIGNATURE),
                (3, JournalFault.HEAD_DIFFERS),
            },
        ),
    ],
)
def test_a_change_of_any_column_is_seen(
    shop: Written, owner: psycopg.Connection[Any], change: str, seen: set[tuple[int, JournalFault]]
) -> None:
    owner.execute(
        f"UPDATE foundation_journalentry SET {change} WHERE subject_id = %s AND seq = 2",
        [shop.setting],
    )
    assert faults() == {(shop.setting, seq, fault) for seq, fault in seen}


def test_a_chain_moved_to_another_merchant_is_seen(
    shop: Written, owner: psycopg.Connection[Any]
) -> None:
    owner.execute(
        "UPDATE foundation_journalentry SET merchant_id = %s WHERE subject_id = %s",
        [shop.other, shop.setting],
    )
    assert faults() == {
        (shop.setting, 1, JournalFault.SIGNATURE),
        (shop.setting, 2, JournalFault.SIGNATURE),
        (shop.setting, 2, JournalFault.NO_HEAD),
        (shop.setting, 0, JournalFault.REMOVED),
    }
    owner.execute(
        "UPDATE foundation_journalhead SET merchant_id = %s WHERE subject_id = %s",
        [shop.other, shop.setting],
    )
    assert (shop.setting, 2, JournalFault.HEAD_SIGNATURE) in faults()


@pytest.mark.parametrize("which", ["case", "setting"])
def test_a_removed_last_line_is_seen_also_after_further_work(
    shop: Written, owner: psycopg.Connection[Any], which: str
) -> None:
    subject: UUID = getattr(shop, which)
    last = {"case": 3, "setting": 2}[which]
    removed = "DELETE FROM foundation_journalentry WHERE subject_id = %s AND seq = %s"
    owner.execute(removed, [subject, last])
    assert faults() == {(subject, last - 1, JournalFault.CUT)}
    chain_accepted_anew(owner, subject)  # the head now says that the line was never there
    assert faults() == {(subject, last - 1, JournalFault.HEAD_SIGNATURE)}
    with transaction.atomic():
        open_walls(shop.merchant)
        if which == "case":
            request_comment(request_id=subject, text="later", by=shop.by, now=NOW)
        else:
            setting_change(shop, "Asia/Oral")
    assert (subject, last, JournalFault.HEAD_SIGNATURE) in faults()


def test_a_removed_settings_chain_is_seen_also_after_further_work(
    shop: Written, owner: psycopg.Connection[Any]
) -> None:
    owner.execute("DELETE FROM foundation_journalentry WHERE subject_id = %s", [shop.setting])
    assert faults() == {(shop.setting, 0, JournalFault.REMOVED)}
    with transaction.atomic():
        open_walls(shop.merchant)
        setting_change(shop, "Asia/Oral")
    assert faults() == {(shop.setting, 1, JournalFault.CUT)}


def test_a_chain_removed_with_its_head_is_seen_by_an_anchor(
    shop: Written, owner: psycopg.Connection[Any], tmp_path: Path, capsys: Any
) -> None:
    folder = DataFolder(tmp_path)
    stored = tmp_path / "elsewhere.txt"
    assert journal.run(requested("anchor"), folder) == 0
    stored.write_text(capsys.readouterr().out)
    with transaction.atomic():
        open_walls(shop.merchant)
        setting_change(shop, "Asia/Oral")  # what comes later is not covered and changes nothing
    assert journal.run(requested("verify", str(stored)), folder) == 0
    assert "holds (2 chains, 5 lines)" in capsys.readouterr().out
    for table in ("entry", "head"):
        owner.execute(
            f"DELETE FROM foundation_journal{table} WHERE subject_id = %s", [shop.setting]
        )
    assert faults() == set()
    assert journal.run(requested("verify", str(stored)), folder) == 1
    stated = capsys.readouterr().out
    assert "does NOT hold: 2 chains and 5 lines then, 1 and 3 of them now" in stated
    assert check_journal.run(argparse.Namespace(without_keys=False), folder) == 1
    assert "does NOT hold" in capsys.readouterr().out


def test_an_older_state_put_back_is_seen_by_an_anchor(
    shop: Written, owner: psycopg.Connection[Any], tmp_path: Path
) -> None:
    """Head and lines as they once were are signed: only what was kept elsewhere knows that there was more."""
    head = owner.execute(
        "SELECT seq, hash, key_id, mac FROM foundation_journalhead WHERE subject_id = %s",
        [shop.setting],
    ).fetchone()
    assert head is not None
    with transaction.atomic():
        open_walls(shop.merchant)
        setting_change(shop, "Asia/Oral")
    anchor = anchor_make(NOW)
    owner.execute(
        "DELETE FROM foundation_journalentry WHERE subject_id = %s AND seq = 3", [shop.setting]
    )
    owner.execute(
        "UPDATE foundation_journalhead SET seq = %s, hash = %s, key_id = %s, mac = %s WHERE subject_id = %s",
        [*head, shop.setting],
    )
    assert faults() == set()
    [(holds, stated)] = journal.anchor_lines([anchor])
    assert not holds
    assert "6 lines then, 2 and 5 of them now" in stated


def test_an_anchor_cannot_be_written_without_the_key(shop: Written) -> None:
    anchor = anchor_make(NOW)
    assert anchor_read(anchor.text) == anchor
    assert anchor_is_signed(anchor)
    forged = anchor_read(anchor.text.replace("lines=5", "lines=4"))
    assert not anchor_is_signed(forged)
    [(holds, stated)] = journal.anchor_lines([forged])
    assert (holds, "NOT signed" in stated) == (False, True)


def test_one_anchor_a_day_is_stored(shop: Written, tmp_path: Path) -> None:
    assert anchor_daily(tmp_path, NOW) is not None
    assert anchor_daily(tmp_path, NOW + timedelta(hours=3)) is None
    assert anchor_daily(tmp_path, NOW + timedelta(days=1)) is not None
    assert [each.at for each in anchors_load(tmp_path)] == [NOW, NOW + timedelta(days=1)]
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_the_program_s_role_cannot_write_a_line_that_holds(shop: Written) -> None:
    """What an injected statement can do: add a line with a right hash, and no signature."""
    with transaction.atomic():
        open_walls(shop.merchant)
        last = JournalEntry.objects.filter(subject_id=shop.setting).order_by("-seq")[0]
        prev = bytes(last.hash)
        last.pk, last.seq, last.actor_name = new_id(), 3, "Timur"
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO foundation_journalentry (id, merchant_id, subject_kind, subject_id, seq, at, actor_name,"
                " actor_role, channel, act, before, after, why, request_ref, prev_hash, hash, key_id, mac)"
                " SELECT %s, merchant_id, subject_kind, subject_id, 3, at, 'Timur', actor_role, channel, act, before,"
                " after, why, request_ref, hash, %s, key_id, mac FROM foundation_journalentry"
                " WHERE subject_id = %s AND seq = 2",
                [last.pk, hashlib.sha256(prev).digest(), shop.setting],
            )
    assert (shop.setting, 3, JournalFault.SIGNATURE) in faults()
    assert (shop.setting, 3, JournalFault.HEAD_DIFFERS) in faults()


def test_the_command_names_line_and_fault(
    shop: Written, owner: psycopg.Connection[Any], tmp_path: Path, capsys: Any
) -> None:
    folder = DataFolder(tmp_path)
    assert check_journal.run(argparse.Namespace(without_keys=False), folder) == 0
    assert capsys.readouterr().out == "2 cases checked, 0 broken\n"
    owner.execute(
        "UPDATE foundation_journalentry SET request_ref = 'x' WHERE subject_id = %s AND seq = 1",
        [shop.setting],
    )
    assert check_journal.run(argparse.Namespace(without_keys=False), folder) == 1
    assert capsys.readouterr().out == (
        f"store {shop.setting} line 1: it was not written by the program: its signature does not hold"
        f" (merchant {shop.merchant})\n2 cases checked, 1 broken\n"
    )
    assert check_journal.run(argparse.Namespace(without_keys=True), folder) == 0
    assert "signatures were not looked at" in capsys.readouterr().out


def test_a_changed_key_signs_what_is_new_and_the_old_one_verifies_what_was(
    shop: Written, settings: Any
) -> None:
    first = settings.QAITAR_JOURNAL_KEY
    settings.QAITAR_JOURNAL_KEY = f"{NEW_KEY},{first}"
    with transaction.atomic():
        open_walls(shop.merchant)
        setting_change(shop, "Asia/Oral")
        keys = JournalEntry.objects.filter(subject_id=shop.setting).order_by("seq")
        assert len(set(keys.values_list("key_id", flat=True))) == 2
    assert faults() == set()
    settings.QAITAR_JOURNAL_KEY = NEW_KEY
    assert {seq for subject, seq, fault in faults() if subject == shop.setting} == {1, 2}


def test_without_a_key_no_line_is_written(shop: Written, settings: Any) -> None:
    settings.QAITAR_JOURNAL_KEY = ""
    with transaction.atomic():
        open_walls(shop.merchant)
        with pytest.raises(NoKey, match="QAITAR_JOURNAL_KEY"):
            setting_change(shop, "Asia/Oral")
    settings.QAITAR_JOURNAL_KEY = OLD_KEY
    with transaction.atomic():
        open_walls(shop.merchant)
        assert JournalEntry.objects.filter(subject_id=shop.setting).count() == 2


def test_a_line_costs_the_statements_it_did(shop: Written) -> None:
    with transaction.atomic():
        open_walls(shop.merchant)
        with CaptureQueriesContext(connection) as reported:
            setting_change(shop, "Asia/Oral")
    assert len(reported) == 3  # the chain is held, its last line read, the next one written


def test_lines_written_before_are_signed_by_the_migration(
    shop: Written, owner: psycopg.Connection[Any]
) -> None:
    migration = importlib.import_module("qaitar.foundation.migrations.0012_sign_earlier_lines")
    owner.execute("UPDATE foundation_journalentry SET mac = NULL, key_id = ''")
    owner.execute("DELETE FROM foundation_journalhead")
    owner.execute("ALTER TABLE foundation_journalentry ENABLE TRIGGER USER")
    assert len(faults()) == 7
    with connections["owner"].schema_editor(atomic=True) as editor:
        migration.sign_lines(apps, editor)
    connections["owner"].close()
    assert faults() == set()
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        owner.execute("DELETE FROM foundation_journalentry")
