"""The 1C stand-in itself, asked raw, as the vendor's chapter on the interface describes it."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import pytest

from qaitar.sandbox.onec.app import OneCStandIn
from qaitar.sandbox.onec.faults import OneCFault
from qaitar.sandbox.onec.model import ORDER, PRESENCE, RETURN_ORDER, SALE
from qaitar.sandbox.serving import Serving

if TYPE_CHECKING:
    from collections.abc import Iterator

JSON = {"Accept": "application/json;odata=nometadata"}
OTHER = "b0000000-0000-4000-8000-0000000000bb"


class Raw:
    """A bare caller of one stand-in."""

    def __init__(self, server: OneCStandIn, url: str) -> None:
        self.server = server
        login = base64.b64encode("Обмен:пароль-1С".encode()).decode()
        self.http = httpx.Client(headers={"Authorization": f"Basic {login}"}, trust_env=False)
        self._root = f"{url}/ut/odata/standard.odata/"

    def ask(self, method: str, place: str, body: Any = None, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        url = self._root + quote(place, safe="()'=,?&$/")
        return self.http.request(method, url, headers={**JSON, **named}, content=content)

    def rows(self, resource: str, **options: str) -> Any:
        query = "&".join(f"${name}={quote(value)}" for name, value in options.items())
        url = f"{self._root}{quote(resource)}?{query}"
        return self.http.get(url, headers=JSON).json()


@pytest.fixture
def raw() -> Iterator[Raw]:
    server = OneCStandIn()
    with Serving(server) as serving:
        made = Raw(server, serving.url)
        yield made
        made.http.close()


def error_code(reply: httpx.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["odata.error"]["code"]


def test_login_is_requested_for(raw: Raw) -> None:
    reply = raw.ask("GET", ORDER, Authorization="Basic " + base64.b64encode(b"a:b").decode())
    assert reply.status_code == 401
    assert reply.headers["www-authenticate"].startswith("Basic")


def test_the_service_document_lists_the_composition(raw: Raw) -> None:
    raw.server.unpublished.add(SALE)
    names = [one["name"] for one in raw.ask("GET", "").json()["value"]]
    assert ORDER in names
    assert SALE not in names
    assert error_code(raw.ask("GET", SALE)) == (404, "8")


def test_atom_is_what_a_caller_gets_who_requested_for_nothing(raw: Raw) -> None:
    raw.server.seed_order("1")
    reply = raw.ask("GET", ORDER, Accept="*/*")
    assert reply.headers["content-type"].startswith("application/atom+xml")


def test_metadata_levels(raw: Raw) -> None:
    assert "odata.metadata" in raw.ask("GET", ORDER, Accept="application/json").json()
    assert "odata.metadata" not in raw.ask("GET", ORDER).json()


def test_shapes_of_values(raw: Raw) -> None:
    raw.server.seed_order("1")
    (row,) = raw.rows(ORDER)["value"]
    assert row["Number"] == "УТ-000001  "
    assert row["НомерПоДаннымКлиента"] == "1".ljust(30)
    assert row["Товары"][0]["LineNumber"] == "1"
    assert row["Товары"][0]["Цена"] == 129990


def test_filters(raw: Raw) -> None:
    first, second = raw.server.seed_order("1"), raw.server.seed_order("2")

    def found(text: str, resource: str = ORDER) -> list[str]:
        return [row["Ref_Key"] for row in raw.rows(resource, filter=text)["value"]]

    assert found("НомерПоДаннымКлиента eq '2'") == [second.order]
    assert found("НомерПоДаннымКлиента ne '2' and Posted eq true") == [first.order]
    assert found(f"Ref_Key eq guid'{first.order}'") == [first.order]
    assert found(
        "Date ge datetime'2026-01-20T12:30:00' and Date le datetime'2026-01-21T00:00:00'"
    ) == [
        first.order,
        second.order,
    ]
    assert found("not (НомерПоДаннымКлиента eq '1' or НомерПоДаннымКлиента eq '2')") == []
    assert found(f"ЗаказКлиента eq cast(guid'{first.order}','{ORDER}')", SALE) == [first.sale]
    assert found(f"ЗаказКлиента eq cast(guid'{first.order}','{SALE}')", SALE) == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("НетТакого eq '1'", "10"),
        ("Комментарий eq 'x'", "14"),
        ("Партнер_Key eq 'x'", "14"),
        ("Date ge '2026'", "14"),
        ("Posted eq", "14"),
        ("Posted eq true )", "14"),
        ("Posted like true", "14"),
        ("Posted eq cast(guid'00000000-0000-0000-0000-000000000000','X')", "14"),
    ],
)
def test_what_a_filter_may_not_be(raw: Raw, text: str, code: str) -> None:
    assert raw.rows(ORDER, filter=text)["odata.error"]["code"] == code


def test_pages_order_and_selection(raw: Raw) -> None:
    for code in ("1", "2", "3"):
        raw.server.seed_order(code)
    page = raw.rows(ORDER, orderby="Number desc", top="1", skip="1", select="Number")["value"]
    assert page == [{"Number": "УТ-000002  "}]
    assert raw.rows(ORDER, select="Нет")["odata.error"]["code"] == "10"


def test_unknown_names_are_ignored_in_silence(raw: Raw) -> None:
    reply = raw.ask("POST", RETURN_ORDER, {"Date": "2026-01-31T10:00:00", "НетТакого": 1})
    assert reply.status_code == 201
    assert "НетТакого" not in reply.json()
    assert raw.server.ledger.executed[0].body["НетТакого"] == 1


@pytest.mark.parametrize(
    "body",
    [
        {"Партнер_Key": "x"},
        {"Date": "31.01.2026"},
        {"СуммаДокумента": "12"},
        {"ПоступлениеОднойДатой": 1},
        {"Комментарий": 5},
        {"ВозвращаемыеТовары": [{"КодСтроки": "один"}]},
    ],
)
def test_values_of_a_wrong_kind_are_refused(raw: Raw, body: dict[str, Any]) -> None:
    assert error_code(raw.ask("POST", RETURN_ORDER, body)) == (400, "4")
    assert raw.server.ledger.executed == []
    assert raw.server.base.rows[RETURN_ORDER] == []


def test_patch_honours_the_version(raw: Raw) -> None:
    made = raw.ask("POST", RETURN_ORDER, {}).json()
    place = f"{RETURN_ORDER}(guid'{made['Ref_Key']}')"
    assert raw.ask("PATCH", place, {"Статус": "Выполнена"}, If_Match="old").status_code == 412
    changed = raw.ask("PATCH", place, {"Статус": "Выполнена"}, If_Match=made["DataVersion"]).json()
    assert changed["Статус"] == "Выполнена"
    assert changed["DataVersion"] != made["DataVersion"]


def test_posting_and_its_refusal(raw: Raw) -> None:
    key = raw.ask("POST", RETURN_ORDER, {}).json()["Ref_Key"]
    place = f"{RETURN_ORDER}(guid'{key}')"
    raw.server.posting_refusal = "Не заполнено"
    assert error_code(raw.ask("POST", place + "/Post", {})) == (500, "-1")
    raw.server.posting_refusal = ""
    assert raw.ask("POST", place + "/Post", {}).content == b""
    assert raw.ask("GET", place).json()["Posted"] is True
    raw.ask("POST", place + "/Unpost", {})
    assert raw.ask("GET", place).json()["Posted"] is False


def test_register_keys(raw: Raw) -> None:
    body = {"ОбъектСФайлами": OTHER, "ОбъектСФайлами_Type": f"StandardODATA.{RETURN_ORDER}"}
    assert raw.ask("POST", PRESENCE, body).status_code == 201
    assert error_code(raw.ask("POST", PRESENCE, body)) == (400, "15")
    key = f"ОбъектСФайлами=guid'{OTHER}',ОбъектСФайлами_Type='{body['ОбъектСФайлами_Type']}'"
    raw.ask("PATCH", f"{PRESENCE}({key})", {"ЕстьФайлы": True})
    assert raw.server.base.rows[PRESENCE][0]["ЕстьФайлы"] is True
    assert error_code(raw.ask("GET", f"{PRESENCE}(guid'{OTHER}')")) == (400, "7")


def test_other_codes(raw: Raw) -> None:
    assert error_code(raw.ask("GET", f"{ORDER}(guid'{OTHER}')")) == (404, "9")
    assert error_code(raw.ask("POST", f"{ORDER}_Товары", {})) == (400, "13")
    assert error_code(raw.ask("PUT", ORDER, {})) == (405, "19")
    raw.server.denied.add(ORDER)
    assert error_code(raw.ask("GET", f"{ORDER}_Товары")) == (401, "20")


def test_faults_are_accepted_once_and_in_order(raw: Raw) -> None:
    raw.server.faults += [
        OneCFault("page", "POST", status=503, retry_after_s=5),
        OneCFault("empty", "POST", executes=True),
        OneCFault("drop", "POST", executes=True),
    ]
    busy = raw.ask("POST", RETURN_ORDER, {})
    assert (busy.status_code, busy.headers["retry-after"]) == (503, "5")
    assert raw.ask("POST", RETURN_ORDER, {}).content == b""
    with pytest.raises(httpx.RemoteProtocolError):
        raw.ask("POST", RETURN_ORDER, {})
    assert raw.ask("POST", RETURN_ORDER, {}).status_code == 201
    assert len(raw.server.ledger.executed) == 3
