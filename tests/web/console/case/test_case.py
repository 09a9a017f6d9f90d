"""The case card: everything on one page in a fixed number of statements; notes, proofs and journal on it."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections, transaction
from PIL import Image

from qaitar.foundation.journal.personal_values import lines_open
from qaitar.foundation.models import JournalEntry, StoredFile
from qaitar.kernel.ids import new_id
from qaitar.kernel.roles import Role
from qaitar.kernel.zones import ALMATY, MOSCOW
from qaitar.orders.models import Order, Store, Tender, Unit
from qaitar.orders.services.merging import orders_merge
from qaitar.returns.models import Evidence, ReturnRequest
from qaitar.returns.services.perform_act import Details, request_act
from qaitar.returns.vocabulary import Act, EvidenceKind, RefusalReason
from tests.factories.accounts import NOW, Shop, actor, make_person, make_shop, open_walls
from tests.factories.orders import file_order
from tests.factories.returns import add_proofs, make_case, take
from tests.web.console.desk import counted, signed_in, versioned, words_of

if TYPE_CHECKING:
    from django.test import Client

    from qaitar.foundation.identity.actors import Actor
    from qaitar.foundation.models import User

pytestmark = pytest.mark.usefixtures("clock")
HTMX = {"HTTP_HX_REQUEST": "true"}


def photo(name: str = "IMG_1.jpg", colour: str = "red") -> SimpleUploadedFile:
    bytes_ = io.BytesIO()
    Image.new("RGB", (640, 480), colour).save(bytes_, "JPEG")
    return SimpleUploadedFile(name, bytes_.getvalue(), "image/jpeg")


def url(case: ReturnRequest, tail: str = "") -> str:
    return f"/returns/{case.pk}{tail}"


def fresh(case: ReturnRequest) -> ReturnRequest:
    open_walls(case.merchant_id)
    return ReturnRequest.objects.get(pk=case.pk)


def test_the_card_tells_everything_about_a_case(shop: Shop, by: Actor, client: Client) -> None:
    case = make_case(
        shop, by, customer_words="Мал размер", marketplace_due_at=NOW + timedelta(hours=5)
    )
    words = words_of(client.get(url(case)))
    for stated in (
        "700000001-1",
        "Кроссовки",
        "12 990",
        "Надлежащее качество",
        "Оксана П.",
        "Мал размер",
        "Фото товара",
        "Спросить клиента",
        "5 ч",
    ):
        assert stated in words.replace("\u202f", " ").replace("\xa0", " "), stated
    viewer = signed_in(make_person("viewer", (shop.id, Role.VIEWER)))
    assert "7011234567" not in viewer.get(url(case)).content.decode()


@pytest.mark.parametrize("where", [ALMATY, MOSCOW])
def test_days_of_a_sale_are_those_of_the_marketplace_and_not_of_greenwich(
    shop: Shop, by: Actor, client: Client, where: str
) -> None:
    type(shop.store).objects.filter(pk=shop.store.pk).update(zone=where)
    orders_merge(store=shop.store, records=[file_order()], now=NOW)  # sold 29, received 31 July
    offered = words_of(
        client.get("/returns/new", {"number": "300000001", "store": str(shop.store.pk)})
    )
    assert "31 июл 2025" in offered
    open_walls(shop.id)
    case = make_case(shop, by, "300000001-1")
    card = words_of(client.get(url(case)))
    for day, displayed in ((29, True), (31, True), (28, False), (30, False)):
        assert (f"{day} июл 2025" in card) is displayed, day


@pytest.mark.parametrize("many", [0, 15])
def test_the_card_costs_the_same_however_much_is_in_the_case(
    shop: Shop, by: Actor, client: Client, many: int
) -> None:
    case = make_case(shop, by, "700000001-3", marketplace_due_at=NOW + timedelta(hours=5))
    make_case(shop, by, "700000009-1")
    if many:
        for attempt in (1, 2):
            make_case(shop, by, f"700000001-{attempt}")
        for _ in range(many):
            add_proofs(case, by, EvidenceKind.PHOTO_GOODS, EvidenceKind.PHOTO_PACKAGING)
        take(case, by)
    assert counted(client, url(case)) <= 12


def test_the_sale_is_reported_where_it_is_known(shop: Shop, by: Actor, client: Client) -> None:
    order = Order.objects.create(
        merchant_id=shop.id,
        store_id=shop.store.pk,
        code="700000001",
        erp_number="ТД00-118274",
        total_minor=1_399_000,
        digest=b"",
        created_at=NOW,
        updated_at=NOW,
    )
    Tender.objects.create(
        id=new_id(), merchant_id=shop.id, order_id=order.pk, kind="INSTALLMENT", term_months=12
    )
    case = make_case(shop, by)
    facts = {f.label: f.value for f in client.get(url(case)).context["case"].order_facts}
    assert "ТД00-118274" in facts.values()
    assert any("12" in value for label, value in facts.items() if label != "Заказ")


def test_a_repeated_filing_shows_how_the_earlier_ones_went(
    shop: Shop, by: Actor, client: Client
) -> None:
    first = make_case(shop, by, reason_code="", reason_text="Брак")
    request_act(request_id=first.pk, act=Act.ASK_CUSTOMER, by=by, now=NOW)
    details = Details(reason=RefusalReason.SENT_FOR_ACT)
    request_act(request_id=first.pk, act=Act.REFUSE, by=by, now=NOW, details=details)
    second = make_case(shop, by, "700000001-2", reason_code="", reason_text="Брак")
    story = client.get(url(second)).context["case"].story
    assert [(s.attempt, s.current) for s in story] == [(1, False), (2, True)]
    assert "Направлен" in story[0].summary or "АСЦ" in story[0].summary
    assert "Aigerim" in story[0].summary


def test_neighbours_lead_through_the_queue(shop: Shop, by: Actor, client: Client) -> None:
    cases = [
        make_case(shop, by, f"70000000{n}-1", marketplace_due_at=NOW + timedelta(hours=n))
        for n in (1, 2, 3)
    ]
    card = client.get(url(cases[1])).context["case"]
    assert (card.prev_url, card.next_url) == (url(cases[0]), url(cases[2]))


@pytest.mark.parametrize(
    "tail",
    [
        "",
        "/journal",
        "/live",
        "/act",
        "/note",
        "/quality",
        "/comment",
        "/seen",
        "/look",
        "/phone",
        "/assign",
        "/unit",
        "/evidence",
    ],
)
def test_a_strangers_case_is_not_there(shop: Shop, by: Actor, tail: str) -> None:
    case = make_case(shop, by)
    other = make_shop("ИП Тимур")
    timur = signed_in(make_person("timur", (other.id, Role.OWNER)))
    post = {"act": "ASK_CUSTOMER", "note": "x", "quality": "PROPER", "file": photo()}
    ask = timur.get if tail in {"", "/journal", "/live"} else timur.post
    answer = ask(url(case, tail), {} if ask is timur.get else post)
    assert answer.status_code == 404
    missing = ask(f"/returns/{uuid4()}{tail}", {} if ask is timur.get else post)
    assert missing.status_code == 404
    assert fresh(case).version == case.version
    assert not StoredFile.objects.exists()


def test_the_quality_class_is_set_in_the_journal(shop: Shop, by: Actor, client: Client) -> None:
    case = make_case(shop, by, reason_code="")
    assert case.quality == "UNKNOWN"
    answer = client.post(url(case, "/quality"), {"quality": "DEFECTIVE", "version": "1"}, **HTMX)
    assert answer.status_code == 200
    assert "Ненадлежащее качество" in words_of(answer)
    assert fresh(case).quality == "DEFECTIVE"
    assert JournalEntry.objects.get(seq=2).after["quality"] == "DEFECTIVE"
    assert client.post(url(case, "/quality"), {"quality": "NICE"}, **HTMX).status_code == 400


def test_what_people_saw_is_noted_and_changes_the_verdict(
    shop: Shop, by: Actor, client: Client
) -> None:
    case = make_case(shop, by, marketplace_due_at=NOW + timedelta(hours=5))
    form = {
        "version": "1",
        "unused": "no",
        "complete": "yes",
        "received_on": "2026-05-10",
        "marketplace_due_at": client.get(url(case))
        .context["case"]
        .known.form["marketplace_due_at"]
        .value()
        or "",
        "planned_arrival_on": "2026-05-20",
    }
    form["marketplace_due_at"] = (
        "2026-05-14T16:00"  # the same minute as shown: nothing about it changes
    )
    answer = client.post(url(case, "/note"), versioned(case, form))
    assert (answer.status_code, answer["Location"]) == (303, url(case))
    now = fresh(case)
    assert now.inspection == {"unused": False, "complete": True}
    assert (now.received_on, now.planned_arrival_on) == (date(2026, 5, 10), date(2026, 5, 20))
    assert (now.marketplace_due_at, now.marketplace_due_section) == (
        case.marketplace_due_at,
        case.marketplace_due_section,
    )
    assert client.get(url(case)).context["case"].verdict.tone == "danger"
    client.post(url(case, "/note"), versioned(case, {"unused": ""}))
    assert fresh(case).inspection == {"complete": True}


def test_a_note_that_does_not_fit_changes_nothing(shop: Shop, by: Actor, client: Client) -> None:
    case = make_case(shop, by)
    answer = client.post(url(case, "/note"), {"received_on": "вчера"}, **HTMX)
    assert answer.status_code == 400
    assert answer.context["case"].notice.tone == "danger"
    assert fresh(case).version == 1


def test_a_colleagues_words_stand_in_the_journal(shop: Shop, by: Actor, client: Client) -> None:
    case = make_case(shop, by)
    answer = client.post(url(case, "/comment"), {"note": "Позвонила\x00 клиенту"}, **HTMX)
    assert "Позвонила клиенту" in words_of(answer)
    assert client.post(url(case, "/comment"), {"note": "  "}).status_code == 400
    open_walls(shop.id)
    assert [e.act for e in JournalEntry.objects.order_by("seq")] == ["CREATE", "COMMENT"]


def test_a_case_is_accepted_on_and_given_up(
    shop: Shop, aigerim: User, by: Actor, client: Client
) -> None:
    case = make_case(shop, by)
    client.post(url(case, "/assign"), versioned(case, {"to": "me"}))
    assert (fresh(case).assignee_id, fresh(case).assignee_name) == (aigerim.pk, "Aigerim")
    client.post(url(case, "/assign"), versioned(case, {"to": "nobody"}))
    assert (fresh(case).assignee_id, fresh(case).assignee_name) == (None, "")


def test_the_phone_is_displayed_when_requested_for(shop: Shop, by: Actor, client: Client) -> None:
    case = make_case(shop, by)
    assert "+7 701 123 45 67" in words_of(client.post(url(case, "/phone"), **HTMX))
    viewer = signed_in(make_person("viewer", (shop.id, Role.VIEWER)))
    assert "123 45" not in words_of(viewer.post(url(case, "/phone"), **HTMX))


# --- proofs -----------------------------------------------------------------------------------------


def test_good_files_are_stored_and_each_bad_one_gets_its_sentence(
    shop: Shop, by: Actor, client: Client
) -> None:
    case = make_case(shop, by)
    files = [
        photo("IMG_1.jpg"),
        photo("IMG_2.jpg", "blue"),
        SimpleUploadedFile("virus.jpg", b"MZ" + bytes(2000)),
        SimpleUploadedFile("empty.jpg", b""),
    ]
    answer = client.post(url(case, "/evidence"), {"kind": "AUTO", "file": files}, **HTMX)
    assert answer.status_code == 200
    words = words_of(answer)
    assert "virus.jpg" in words
    assert "empty.jpg" in words
    open_walls(shop.id)
    kinds = list(Evidence.objects.order_by("id").values_list("kind", flat=True))
    assert sorted(kinds) == ["PHOTO_GOODS", "PHOTO_PACKAGING"]  # what was missing
    assert fresh(case).customer_answered
    assert answer.context["case"].evidence.missing_count == 0


def test_files_are_reported_by_their_names(shop: Shop, by: Actor, client: Client) -> None:
    case = make_case(shop, by, reason_code="", reason_text="Брак")
    names = ["акт тех состояния.jpg", "Акт НРП 118.jpg"]
    files = [photo(name, colour) for name, colour in zip(names, ("red", "blue"), strict=True)]
    client.post(url(case, "/evidence"), {"kind": "AUTO", "file": files})
    open_walls(shop.id)
    found = dict(Evidence.objects.values_list("file_name", "kind"))
    assert found == {
        "акт тех состояния.jpg": "TECHNICAL_ACT",
        "Акт НРП 118.jpg": "IRREPARABILITY_ACT",
    }


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ACCOUNTANT])
def test_who_may_not_add_proofs_adds_none(shop: Shop, by: Actor, role: Role) -> None:
    case = make_case(shop, by)
    other = signed_in(make_person("other", (shop.id, role)))
    assert other.get(url(case)).context["case"].evidence.upload_url == ""
    answer = other.post(url(case, "/evidence"), {"kind": "AUTO", "file": photo()})
    assert answer.status_code == 409
    open_walls(shop.id)
    assert not StoredFile.objects.exists()
    assert fresh(case).version == 1


def test_a_file_is_handed_out_to_be_saved_and_never_run(
    shop: Shop, by: Actor, client: Client
) -> None:
    case = make_case(shop, by)
    client.post(url(case, "/evidence"), {"kind": "OTHER", "file": photo("фото.jpg")})
    open_walls(shop.id)
    proof = Evidence.objects.get()
    answer = client.get(f"/evidence/{proof.pk}/file")
    assert answer["Content-Disposition"].startswith("attachment;")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("sandbox")
    assert b"".join(answer.streaming_content) == photo().read()
    for kind in ("thumb", "view"):
        displayed = client.get(f"/evidence/{proof.pk}/{kind}")
        assert b"".join(displayed.streaming_content).startswith(b"\xff\xd8")
        assert (displayed["Content-Type"], displayed["Content-Disposition"]) == (
            "image/jpeg",
            "inline",
        )
        assert displayed["Content-Security-Policy"].startswith("sandbox")
    other = make_shop("ИП Тимур")
    timur = signed_in(make_person("timur", (other.id, Role.OWNER)))
    for tail in ("file", "thumb", "view"):
        assert timur.get(f"/evidence/{proof.pk}/{tail}").status_code == 404
    assert timur.post(f"/evidence/{proof.pk}/confirm", {"stamp": "1"}).status_code == 404
    assert timur.post(f"/evidence/{proof.pk}/withdraw").status_code == 404


def test_an_act_is_confirmed_and_a_wrong_proof_withdrawn(
    shop: Shop, by: Actor, client: Client
) -> None:
    case = make_case(shop, by, reason_code="", reason_text="Брак")
    add_proofs(case, by, EvidenceKind.TECHNICAL_ACT, EvidenceKind.OTHER)
    act, other = (Evidence.objects.get(kind=kind) for kind in ("TECHNICAL_ACT", "OTHER"))
    client.post(f"/evidence/{act.pk}/confirm", {"signature": "1"})
    open_walls(shop.id)
    act.refresh_from_db()
    assert (act.signature_confirmed, act.stamp_confirmed, act.confirmed_by_name) == (
        True,
        False,
        "Aigerim",
    )
    answer = client.post(f"/evidence/{act.pk}/confirm", {"signature": "1", "stamp": "1"}, **HTMX)
    tile = next(t for t in answer.context["case"].evidence.tiles if t.id == str(act.pk))
    assert tile.finding.tone == "ok"
    client.post(f"/evidence/{other.pk}/withdraw", {"why": "другой клиент"})
    card = client.get(url(case)).context["case"]
    assert [t.kind for t in card.evidence.tiles] == [EvidenceKind.TECHNICAL_ACT]
    assert client.post(f"/evidence/{other.pk}/withdraw").status_code == 404


def test_a_technical_act_is_stored_for_the_stores_own_term_after_the_decision(
    shop: Shop, by: Actor, client: Client
) -> None:
    case = make_case(shop, by, reason_code="", reason_text="Брак")
    Store.objects.filter(pk=shop.store.pk).update(clocks={"act_retention_days": 45})
    add_proofs(case, by, EvidenceKind.TECHNICAL_ACT)
    assert client.get(url(case)).context["case"].evidence.keep_act_until is None
    open_walls(shop.id)
    refused_at = datetime(2026, 5, 14, 6, tzinfo=UTC)
    ReturnRequest.objects.filter(pk=case.pk).update(refused_at=refused_at)
    answer = client.get(url(case))
    until = answer.context["case"].evidence.keep_act_until
    assert until == datetime(2026, 6, 28, 18, 59, 59, tzinfo=UTC)
    assert "Храните акт технического состояния до 28 июн" in words_of(answer)
    open_walls(shop.id)
    Evidence.objects.filter(request_id=case.pk).update(kind="OTHER")
    assert client.get(url(case)).context["case"].evidence.keep_act_until is None


# --- journal and news -------------------------------------------------------------------------------


def test_the_journal_tells_that_its_chain_holds(shop: Shop, by: Actor, client: Client) -> None:
    case = make_case(shop, by)
    request_act(request_id=case.pk, act=Act.ASK_CUSTOMER, by=by, now=NOW)
    page = client.get(url(case, "/journal")).context["page"]
    assert (page.intact, [row.number for row in page.rows]) == (True, [2, 1])


def as_owner(shop: Shop, sql: str) -> None:
    """Tamper the way only the owner of the tables can."""
    with transaction.atomic("owner"), connections["owner"].cursor() as owner:
        owner.execute("SELECT set_config('qaitar.merchants', %s, true)", [f"{{{shop.id}}}"])
        owner.execute("ALTER TABLE foundation_journalentry DISABLE TRIGGER USER")
        owner.execute(sql)
        assert owner.rowcount == 1
        owner.execute("ALTER TABLE foundation_journalentry ENABLE TRIGGER USER")


def test_a_changed_or_missing_line_shows(committed: object) -> None:
    with transaction.atomic():
        shop = make_shop()
        person = make_person("aigerim", (shop.id, Role.OPERATOR))
        by = actor(person, shop.id)
        case = make_case(shop, by)
        request_act(request_id=case.pk, act=Act.ASK_CUSTOMER, by=by, now=NOW)
        client = signed_in(person)
    as_owner(shop, "DELETE FROM foundation_journalentry WHERE seq = 2")
    page = client.get(url(case, "/journal")).context["page"]
    assert (page.intact, page.broken_at) == (False, 2)
    as_owner(shop, "UPDATE foundation_journalentry SET why = 'x' WHERE seq = 1")
    page = client.get(url(case, "/journal")).context["page"]
    assert (page.intact, page.broken_at) == (False, 1)


def test_an_open_card_hears_of_news_and_of_nothing_else(
    shop: Shop, by: Actor, client: Client
) -> None:
    case = make_case(shop, by)
    live = client.get(url(case)).context["case"].live_url
    assert client.get(live, **HTMX).status_code == 204
    assert counted(client, live, status=204, **HTMX) <= 4
    open_walls(shop.id)
    request_act(request_id=case.pk, act=Act.ASK_CUSTOMER, by=by, now=NOW)
    whole = client.get(live, **HTMX)
    assert (whole.status_code, whole["HX-Retarget"]) == (200, "#case")
    assert whole.templates[0].name == "console/case/partials/case_body.html"


def test_a_serial_number_is_noted_on_the_order_and_accepted_back(
    shop: Shop, by: Actor, client: Client
) -> None:
    open_walls(shop.id)
    orders_merge(store=shop.store, records=[file_order("700000001")], now=NOW)
    case = make_case(shop, by)
    assert client.get(url(case)).context["case"].unit_url == url(case, "/unit")
    answer = client.post(
        url(case, "/unit"), {"kind": "IMEI", "value": "49-015420-323751-8"}, **HTMX
    )
    assert "490154203237518" in words_of(answer)
    assert [fact.value for fact in answer.context["case"].unit_facts] == ["490154203237518"]
    again = client.post(url(case, "/unit"), {"kind": "IMEI", "value": "490154203237518"}, **HTMX)
    assert "ничего не изменилось" in words_of(again)
    open_walls(shop.id)
    assert Unit.objects.get().noted_by_name == "Aigerim"
    lines = list(JournalEntry.objects.filter(subject_id=case.pk, act="UNIT_NOTE"))
    lines_open(lines)
    assert [line.why for line in lines] == ["IMEI: 490154203237518"]
    back = answer.context["told"].undo
    client.post(url(case, "/undo"), {"undo": back}, **HTMX)
    open_walls(shop.id)
    assert not Unit.objects.exists()
    last = JournalEntry.objects.filter(subject_id=case.pk).order_by("-seq").first()
    assert last is not None
    lines_open([last])
    assert (last.act, last.why) == ("UNIT_REMOVE", "IMEI: 490154203237518")


def test_a_number_that_cannot_be_or_a_person_who_may_not_leaves_no_unit(
    shop: Shop, by: Actor, client: Client
) -> None:
    case = make_case(shop, by)
    unknown = client.post(url(case, "/unit"), {"kind": "SERIAL", "value": "A1"}, **HTMX)
    assert unknown.status_code == 409  # the order is not known here
    open_walls(shop.id)
    orders_merge(store=shop.store, records=[file_order("700000002")], now=NOW)
    case = make_case(shop, by, "700000002-1")
    viewer = signed_in(make_person("viewer", (shop.id, Role.VIEWER)))
    requested = [
        (client, {"kind": "IMEI", "value": "490154203237519"}, 400),
        (client, {"kind": "SERIAL", "value": " "}, 400),
        (client, {"kind": "COLOUR", "value": "red"}, 400),
        (viewer, {"kind": "SERIAL", "value": "A1"}, 409),
    ]
    for who, form, status in requested:
        assert who.post(url(case, "/unit"), form, **HTMX).status_code == status, form
    assert viewer.get(url(case)).context["case"].unit_url == ""
    open_walls(shop.id)
    assert not Unit.objects.exists()
    assert not JournalEntry.objects.filter(act="UNIT_NOTE").exists()
