"""1C connector, pure parts: what answers mean, field map against metadata, values there and back."""

from __future__ import annotations

import os
import subprocess
import sys
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import qaitar
from qaitar.connectors.onec.answers import trouble
from qaitar.connectors.onec.fieldmap import (
    BadFieldMap,
    FieldMap,
    file_problems,
    read_field_map,
    return_problems,
)
from qaitar.connectors.onec.metadata import Metadata, MetadataCache, NotMetadata, read_metadata
from qaitar.connectors.onec.session import OneCSession
from qaitar.connectors.onec.translate import (
    differences,
    line_amount,
    major,
    marker_value,
    minor,
    number,
    value_of,
)
from qaitar.connectors.onec.wire import (
    OneCUnreadable,
    guid,
    path,
    read_object,
    read_rows,
    write_json,
)
from qaitar.contracts.outcome import Busy, Misconfigured, Refused, Unknown
from qaitar.sandbox.onec import edmx
from qaitar.sandbox.onec.model import RETURN_FILES, RETURN_ORDER, SALE, configuration
from qaitar.transport.http import HttpClient, Reply, Request

AUTHOR = "a0000000-0000-4000-8000-0000000000aa"


def stated(status: int, code: str, words: str = "слова 1С") -> Reply:
    body = write_json({"odata.error": {"code": code, "message": {"lang": "ru", "value": words}}})
    return Reply(status, {"content-type": "application/json"}, body.encode())


def page(status: int, **headers: str) -> Reply:
    found = {"content-type": "text/html", **{k.replace("_", "-"): v for k, v in headers.items()}}
    return Reply(status, found, b"<html><body>x</body></html>")


@pytest.mark.parametrize(
    ("reply", "writing", "kind"),
    [
        (stated(401, "20"), True, Misconfigured),
        (stated(403, "0"), False, Misconfigured),
        (stated(400, "20"), True, Misconfigured),
        (stated(404, "8"), True, Misconfigured),
        (stated(404, "9"), False, Refused),
        (stated(400, "15"), True, Refused),
        (stated(412, "0"), True, Busy),
        (stated(400, "14"), False, Misconfigured),
        (stated(501, "0"), True, Unknown),
        (stated(500, "-1"), True, Refused),
        (stated(500, "-1", "Конфликт блокировок при выполнении"), True, Busy),
        (stated(500, "-1", "Превышено время ожидания предоставления блокировки"), True, Busy),
        (stated(500, "-1", "Не обнаружена свободная лицензия!"), True, Busy),
        (stated(500, "7"), True, Unknown),
        (page(200), True, Misconfigured),
        (page(200), False, Misconfigured),
        (page(302), True, Misconfigured),
        (page(401), True, Misconfigured),
        (page(404), False, Misconfigured),
        (page(406), True, Busy),
        (page(413), True, Misconfigured),
        (page(429, retry_after="7"), True, Busy),
        (page(500), True, Unknown),
        (page(500), False, Unknown),
        (page(502), True, Unknown),
        (page(502), False, Busy),
        (page(503), True, Unknown),
        (page(503, retry_after="9"), True, Busy),
        (page(503), False, Busy),
        (page(504), True, Unknown),
    ],
)
def test_every_answer_has_its_meaning(reply: Reply, writing: bool, kind: type) -> None:
    found = trouble(reply, writing=writing)
    assert found is not None
    assert type(found.outcome) is kind


def test_a_refusal_shows_1c_own_words() -> None:
    found = trouble(stated(500, "-1", "Не заполнено поле «Соглашение»"), writing=True)
    assert found is not None
    assert found.outcome == Refused("Не заполнено поле «Соглашение»")


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7), ("999999", 3600), ("soon", 30), ("-1", 30)]
)
def test_the_requested_pause_is_honoured_and_bounded(header: str, seconds: int) -> None:
    found = trouble(page(429, retry_after=header), writing=True)
    assert found is not None
    assert isinstance(found.outcome, Busy)
    assert found.outcome.retry_after_s == seconds


def test_a_good_answer_is_no_trouble() -> None:
    assert trouble(Reply(201, {"content-type": "application/json"}, b"{}"), writing=True) is None


@given(st.integers(min_value=0, max_value=10**13))
def test_money_goes_to_1c_and_back_unchanged(tiyn: int) -> None:
    text = write_json({"Сумма": major(tiyn)})
    assert "E" not in text
    assert minor(read_object(text.encode())["Сумма"]) == tiyn


@pytest.mark.parametrize("value", [None, True, "12 руб", "NaN", "Infinity", [], {}])
def test_what_is_no_number_is_unreadable(value: object) -> None:
    with pytest.raises(OneCUnreadable):
        number(value)


@pytest.mark.parametrize(
    ("written", "tiyn"),
    [(b"1.29999E7", 1299990000), (b'"1.29999E7"', 1299990000), (b"12999900.0", 1299990000), (b"188.29999999999998", 18830)],
)  # fmt: skip
def test_a_price_is_read_in_every_form_of_a_number(written: bytes, tiyn: int) -> None:
    row = read_object('{"Цена": '.encode() + written + b"}")
    assert value_of(row, "Цена", minor) == tiyn


@pytest.mark.parametrize("written", [b"1E400", b'"1E400"', b'"12,50"', b"null"])
def test_a_price_that_is_none_is_named_with_its_line(written: bytes) -> None:
    row = read_object('{"LineNumber": "3", "Цена": '.encode() + written + b"}")
    with pytest.raises(OneCUnreadable, match=r"^Цена in line 3: not a number"):
        value_of(row, "Цена", minor)


def test_a_number_no_computer_holds_is_no_answer_of_1c() -> None:
    with pytest.raises(OneCUnreadable):
        read_object('{"Цена": 1E9999999999999999999}'.encode())


def test_halves_round_away_from_zero() -> None:
    assert line_amount(500, 1) == 1
    assert line_amount(499, 1) == 0
    assert minor(Decimal("0.005")) == 1


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff", b"[" * 100_000])
def test_bodies_that_are_no_object(body: bytes) -> None:
    with pytest.raises(OneCUnreadable):
        read_object(body)


def test_texts_no_table_can_hold_are_mended_when_they_are_read():
    """They end in the journal and in files' names: a NUL or half a character would stop the effect for good."""
    reported = read_object(rb'{"Number": "00\u0000\ud800-1", "\udfff": [{"a": "\ud83d"}]}')
    assert reported == {"Number": "00��-1", "�": [{"a": "�"}]}


@pytest.mark.parametrize("body", [b"{}", b'{"value":{}}', b'{"value":[1]}', b'{"value":null}'])
def test_bodies_that_are_no_rows(body: bytes) -> None:
    with pytest.raises(OneCUnreadable):
        read_rows(body)


def test_cyrillic_is_percent_encoded_in_path_and_options() -> None:
    place = path("Document_Заказ", guid(AUTHOR), filter="Номер eq 'а b'", top="1")
    assert place.isascii()
    assert place == (
        "/odata/standard.odata/Document_%D0%97%D0%B0%D0%BA%D0%B0%D0%B7(guid'" + AUTHOR + "')"
        "?$filter=%D0%9D%D0%BE%D0%BC%D0%B5%D1%80%20eq%20%27%D0%B0%20b%27&$top=1"
    )


def test_a_reference_literal_cannot_carry_anything_else() -> None:
    with pytest.raises(ValueError, match="badly formed"):
        guid("' or 'a' eq 'a")


@pytest.mark.parametrize(
    ("sent", "stored", "keys"),
    [
        ({"Number": "А-1"}, {"Number": "А-1   "}, []),
        ({"LineNumber": "1"}, {"LineNumber": 1}, []),
        ({"Количество": Decimal("1.500")}, {"Количество": Decimal("1.5")}, []),
        ({"Количество": Decimal(2)}, {"Количество": "2"}, []),
        ({"Ок": True}, {"Ок": 1}, ["Ок"]),
        ({"Ок": True}, {"Ок": "true"}, ["Ок"]),
        ({"Цена": Decimal(1)}, {"Цена": None}, ["Цена"]),
        ({"Цена": Decimal(1)}, {}, ["Цена"]),
        ({"К": AUTHOR.upper()}, {"К": AUTHOR}, []),
        ({"Дата": "2026-02-05T00:00:00"}, {"Дата": "2026-02-06T00:00:00"}, ["Дата"]),
        ({"Т": [{"А": "1"}, {"А": "2"}]}, {"Т": [{"А": "1"}, {"А": "3"}]}, ["Т[2].А"]),
        ({"Т": [{"А": "1"}]}, {"Т": []}, ["Т"]),
        ({"Т": [{"А": "1"}]}, {"Т": "x"}, ["Т"]),
        ({"Т": [{"А": "1"}]}, {"Т": ["x"]}, ["Т[1].А"]),
    ],
)
def test_read_back_names_what_differs(
    sent: dict[str, object], stored: dict[str, object], keys: list[str]
) -> None:
    assert [one.key for one in differences(sent, stored)] == keys


def test_a_long_marker_becomes_a_digest_of_the_attributes_length() -> None:
    fieldmap = FieldMap(marker="ИдентификаторПлатежа")
    first = marker_value(fieldmap, "0198c0de-7a11-7000-8000-00000000a1b2")
    second = marker_value(fieldmap, "0198c0de-7a11-7000-8000-00000000a1b3")
    assert len(first) == len(second) == 25
    assert first != second
    assert marker_value(fieldmap, "short-key") == "short-key"


def standard(**options: str) -> Metadata:
    return read_metadata(BytesIO(edmx.document(configuration(**options))))


def without(resource: str, *names: str, section: str = "") -> Metadata:
    entities = configuration()
    if names:
        entity = entities[resource]
        place = entity.sections[section] if section else entity.attributes
        for name in names:
            del place[name]
    else:
        del entities[resource]
    return read_metadata(BytesIO(edmx.document(entities)))


def test_the_default_map_fits_ut11_in_each_edition() -> None:
    for metadata in (standard(), standard(files="B"), standard(vat="СтавкаНДС:str")):
        assert return_problems(FieldMap(), metadata) == ()
        assert file_problems(FieldMap(), metadata, AUTHOR) == ()


def test_a_missing_object_is_named_once() -> None:
    (sentence,) = return_problems(FieldMap(), without(SALE))
    assert sentence == f"{SALE} is not in the OData composition."


def test_a_missing_attribute_of_head_and_row_is_named() -> None:
    assert return_problems(FieldMap(), without(RETURN_ORDER, "ПричинаВозврата")) == (
        f"{RETURN_ORDER} has no attribute ПричинаВозврата.",
    )
    rows = "ВозвращаемыеТовары"
    assert return_problems(FieldMap(), without(RETURN_ORDER, "Цена", section=rows)) == (
        f"{RETURN_ORDER}.{rows} has no attribute Цена.",
    )
    assert return_problems(FieldMap(return_rows="Товары"), standard())[-1] == (
        f"{RETURN_ORDER} has no tabular section Товары."
    )


def test_a_wrong_type_is_named() -> None:
    assert return_problems(FieldMap(delivery_date="Склад_Key"), standard()) == (
        f"{RETURN_ORDER}.Склад_Key is Edm.Guid, but Edm.DateTime is expected.",
    )


def test_files_need_a_place_and_an_author() -> None:
    assert file_problems(FieldMap(), standard(), "") == (
        "No 1C user is set as author of attached files (author_key).",
    )
    (nowhere,) = file_problems(
        FieldMap(), without("InformationRegister_ДвоичныеДанныеФайлов"), AUTHOR
    )
    assert "nowhere to keep their content" in nowhere
    assert file_problems(FieldMap(), without(RETURN_FILES, "Описание"), AUTHOR) == (
        f"{RETURN_FILES} has no attribute Описание.",
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"status_value": "Выполнена"},
        {"file_generation": "C"},
        {"marker": "ИдентификаторПлатежа", "marker_length": 8},
        {"comment": ""},
        {"copied": ["ПеревозчикПартнер_Key"]},
        {"constants": {"ПеревозчикПартнер_Key": AUTHOR}},
        {"constants": {"Количество": 1}},
        {"copied": "Партнер_Key"},
        {"marker_length": "25"},
        {"no_such_entry": ""},
    ],
)
def test_a_map_that_cannot_be_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(BadFieldMap):
        read_field_map(changes)


def test_a_map_is_read_from_stored_entries() -> None:
    fieldmap = read_field_map(
        {
            "status_value": "НеСогласована",
            "copied_if_present": [],
            "constants": {"Согласован": True},
        }
    )
    assert fieldmap.status_value == "НеСогласована"
    assert fieldmap.copied_if_present == ()
    assert fieldmap.constants == (("Согласован", True),)
    assert fieldmap.order_set == "Document_ЗаказКлиента"


@pytest.mark.parametrize(
    "body",
    [b"", b"<html></html>", b"<a><b></a>", b"{}", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"],
)
def test_what_is_no_metadata_is_stated(body: bytes) -> None:
    with pytest.raises(NotMetadata):
        read_metadata(BytesIO(body))


_LARGE = """
import resource
from io import BytesIO
from qaitar.connectors.onec.metadata import read_metadata
inner = "".join(f'<Property Name="Реквизит{n}" Type="Edm.String"/>' for n in range(150))
types = "".join(f'<EntityType Name="Document_{n}">{inner}</EntityType>' for n in range(4000))
head = '<e:Edmx xmlns:e="http://schemas.microsoft.com/ado/2007/06/edmx"><e:DataServices>'
head += '<Schema xmlns="http://schemas.microsoft.com/ado/2009/11/edm">'
body = f"{head}{types}</Schema></e:DataServices></e:Edmx>".encode()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = read_metadata(BytesIO(body))
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(len(body), len(found.types), len(found.types["Document_3999"]), grown)
"""


def test_metadata_as_large_as_a_real_base_is_walked_in_flat_memory() -> None:
    """4,000 types of 150 attributes is the size of УТ 11; a whole tree of it takes over 400 MiB."""
    source = str(Path(qaitar.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", _LARGE],
        env={**os.environ, "PYTHONPATH": source},
        capture_output=True,
        check=True,
        timeout=60,
    )
    size, types, attributes, grown_kib = map(int, done.stdout.split())
    assert size > 30_000_000
    assert (types, attributes) == (4000, 150)
    assert grown_kib < 150_000


def test_an_entity_bomb_is_not_expanded() -> None:
    levels = "".join(f"<!ENTITY e{n} '{f'&e{n - 1};' * 10}'>" for n in range(1, 12))
    bomb = f"<!DOCTYPE a [<!ENTITY e0 'ha'>{levels}]><a b='&e11;'/>".encode()
    with pytest.raises(NotMetadata):
        read_metadata(BytesIO(bomb))


class _CountingHttp(HttpClient):
    """Answers one metadata document and counts how often it was asked."""

    def __init__(self, *bodies: bytes) -> None:
        super().__init__("http://127.0.0.1")
        self.bodies = list(bodies)
        self.requested = 0

    def send(self, request: Request) -> Reply:
        self.requested += 1
        return Reply(200, {}, self.bodies[min(self.requested, len(self.bodies)) - 1])


def test_metadata_is_requested_again_only_when_old_and_read_again_only_when_changed() -> None:
    now = [0.0]
    cache = MetadataCache(ttl_s=60, clock=lambda: now[0])
    one, other = edmx.document(configuration()), edmx.document(configuration(files="B"))
    with _CountingHttp(one, one, other) as http:
        session = OneCSession(http)
        first = cache.get("base", session)
        now[0] = 59
        assert cache.get("base", session) is first
        assert http.requested == 1
        now[0] = 61
        assert cache.get("base", session) is first
        assert http.requested == 2
        changed = cache.get("base", session, fresh=True)
        assert isinstance(changed, Metadata)
        assert isinstance(first, Metadata)
        assert (first.file_generation, changed.file_generation) == ("A", "B")
        assert http.requested == 3


def _real(name: str) -> Path:
    folder = os.environ.get("QAITAR_REAL_DATA", "")
    place = Path(folder) / "systems" / name
    if not folder or not place.exists():
        pytest.skip("QAITAR_REAL_DATA is not set")
    return place


def test_a_real_cut_with_posting_is_read() -> None:
    with _real("onec_edmx_document_post_function.xml").open("rb") as stream:
        metadata = read_metadata(stream)
    assert metadata.publishes("Document_РТУ")
    assert metadata.attributes("Document_РТУ")["Контрагент_Key"] == "Edm.Guid"
    assert metadata.attributes("Document_РТУ")["Date"] == "Edm.DateTime"
    assert metadata.actions == {("Document_РТУ", "Post"), ("Document_РТУ", "Unpost")}
    assert metadata.file_generation == ""


def test_a_real_cut_with_a_value_storage_is_read() -> None:
    with _real("onec_edmx_value_storage.xml").open("rb") as stream:
        metadata = read_metadata(stream)
    assert metadata.attributes("Catalog_Файлы") == {
        "Ref_Key": "Edm.Guid",
        "ФайлХранилище": "Edm.Stream",
        "ФайлХранилище_Base64Data": "Edm.Binary",
        "ФайлХранилище_Type": "Edm.String",
    }
