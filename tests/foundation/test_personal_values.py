"""Values that identify a customer: encrypted where rows are never changed, erased by destroying their keys."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from qaitar.cli import check_journal, person
from qaitar.contracts.marketplace import ReturnReading, Section, Unread
from qaitar.flows.effects.settlement import EffectUpdate, settle_all
from qaitar.flows.take_cabinet import cabinet_take
from qaitar.foundation.connections.resealing import secrets_reseal
from qaitar.foundation.journal.lines import first_break
from qaitar.foundation.journal.personal_models import ErasedPerson, PersonalKey
from qaitar.foundation.journal.personal_values import ERASED, UNREADABLE, lines_open
from qaitar.foundation.models import EffectState, JournalEntry, PlannedEffect, RawIntake
from qaitar.foundation.records.models import SearchKey
from qaitar.kernel.ids import new_id
from qaitar.kernel.roles import Role
from qaitar.orders.models import Customer, ImportRejection, ImportRun, Order
from qaitar.returns.models import ReturnRequest
from qaitar.returns.services.evidence import NewProof, evidence_add
from qaitar.returns.services.notes import request_comment, request_note
from qaitar.returns.services.perform_act import Details, request_act
from qaitar.returns.vocabulary import Act, EvidenceKind, RefusalReason
from qaitar.runtime.folder import DataFolder
from qaitar.runtime.problems import Problem
from tests.factories.accounts import NOW, Shop, actor, make_person, make_shop, open_walls
from tests.factories.returns import look, make_case, make_file

if TYPE_CHECKING:
    from pathlib import Path

    from qaitar.runtime.addresses import DatabaseAddresses

PHONE, OTHER_PHONE = "+77017654321", "+77023334455"
NAME, WORDS = "Оксана Плантова", "мои слова плантовые"
OTHER = "an encryption key of another installation.."


@pytest.fixture
def shop(db_walls: None) -> Shop:
    return make_shop()


def noted(shop: Shop, number: str = "700000001-1", phone: str = PHONE) -> ReturnRequest:
    """A case whose customer was written down by a person."""
    by = actor(make_person(f"u{number}", (shop.id, Role.OPERATOR)), shop.id)
    case = make_case(shop, by, number, customer_name="", customer_phone="")
    values = {"customer_name": NAME, "customer_phone": phone, "customer_words": WORDS}
    return request_note(request_id=case.pk, values=values, by=by, now=NOW)


NAMED = f"{NAME} {PHONE}"
REFUSED = Details(reason=RefusalReason.DAMAGE_BY_CUSTOMER, text=f"отказ: {NAMED}")


def named_everywhere(shop: Shop, case: ReturnRequest) -> None:
    """Let everybody name the person: the marketplace, a clerk beside a photo, a senior who refuses, a system outside."""
    clerk = actor(make_person("clerk", (shop.id, Role.OPERATOR)), shop.id)
    senior = actor(make_person("senior", (shop.id, Role.SENIOR)), shop.id)
    seen = ReturnReading(
        number=case.number,
        section=Section.NEW,
        reason_code="BROKEN",
        reason_text=f"сперва {NAMED}",
        unread=(Unread("customer", "unread", NAMED),),
        hint_text=NAMED,
    )
    look(shop, NOW, seen)
    later = replace(seen, reason_code="DEFECT", reason_text=f"потом {NAMED}")
    look(shop, NOW + timedelta(minutes=1), later)
    request_note(request_id=case.pk, values={"quality": "MECHANICAL_DAMAGE"}, by=senior, now=NOW)
    photos = (EvidenceKind.PHOTO_DAMAGE, EvidenceKind.PHOTO_GOODS, EvidenceKind.PHOTO_PACKAGING)
    files = [
        NewProof(make_file(shop.id, f"{NAMED}.jpg"), kind, note=f"прислала {NAMED}")
        for kind in photos
    ]
    evidence_add(request_id=case.pk, proofs=files, by=clerk, now=NOW)
    for act, by, reported in (
        (Act.SEND_FOR_APPROVAL, clerk, Details()),
        (Act.DECLINE, senior, Details(why=NAMED)),
        (Act.REFUSE, clerk, REFUSED),
    ):
        version = ReturnRequest.objects.values_list("version", flat=True).get(pk=case.pk)
        details = replace(reported, expected_version=version)
        request_act(request_id=case.pk, act=act, by=by, now=NOW, details=details)
    stated = EffectUpdate(EffectState.REFUSED, f"unknown client {NAMED}")
    settle_all([(each, stated) for each in PlannedEffect.objects.filter(subject_id=case.pk)], NOW)
    look(
        shop,
        NOW + timedelta(minutes=2),
        replace(later, section=Section.CLOSED, reject_text=f"Отказано: {NAMED}"),
    )


def closed(shop: Shop, case: ReturnRequest) -> None:
    by = actor(make_person(f"s{case.number}", (shop.id, Role.SENIOR)), shop.id)
    request_act(request_id=case.pk, act=Act.NOTE_MARKETPLACE_DECIDED, by=by, now=NOW)


def stored_values(name: str) -> list[Any]:
    return list(
        JournalEntry.objects.filter(after__has_key=name).values_list(f"after__{name}", flat=True)
    )


def test_the_journal_holds_no_customer_in_the_open(shop: Shop) -> None:
    case = noted(shop)
    assert case.customer_phone == PHONE
    [phone], [name] = stored_values("customer_phone"), stored_values("customer_name")
    assert phone.startswith("sealed:1:")
    assert name.startswith("sealed:1:")
    assert phone.split(":")[2] == name.split(":")[2] == str(PersonalKey.objects.get().pk)
    assert PersonalKey.objects.get().subject_id == case.pk
    entries = list(JournalEntry.objects.filter(subject_id=case.pk).order_by("seq"))
    assert first_break(entries) is None
    lines_open(entries)
    assert entries[-1].after["customer_phone"] == PHONE
    assert entries[-1].after["customer_name"] == NAME


def test_a_line_without_personal_values_makes_no_key(shop: Shop) -> None:
    by = actor(make_person("aigerim", (shop.id, Role.OPERATOR)), shop.id)
    case = make_case(shop, by)
    request_note(request_id=case.pk, values={"category_title": "Смартфоны"}, by=by, now=NOW)
    assert not PersonalKey.objects.exists()


def test_a_sealed_value_opens_in_its_own_line_only(shop: Shop) -> None:
    noted(shop)
    other = noted(shop, "700000002-1", OTHER_PHONE)
    mine, theirs = JournalEntry.objects.filter(after__has_key="customer_phone").order_by("place")
    mine.after["customer_phone"], mine.subject_id = theirs.after["customer_phone"], new_id()
    theirs.after["customer_phone"] = theirs.after["customer_name"]
    lines_open([mine, theirs])
    assert mine.after["customer_phone"] == theirs.after["customer_phone"] == UNREADABLE
    assert theirs.subject_id == other.pk


def test_another_key_opens_nothing_and_breaks_nothing(shop: Shop, settings: Any) -> None:
    noted(shop)
    settings.QAITAR_ENCRYPTION_KEY = OTHER
    entries = list(JournalEntry.objects.all())
    lines_open(entries)
    assert {each.after.get("customer_phone") for each in entries} == {None, UNREADABLE}


def test_resealing_takes_personal_keys_along(shop: Shop, settings: Any) -> None:
    noted(shop)
    settings.QAITAR_ENCRYPTION_KEY = f"{OTHER},{settings.QAITAR_ENCRYPTION_KEY}"
    done = secrets_reseal()
    assert (done.personal_keys, done.not_opened) == (1, [])
    assert secrets_reseal().personal_keys == 0
    settings.QAITAR_ENCRYPTION_KEY = OTHER
    open_walls(shop.id)
    entries = list(JournalEntry.objects.filter(after__has_key="customer_phone"))
    lines_open(entries)
    assert [each.after["customer_phone"] for each in entries] == [PHONE]


def test_the_journal_page_shows_the_name_and_the_erasure(shop: Shop, settings: Any) -> None:
    settings.WHITENOISE_AUTOREFRESH = True  # static files are not gathered for this test
    case = noted(shop)
    owner = make_person("saule", (shop.id, Role.OWNER))
    browser = Client()
    browser.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
    address = reverse("console:journal", args=[case.pk])
    assert NAME in browser.get(address).content.decode()
    open_walls(shop.id)
    PersonalKey.objects.all().delete()
    page = browser.get(address).content.decode()
    assert NAME not in page
    assert "стёрто" in page


# --- erasing ---------------------------------------------------------------------------------------------------


def requested(action: str = "erase", **reported: Any) -> argparse.Namespace:
    plain = {
        "action": action,
        "phone": "8 701 765 43 21",
        "merchant": "",
        "ground": "заявление 12 от 14.05.2026",
        "file": None,
        "dry_run": False,
        "json": True,
    }
    return argparse.Namespace(**{**plain, **reported})


@pytest.fixture
def full_shop(committed: DatabaseAddresses) -> Shop:
    """A shop with the person's case and order, a body that names them, and another person's case."""
    with transaction.atomic():
        shop = make_shop()
        mine, theirs = noted(shop), noted(shop, "700000002-1", OTHER_PHONE)
        customer = Customer.objects.create(
            merchant_id=shop.id,
            channel="KASPI",
            external_id="0707017654321",
            name=NAME,
            phone=PHONE,
        )
        order = Order.objects.create(
            merchant_id=shop.id,
            store_id=shop.store.pk,
            code="900000009",
            customer_id=customer.pk,
            total_minor=1_299_000,
            address="Абая 1, кв. 2",
            digest=bytes(32),
            created_at=NOW,
            updated_at=NOW,
        )
        assert order.pk
        SearchKey.objects.create(merchant_id=shop.id, subject_id=mine.pk, key="плантова")
        by = actor(make_person("saule", (shop.id, Role.OWNER)), shop.id)
        body = json.dumps([{"number": mine.number, "phone": "7017654321"}]).encode()
        cabinet_take(store_id=shop.store.pk, body=body, received_from="web", by=by, now=NOW)
        RawIntake.objects.update(state="READ")
        run = ImportRun.objects.create(
            merchant_id=shop.id, store_id=shop.store.pk, state="DONE", started_at=NOW
        )
        for cells in (
            {"Телефон": "+7 (701) 765-43-21", "Покупатель": NAME},
            {"№ заказа": "900000009", "Адрес": "Абая 1"},
            {"Телефон": OTHER_PHONE, "Покупатель": "Айгуль"},
        ):
            ImportRejection.objects.create(
                merchant_id=shop.id, run_id=run.pk, row_number=2, reason_code="no_sum", raw=cells
            )
        request_comment(request_id=mine.pk, text=f"{NAME} звонила, {PHONE}", by=by, now=NOW)
        named_everywhere(shop, mine)
        closed(shop, mine)
        assert theirs.pk
    return shop


def dump(database: DatabaseAddresses) -> str:
    """Write every row of every table as text, past the walls, as a dump does."""
    with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
        owner.execute(
            "SELECT set_config('qaitar.merchants', (SELECT array_agg(id)::text FROM foundation_merchantkey), false)"
        )
        tables = owner.execute(
            "SELECT format('%I', tablename) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
        return "\n".join(
            str(row[0])
            for (name,) in tables
            for row in owner.execute(f"SELECT t::text FROM {name} t")
        )


def markers(text: str) -> set[str]:
    """Find what identifies the person, in the open or as the bytes of a column."""
    forms = (NAME, "плантова", "Абая 1", "7017654321", "мои слова", "0707017654321")
    return {each for each in forms for form in (each, each.encode().hex()) if form in text}


def test_an_erased_person_is_in_no_table_and_the_journal_holds(
    full_shop: Shop, committed: DatabaseAddresses, tmp_path: Path, capsys: Any
) -> None:
    folder = DataFolder(tmp_path)
    assert len(markers(dump(committed))) == 6
    assert f"{NAME} звонила" not in dump(committed)
    assert person.run(requested(dry_run=True), folder) == 0
    counted = json.loads(capsys.readouterr().out)["erased"]
    kinds = ("cases", "customers", "orders", "search_words", "bodies")
    assert counted == [{**dict.fromkeys(kinds, 1), "keys": 9, "import_rows": 2}]
    assert len(markers(dump(committed))) == 6  # counting changed nothing
    assert person.run(requested(), folder) == 0
    assert json.loads(capsys.readouterr().out)["erased"] == counted
    with transaction.atomic():
        open_walls(full_shop.id)
        other = ReturnRequest.objects.get(number="700000002-1")
        assert (other.customer_phone, other.customer_name) == (OTHER_PHONE, NAME)
        ReturnRequest.objects.filter(pk=other.pk).update(customer_name="", customer_words="")
        SearchKey.objects.filter(subject_id=other.pk).delete()
        assert Order.objects.get(code="900000009").total_minor == 1_299_000
        case = ReturnRequest.objects.get(number="700000001-1")
        lines = list(JournalEntry.objects.filter(subject_id=case.pk).order_by("seq"))
        assert first_break(lines) is None
        assert (lines[-1].act, lines[-1].why) == ("PERSON_ERASE", "заявление 12 от 14.05.2026")
        lines_open(lines)
        assert ERASED in {each.after.get("customer_phone") for each in lines}
        assert [each.why for each in lines if each.act == "COMMENT"] == [ERASED]
        grave = ErasedPerson.objects.get()
        assert (grave.ground, grave.erased_by) == ("заявление 12 от 14.05.2026", "Qaitar")
        assert [bytes(row.body) for row in RawIntake.objects.all()] == [b""]
        rejected = ImportRejection.objects.order_by("pk")
        assert [(row.reason_code, row.raw) for row in rejected] == [
            ("no_sum", {}),
            ("no_sum", {}),
            ("no_sum", {"Телефон": OTHER_PHONE, "Покупатель": "Айгуль"}),
        ]
    assert markers(dump(committed)) == set()
    assert check_journal.run(argparse.Namespace(without_keys=False), folder) == 0


def test_an_open_case_is_not_erased(
    full_shop: Shop, committed: DatabaseAddresses, tmp_path: Path
) -> None:
    before = dump(committed)
    with pytest.raises(Problem, match="700000002-1"):
        person.run(requested(phone=OTHER_PHONE), DataFolder(tmp_path))
    with pytest.raises(Problem):
        person.run(requested(phone="+77770000000"), DataFolder(tmp_path))
    with pytest.raises(Problem):
        person.run(requested(ground=" "), DataFolder(tmp_path))
    assert dump(committed) == before
    assert not (tmp_path / person.FILE).exists()


def test_a_person_brought_back_by_an_older_backup_is_erased_again(
    full_shop: Shop, committed: DatabaseAddresses, tmp_path: Path, capsys: Any
) -> None:
    """The restored database knows the person and no tombstone; the data folder's list does."""
    folder = DataFolder(tmp_path)
    person.run(requested(), folder)
    assert PHONE.removeprefix("+") not in (tmp_path / person.FILE).read_text()
    with psycopg.connect(committed.owner_dsn, autocommit=True) as owner:
        owner.execute("SELECT set_config('qaitar.merchants', %s, false)", [f"{{{full_shop.id}}}"])
        owner.execute("ALTER TABLE foundation_erasedperson DISABLE TRIGGER USER")
        owner.execute("DELETE FROM foundation_erasedperson")
        owner.execute("ALTER TABLE foundation_erasedperson ENABLE TRIGGER USER")
        owner.execute(
            "UPDATE returns_returnrequest SET customer_phone = %s WHERE number = '700000001-1'",
            [PHONE],
        )
    capsys.readouterr()
    assert person.run(requested("erase-again"), folder) == 0
    assert [each["cases"] for each in json.loads(capsys.readouterr().out)["erased"]] == [1]
    with transaction.atomic():
        open_walls(full_shop.id)
        assert ReturnRequest.objects.get(number="700000001-1").customer_phone == ""
        assert ReturnRequest.objects.get(number="700000002-1").customer_phone == OTHER_PHONE
        assert ErasedPerson.objects.count() == 2
    assert person.run(requested("erase-again"), folder) == 0
    assert json.loads(capsys.readouterr().out)["erased"] == []


def test_a_tombstone_is_not_changed(
    full_shop: Shop, committed: DatabaseAddresses, tmp_path: Path
) -> None:
    person.run(requested(), DataFolder(tmp_path))
    with psycopg.connect(committed.owner_dsn, autocommit=True) as owner:
        owner.execute("SELECT set_config('qaitar.merchants', %s, false)", [f"{{{full_shop.id}}}"])
        for statement in (
            "UPDATE foundation_erasedperson SET ground = ''",
            "DELETE FROM foundation_erasedperson",
            "TRUNCATE foundation_erasedperson",
        ):
            with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
                owner.execute(statement)
    with transaction.atomic(), connection.cursor() as cursor:
        open_walls(full_shop.id)
        cursor.execute(
            "SELECT has_table_privilege('foundation_erasedperson', 'UPDATE, DELETE, TRUNCATE')"
        )
        assert cursor.fetchone() == (False,)
