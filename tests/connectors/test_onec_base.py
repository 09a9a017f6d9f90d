"""1C connector against the stand-in: what is particular to 1C and its many shapes of base."""

from __future__ import annotations

import base64
import hashlib
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from qaitar.connectors.onec.client import OneC
from qaitar.connectors.onec.fieldmap import FieldMap, OneCSettings
from qaitar.contracts.erp import DoneInPart, ErpOrder, ReturnLine, ReturnOrderDraft
from qaitar.contracts.outcome import (
    Busy,
    Done,
    Healthy,
    Misconfigured,
    Missing,
    Refused,
    Unknown,
)
from qaitar.sandbox.onec.app import OneCStandIn
from qaitar.sandbox.onec.base import SPARK_CARRIER
from qaitar.sandbox.onec.faults import OneCFault
from qaitar.sandbox.onec.model import (
    BLOBS_B,
    ORDER,
    PRESENCE,
    PRODUCTS,
    RETURN_FILES,
    RETURN_ORDER,
    SALE,
)
from qaitar.sandbox.onec.seeds import SoldLine
from qaitar.sandbox.serving import Serving
from qaitar.transport.http import Timeouts
from tests.contracts.erp import CODE, CREATED, DAY, MARKER, PLANNED, draft_of, photo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

AUTHOR = "a0000000-0000-4000-8000-0000000000aa"
OTHER = "b0000000-0000-4000-8000-0000000000bb"


@pytest.fixture
def opened() -> Iterator[Callable[..., tuple[OneCStandIn, OneC]]]:
    """Open a base and a connector to it: server options in `base`, the rest are settings."""
    ends: list[Any] = []

    def make(*, base: dict[str, str] | None = None, **changes: Any) -> tuple[OneCStandIn, OneC]:
        server = OneCStandIn(**(base or {}))
        serving = Serving(server).start()
        known = {"author_key": AUTHOR, "timeouts": Timeouts(1.0, 2.0), **changes}
        erp = OneC(OneCSettings(f"{serving.url}/ut", "Обмен", "пароль-1С", **known))
        ends.extend([erp.close, serving.stop])
        return server, erp

    yield make
    for end in ends:
        end()


def order_of(erp: OneC, code: str = CODE) -> ErpOrder:
    order = erp.find_order(code)
    assert isinstance(order, ErpOrder)
    return order


def sent(server: OneCStandIn) -> dict[str, Any]:
    (entry,) = server.ledger.writes(RETURN_ORDER, "POST")
    return entry.body


def test_the_document_on_the_wire(opened: Any) -> None:
    server, erp = opened()
    seeded = server.seed_order(CODE, [SoldLine("Смартфон", 2000, 129_990_50, 12)])
    sale = server.base.rows[SALE][0]
    sold = sale["Товары"][0]
    assert isinstance(erp.create_return_order(draft_of(order_of(erp))), Done)
    body = sent(server)
    (row,) = body.pop("ВозвращаемыеТовары")
    warehouse = seeded.head["Склад_Key"]
    assert body == {
        **{name: value for name, value in seeded.head.items() if name != "Склад_Key"},
        "Date": "2026-02-01T01:30:00",
        "НалогообложениеНДС": "ПродажаОблагаетсяНДС",
        "Менеджер_Key": sale["Менеджер_Key"],
        "Подразделение_Key": sale["Подразделение_Key"],
        "Сделка_Key": sale["Сделка_Key"],
        "СпособДоставки": "СиламиПеревозчика",
        "АдресДоставки": "г. Алматы, пр. Абая, 1",
        "Приоритет_Key": server.base.rows[ORDER][0]["Приоритет_Key"],
        "ХозяйственнаяОперация": "ВозвратТоваровОтКлиента",
        "СпособКомпенсации": "ВернутьДенежныеСредства",
        "СкидкиРассчитаны": True,
        "Склад_Key": warehouse,
        "Статус": "КВозврату",
        "ДатаПоступления": "2026-02-05T00:00:00",
        "ПоступлениеОднойДатой": True,
        "ПричинаВозврата": "Не включается",
        "Комментарий": f"Kaspi {CODE}-1 [qtr:{MARKER}]",
        "ДокументРеализации": seeded.sale,
        "ДокументРеализации_Type": f"StandardODATA.{SALE}",
        "СуммаДокумента": 259981,
    }
    assert row == {
        "LineNumber": "1",
        "Номенклатура_Key": sold["Номенклатура_Key"],
        "Характеристика_Key": sold["Характеристика_Key"],
        "Упаковка_Key": sold["Упаковка_Key"],
        "СтавкаНДС_Key": sold["СтавкаНДС_Key"],
        "Серия_Key": sold["Серия_Key"],
        "Количество": 2,
        "Цена": 129990.5,
        "Сумма": 259981,
        "СуммаНДС": sold["СуммаНДС"],
        "СуммаСНДС": 259981,
        "КоличествоУпаковок": 2,
        "КодСтроки": "1",
        "ДатаПоступления": "2026-02-05T00:00:00",
        "ДокументРеализации": seeded.sale,
        "ДокументРеализации_Type": f"StandardODATA.{SALE}",
    }


def test_only_gentle_calls_are_made(opened: Any) -> None:
    """Nothing is deleted, nothing skips 1C's own handlers, every list is paged."""
    server, erp = opened()
    server.seed_order(CODE)
    reference = erp.create_return_order(draft_of(order_of(erp))).reference
    erp.attach(reference, photo())
    assert not [line for line in server.ledger.requests if line.startswith("DELETE")]
    assert not [entry for entry in server.ledger.executed if entry.load_mode]
    lists = [line for line in server.ledger.requests if "filter=" in line]
    assert lists
    assert all("top=" in line for line in lists)


def test_edition_114_keeps_its_vat_rate_as_a_word(opened: Any) -> None:
    server, erp = opened(base={"vat": "СтавкаНДС:str"})
    server.seed_order(CODE)
    assert isinstance(erp.create_return_order(draft_of(order_of(erp))), Done)
    (row,) = sent(server)["ВозвращаемыеТовары"]
    assert row["СтавкаНДС"] == "НДС12"
    assert "СтавкаНДС_Key" not in row


def test_a_part_of_a_line_takes_its_part_of_vat(opened: Any) -> None:
    server, erp = opened()
    server.seed_order(CODE, [SoldLine("Чехол", 3000, 1_000_00, 12)])
    order = order_of(erp)
    line = ReturnLine(order.lines[0].key, 1000, 1_000_00)
    draft = ReturnOrderDraft(MARKER, "1-1", order, CREATED, PLANNED, "", (line,))
    assert isinstance(erp.create_return_order(draft), Done)
    (row,) = sent(server)["ВозвращаемыеТовары"]
    assert (row["Сумма"], row["СуммаНДС"], row["СуммаСНДС"]) == (1000, 107.14, 1000)


def test_the_planned_date_stands_in_the_configured_delivery_date(opened: Any) -> None:
    server, erp = opened(
        base={"extra_return": "ДатаДоставки:datetime"},
        field_map=FieldMap(delivery_date="ДатаДоставки", status_value="НеСогласована"),
    )
    server.seed_order(CODE)
    assert isinstance(erp.create_return_order(draft_of(order_of(erp))), Done)
    body = sent(server)
    assert body["ДатаДоставки"] == body["ДатаПоступления"] == "2026-02-05T00:00:00"
    assert body["Статус"] == "НеСогласована"


def test_a_field_missing_in_the_base_stops_before_writing(opened: Any) -> None:
    server, erp = opened(field_map=FieldMap(delivery_date="ДатаДоставки"))
    server.seed_order(CODE)
    outcome = erp.create_return_order(draft_of(order_of(erp)))
    assert isinstance(outcome, Misconfigured)
    assert outcome.what == f"{RETURN_ORDER} has no attribute ДатаДоставки."
    assert server.ledger.executed == []


def test_a_dropped_row_attribute_is_named_with_its_row(opened: Any) -> None:
    server, erp = opened()
    server.seed_order(CODE)
    server.base.ignored.add((f"{RETURN_ORDER}_ВозвращаемыеТовары", "ДатаПоступления"))
    outcome = erp.create_return_order(draft_of(order_of(erp)))
    assert isinstance(outcome, DoneInPart)
    assert [(one.key, one.stored) for one in outcome.differences] == [
        ("ВозвращаемыеТовары[1].ДатаПоступления", "0001-01-01T00:00:00")
    ]
    assert outcome.done.reference == server.base.rows[RETURN_ORDER][0]["Ref_Key"]


def test_a_read_back_that_fails_keeps_the_reference(opened: Any) -> None:
    server, erp = opened()
    server.seed_order(CODE)
    order = order_of(erp)
    server.faults += [
        OneCFault("true", "GET", RETURN_ORDER),
        OneCFault("page", "GET", RETURN_ORDER, status=502),
    ]
    outcome = erp.create_return_order(draft_of(order))
    assert isinstance(outcome, DoneInPart)
    assert isinstance(outcome.problem, Busy)
    assert outcome.done.reference == server.base.rows[RETURN_ORDER][0]["Ref_Key"]
    assert erp.create_return_order(draft_of(order)) == outcome.done
    assert len(server.ledger.writes(RETURN_ORDER)) == 1


def test_a_failed_look_up_creates_nothing(opened: Any) -> None:
    server, erp = opened()
    server.seed_order(CODE)
    order = order_of(erp)
    for fault in ("drop", "truncated"):
        server.faults.append(OneCFault(fault, "GET", RETURN_ORDER))
        assert isinstance(erp.create_return_order(draft_of(order)), Busy)
    assert server.ledger.executed == []


def test_the_carrier_is_sent_only_on_purpose(opened: Any) -> None:
    server, erp = opened(field_map=FieldMap(carrier_reference=OTHER))
    server.seed_order(CODE)
    assert isinstance(erp.create_return_order(draft_of(order_of(erp))), Done)
    assert sent(server)["ПеревозчикПартнер_Key"] == OTHER
    other_server, other = opened()
    other_server.seed_order(CODE)
    assert isinstance(other.create_return_order(draft_of(order_of(other))), Done)
    assert "ПеревозчикПартнер_Key" not in sent(other_server)
    assert other_server.base.rows[RETURN_ORDER][0]["ПеревозчикПартнер_Key"] == SPARK_CARRIER


def test_a_warehouse_may_be_chosen(opened: Any) -> None:
    server, erp = opened(warehouse_key=OTHER)
    server.seed_order(CODE)
    order = order_of(erp)
    assert isinstance(erp.create_return_order(draft_of(order)), Done)
    line = ReturnLine(order.lines[0].key, 1000, 1)
    draft = ReturnOrderDraft("marker-22", "1-1", order, CREATED, PLANNED, "", (line,), AUTHOR)
    assert isinstance(erp.create_return_order(draft), Done)
    rows = server.base.rows[RETURN_ORDER]
    assert [row["Склад_Key"] for row in rows] == [OTHER, AUTHOR]


def test_a_long_reason_is_cut_to_what_1c_holds(opened: Any) -> None:
    server, erp = opened()
    server.seed_order(CODE)
    outcome = erp.create_return_order(draft_of(order_of(erp), reason="ж" * 301))
    assert isinstance(outcome, Done)
    assert server.base.rows[RETURN_ORDER][0]["ПричинаВозврата"] == "ж" * 300


def test_a_marker_attribute_is_requested_by_exact_filter(opened: Any) -> None:
    server, erp = opened(field_map=FieldMap(marker="ИдентификаторПлатежа"))
    server.seed_order(CODE)
    order = order_of(erp)
    server.faults.append(OneCFault("drop", "POST", RETURN_ORDER, executes=True))
    assert isinstance(erp.create_return_order(draft_of(order)), Unknown)
    found = erp.find_return_order(MARKER, date(2030, 1, 1), order)
    assert found == Done(server.base.rows[RETURN_ORDER][0]["Ref_Key"], detail="УТ-000001")
    assert erp.find_return_order(MARKER + "x", DAY, order) == Missing()
    requested = [
        one
        for one in server.ledger.requests
        if one.startswith(f"GET /ut/odata/standard.odata/{RETURN_ORDER}?")
    ]
    assert not [one for one in requested if "Date" in one]
    assert sent(server)["Комментарий"] == f"Kaspi {CODE}-1"
    assert len(sent(server)["ИдентификаторПлатежа"]) == 25


def test_the_comment_marker_is_sought_around_the_day_only(opened: Any) -> None:
    server, erp = opened()
    server.seed_order(CODE)
    order = order_of(erp)
    done = erp.create_return_order(draft_of(order))
    assert erp.find_return_order(MARKER, date(2026, 1, 29), order) == done
    assert erp.find_return_order(MARKER, date(2026, 2, 4), order) == done
    assert erp.find_return_order(MARKER, date(2026, 2, 5), order) == Missing()


def test_a_marker_that_begins_alike_is_another(opened: Any) -> None:
    server, erp = opened()
    server.seed_order(CODE)
    order = order_of(erp)
    erp.create_return_order(draft_of(order, marker="abcdefgh-12"))
    assert erp.find_return_order("abcdefgh-1", DAY, order) == Missing()


def test_a_document_struck_out_by_a_person_is_not_written_anew(opened: Any) -> None:
    server, erp = opened()
    server.seed_order(CODE)
    order = order_of(erp)
    done = erp.create_return_order(draft_of(order))
    server.base.rows[RETURN_ORDER][0]["DeletionMark"] = True
    assert erp.find_return_order(MARKER, DAY, order) == done
    assert erp.create_return_order(draft_of(order)) == done
    assert len(server.ledger.writes(RETURN_ORDER)) == 1


def test_the_marker_is_found_past_the_first_page(opened: Any) -> None:
    server, erp = opened()
    seeded = server.seed_order(CODE)
    order = order_of(erp)
    head = {"Date": "2026-02-01T10:00:00", "Партнер_Key": seeded.head["Партнер_Key"]}
    for _ in range(1000):
        server.base.insert(RETURN_ORDER, {**head, "Комментарий": "чужой"})
    ours = server.base.insert(RETURN_ORDER, {**head, "Комментарий": f"Kaspi 1 [qtr:{MARKER}] !"})
    found = erp.find_return_order(MARKER, DAY, order)
    assert found == Done(ours["Ref_Key"], detail="УТ-001001")


def test_posting_is_off_unless_requested_for(opened: Any) -> None:
    server, erp = opened(post_after_create=True)
    server.seed_order(CODE)
    done = erp.create_return_order(draft_of(order_of(erp)))
    assert isinstance(done, Done)
    assert server.base.rows[RETURN_ORDER][0]["Posted"] is True
    assert erp.create_return_order(draft_of(order_of(erp))) == done
    assert [one.action for one in server.ledger.writes(RETURN_ORDER)] == ["", "Post"]


def test_a_refused_posting_keeps_the_document(opened: Any) -> None:
    server, erp = opened(post_after_create=True)
    server.seed_order(CODE)
    server.posting_refusal = "Не заполнен перевозчик"
    outcome = erp.create_return_order(draft_of(order_of(erp)))
    assert isinstance(outcome, DoneInPart)
    assert outcome.problem == Refused("Не заполнен перевозчик")
    (row,) = server.base.rows[RETURN_ORDER]
    assert (row["Ref_Key"], row["Posted"]) == (outcome.done.reference, False)


def test_an_order_in_two_shipments(opened: Any) -> None:
    server, erp = opened()
    seeded = server.seed_order(CODE, [SoldLine("Смартфон", 1000, 100_00)])
    other = server.seed_order("other", [SoldLine("Чехол", 1000, 50_00)])
    server.base.find(SALE, {"Ref_Key": other.sale})["ЗаказКлиента"] = seeded.order  # type: ignore[index]  # found
    order = order_of(erp)
    assert [line.name for line in order.lines] == ["Смартфон", "Чехол"]
    assert order.realization_reference == seeded.sale
    assert isinstance(erp.create_return_order(draft_of(order)), Done)
    rows = sent(server)["ВозвращаемыеТовары"]
    assert [row["ДокументРеализации"] for row in rows] == [seeded.sale, other.sale]


def test_an_unposted_or_deleted_shipment_is_none(opened: Any) -> None:
    server, erp = opened()
    server.seed_order(CODE, posted=False)
    assert order_of(erp).realization_reference == ""
    deleted = server.seed_order("482913379")
    server.base.find(SALE, {"Ref_Key": deleted.sale})["DeletionMark"] = True  # type: ignore[index]  # found
    assert order_of(erp, "482913379").realization_reference == ""


def test_a_line_of_another_sale_is_refused(opened: Any) -> None:
    server, erp = opened()
    server.seed_order(CODE)
    order = order_of(erp)
    for key in ("nonsense", f"{OTHER}:1", f"{order.realization_reference}:7"):
        draft = ReturnOrderDraft(
            MARKER, "1-1", order, CREATED, PLANNED, "", (ReturnLine(key, 1000, 1),)
        )
        assert isinstance(erp.create_return_order(draft), Refused)
    assert server.ledger.executed == []


@pytest.mark.parametrize("resource", [ORDER, SALE, RETURN_ORDER])
def test_an_object_outside_the_composition_is_named(opened: Any, resource: str) -> None:
    server, erp = opened()
    server.unpublished.add(resource)
    health = erp.health()
    assert isinstance(health, Misconfigured)
    assert health.what == f"{resource} is not in the OData composition."
    assert "composition" in health.how


def test_an_object_unpublished_later_is_a_composition_alarm(opened: Any) -> None:
    server, erp = opened()
    server.seed_order(CODE)
    order = order_of(erp)
    server.unpublished.add(RETURN_ORDER)
    outcome = erp.create_return_order(draft_of(order))
    assert isinstance(outcome, Misconfigured)
    assert "composition" in outcome.what
    assert server.ledger.executed == []


def test_without_the_product_catalogue_names_are_empty(opened: Any) -> None:
    server, erp = opened()
    server.seed_order(CODE)
    server.unpublished.add(PRODUCTS)
    assert [line.name for line in order_of(erp).lines] == [""]


def test_row_level_rights(opened: Any) -> None:
    server, erp = opened()
    seeded = server.seed_order(CODE)
    hidden = server.seed_order(CODE)
    server.hidden |= {hidden.order, hidden.sale}
    assert isinstance(erp.find_order(CODE), Misconfigured)
    lenient_server, lenient = opened(allowed_only=True)
    seeded = lenient_server.seed_order(CODE)
    hidden = lenient_server.seed_order(CODE)
    lenient_server.hidden |= {hidden.order, hidden.sale}
    order = order_of(lenient)
    assert order.reference == seeded.order
    mine = lenient.create_return_order(draft_of(order))
    assert isinstance(mine, Done)
    lenient_server.hidden.add(mine.reference)
    assert isinstance(lenient.find_return_order(MARKER, DAY, order), Misconfigured)
    assert isinstance(lenient.create_return_order(draft_of(order)), Misconfigured)
    assert len(lenient_server.ledger.writes(RETURN_ORDER)) == 1


def test_health_tells_what_a_person_wants_to_know(opened: Any) -> None:
    _, erp = opened(base={"files": "B"})
    assert erp.health() == Healthy(
        (
            "11 objects are in the OData composition.",
            "Return orders are written as КВозврату.",
            "The address is not HTTPS: the password travels in the clear.",
            "Files are attached (storage generation B).",
        )
    )


@pytest.mark.parametrize(
    ("user", "password", "place"),
    [("Обмен", "не тот", "/ut"), ("Кто-то", "пароль-1С", "/ut"), ("Обмен", "пароль-1С", "/other")],
)
def test_a_wrong_login_or_address(user: str, password: str, place: str) -> None:
    with Serving(OneCStandIn()) as serving:
        settings = OneCSettings(serving.url + place, user, password)
        with OneC(settings) as erp:
            assert isinstance(erp.health(), Misconfigured)
            assert isinstance(erp.find_order(CODE), Misconfigured)


def test_nobody_listens() -> None:
    with Serving(OneCStandIn()) as serving:
        url = serving.url
    with OneC(OneCSettings(f"{url}/ut", "a", "b")) as erp:
        assert isinstance(erp.health(), Busy)
        assert isinstance(erp.find_order(CODE), Busy)


def test_equal_content_is_stored_once_in_generation_b(opened: Any) -> None:
    server, erp = opened(base={"files": "B"})
    references = []
    for code in ("1", "2"):
        server.seed_order(code)
        made = erp.create_return_order(draft_of(order_of(erp, code), marker=f"marker-{code}"))
        references.append(made.reference)
    for reference in references:
        assert isinstance(erp.attach(reference, photo()), Done)
    (blob,) = server.base.rows[BLOBS_B]
    digest = hashlib.sha256(photo().content).digest()
    assert blob["Хеш"] == base64.b64encode(digest).decode()
    assert blob["Размер"] == len(photo().content)
    assert len(server.base.rows[RETURN_FILES]) == 2


def test_the_entry_of_a_file_on_the_wire(opened: Any) -> None:
    server, erp = opened()
    server.seed_order(CODE)
    reference = erp.create_return_order(draft_of(order_of(erp))).reference
    assert isinstance(erp.attach(reference, photo()), Done)
    (entry,) = server.ledger.writes(RETURN_FILES)
    assert entry.body == {
        "Description": "Упаковка 1",
        "ВладелецФайла_Key": reference,
        "Расширение": "jpg",
        "Размер": str(len(photo().content)),
        "ТипХраненияФайла": "ВИнформационнойБазе",
        "ДатаСоздания": "2026-02-01T01:30:00",
        "ДатаМодификацииУниверсальная": "2026-01-31T20:30:00",
        "СтатусИзвлеченияТекста": "НеИзвлечен",
        "Описание": f"[qtr:sha256:{photo().sha256}]",
        "Автор_Key": AUTHOR,
    }


@pytest.mark.parametrize("files", ["A", "B"])
def test_a_whole_attachment_is_only_looked_at(opened: Any, files: str) -> None:
    server, erp = opened(base={"files": files})
    server.seed_order(CODE)
    reference = erp.create_return_order(draft_of(order_of(erp))).reference
    first = erp.attach(reference, photo())
    before = len(server.ledger.requests)
    assert erp.attach(reference, photo()) == first
    again = server.ledger.requests[before:]
    assert again
    assert all(line.startswith("GET ") for line in again)


def test_a_cleared_presence_flag_is_set_again(opened: Any) -> None:
    server, erp = opened()
    server.seed_order(CODE)
    reference = erp.create_return_order(draft_of(order_of(erp))).reference
    erp.attach(reference, photo())
    server.base.rows[PRESENCE][0]["ЕстьФайлы"] = False
    assert isinstance(erp.attach(reference, photo(b"second")), Done)
    assert [row["ЕстьФайлы"] for row in server.base.rows[PRESENCE]] == [True]


def test_a_flag_written_by_another_meanwhile_is_what_was_wanted(opened: Any) -> None:
    server, erp = opened()
    server.seed_order(CODE)
    reference = erp.create_return_order(draft_of(order_of(erp))).reference
    words = "Запись с такими ключевыми полями существует!"
    server.faults.append(OneCFault("error", "POST", PRESENCE, status=400, code="15", message=words))
    assert isinstance(erp.attach(reference, photo()), Done)


def test_refused_content_keeps_the_entry_for_the_next_time(opened: Any) -> None:
    server, erp = opened(base={"files": "B"})
    server.seed_order(CODE)
    reference = erp.create_return_order(draft_of(order_of(erp))).reference
    server.faults.append(OneCFault("error", "POST", BLOBS_B, message="Запрещено"))
    outcome = erp.attach(reference, photo())
    assert isinstance(outcome, DoneInPart)
    assert outcome.problem == Refused("Запрещено")
    assert erp.attach(reference, photo()) == outcome.done
    assert len(server.base.rows[RETURN_FILES]) == 1


def test_a_dropped_mark_of_a_file_is_stated(opened: Any) -> None:
    server, erp = opened()
    server.seed_order(CODE)
    reference = erp.create_return_order(draft_of(order_of(erp))).reference
    server.base.ignored.add((RETURN_FILES, "Описание"))
    outcome = erp.attach(reference, photo())
    assert isinstance(outcome, DoneInPart)
    assert [one.key for one in outcome.differences] == ["Описание"]


def test_files_without_an_author_are_not_begun(opened: Any) -> None:
    server, erp = opened(author_key="")
    server.seed_order(CODE)
    reference = erp.create_return_order(draft_of(order_of(erp))).reference
    assert isinstance(erp.attach(reference, photo()), Misconfigured)
    assert server.base.rows[RETURN_FILES] == []
