"""1C OData against its stand-in over loopback: the contract suite, in both file generations."""

from __future__ import annotations

import base64
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from qaitar.connectors.onec.client import OneC
from qaitar.connectors.onec.facts import EMPTY_GUID
from qaitar.connectors.onec.fieldmap import FieldMap, OneCSettings
from qaitar.contracts.outcome import Busy, Done, Unknown
from qaitar.sandbox.onec.app import OneCStandIn
from qaitar.sandbox.onec.base import SPARK_CARRIER
from qaitar.sandbox.onec.faults import OneCFault
from qaitar.sandbox.onec.model import (
    BLOBS_A,
    BLOBS_B,
    LINKS_B,
    PRESENCE,
    RETURN_FILES,
    RETURN_ORDER,
)
from qaitar.sandbox.onec.seeds import SoldLine
from qaitar.sandbox.serving import Serving
from qaitar.transport.http import Timeouts
from tests.contracts.erp import ErpContract, ErpStage, WrittenReturn, photo

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PASSWORD = "Пароль:с двоеточием"
AUTHOR = "a0000000-0000-4000-8000-0000000000aa"


class OneCStage(ErpStage):
    secrets = (PASSWORD, base64.b64encode(f"Обмен:{PASSWORD}".encode()).decode())
    own_carrier = SPARK_CARRIER

    def __init__(self, server: OneCStandIn, erp: OneC) -> None:
        self.server = server
        self.erp = erp

    def sell(
        self, code: str, lines: Sequence[tuple[str, int, int]], *, shipped: bool = True
    ) -> None:
        self.server.seed_order(code, [SoldLine(*line) for line in lines], shipped=shipped)

    def written(self) -> list[WrittenReturn]:
        return [self._return(row) for row in self.server.base.rows[RETURN_ORDER]]

    def _return(self, row: dict[str, Any]) -> WrittenReturn:
        comment = row["Комментарий"]
        names = {
            r["Ref_Key"]: r["Description"] for r in self.server.base.rows["Catalog_Номенклатура"]
        }
        rows = row["ВозвращаемыеТовары"]
        return WrittenReturn(
            reference=row["Ref_Key"],
            number=row["Number"].strip(),
            marker_text=comment,
            request_number=comment.removeprefix("Kaspi ").partition(" ")[0],
            reason=row["ПричинаВозврата"],
            arrival_date=_day(row["ДатаПоступления"]),
            delivery_date=_day(row["ДатаДоставки"]),
            row_dates=tuple(_day(line["ДатаПоступления"]) for line in rows),
            carrier=row["ПеревозчикПартнер_Key"],
            posted=row["Posted"],
            lines=tuple(
                (
                    names[line["Номенклатура_Key"]],
                    round(line["Количество"] * 1000),
                    round(line["Цена"] * 100),
                    round(line["Сумма"] * 100),
                )
                for line in rows
            ),
        )

    def executed(self) -> int:
        return len(self.server.ledger.executed)

    def files(self, reference: str) -> list[tuple[str, bytes]]:
        rows = self.server.base.rows
        assert [r["ЕстьФайлы"] for r in rows[PRESENCE] if r["ОбъектСФайлами"] == reference] == [
            True
        ]
        return [
            (f"{r['Description']}.{r['Расширение']}", self._content(r["Ref_Key"]))
            for r in rows[RETURN_FILES]
            if r["ВладелецФайла_Key"] == reference
        ]

    def _content(self, file: str) -> bytes:
        rows = self.server.base.rows
        kind = f"StandardODATA.{RETURN_FILES}"
        if BLOBS_A in rows:
            (blob,) = [r for r in rows[BLOBS_A] if (r["Файл"], r["Файл_Type"]) == (file, kind)]
            return base64.b64decode(blob["ДвоичныеДанныеФайла_Base64Data"])
        (link,) = [r for r in rows[LINKS_B] if (r["Файл"], r["Файл_Type"]) == (file, kind)]
        key = link["ХранилищеДвоичныхДанных_Key"]
        (blob,) = [r for r in rows[BLOBS_B] if r["Ref_Key"] == key]
        return base64.b64decode(blob["ДвоичныеДанные_Base64Data"])

    def spoil_creation(self, reply: str, *, executes: bool, status: int = 500) -> None:
        fault = OneCFault(reply, "POST", RETURN_ORDER, executes, status=status)
        if reply == "silence":
            fault = OneCFault("true", "POST", RETURN_ORDER, executes, delay_s=1.5)
        self.server.faults.append(fault)

    def spoil_file_content(self, reply: str, *, executes: bool, status: int = 500) -> None:
        resource = BLOBS_A if BLOBS_A in self.server.base.rows else LINKS_B
        self.server.faults.append(OneCFault(reply, "POST", resource, executes, status=status))

    def refuse_creation(self, words: str) -> None:
        self.server.faults.append(OneCFault("error", "POST", RETURN_ORDER, message=words))

    def lock_creation(self) -> None:
        words = "Конфликт блокировок при выполнении транзакции"
        self.server.faults.append(OneCFault("error", "POST", RETURN_ORDER, message=words))

    def deny_rights(self) -> None:
        self.server.denied.add(RETURN_ORDER)

    def lose_reason(self) -> None:
        self.server.base.ignored.add((RETURN_ORDER, "ПричинаВозврата"))


def _day(text: str) -> date:
    return date.fromisoformat(text[:10])


def stage_on(server: OneCStandIn, url: str, **changes: Any) -> OneCStage:
    fieldmap = FieldMap(delivery_date="ДатаДоставки", **changes)
    settings = OneCSettings(
        f"{url}/ut",
        "Обмен",
        PASSWORD,
        field_map=fieldmap,
        author_key=AUTHOR,
        timeouts=Timeouts(1.0, 1.0),
    )
    return OneCStage(server, OneC(settings))


@pytest.fixture(params=["A", "B"])
def stage(request: pytest.FixtureRequest) -> Iterator[OneCStage]:
    server = OneCStandIn(
        password=PASSWORD, files=request.param, extra_return="ДатаДоставки:datetime"
    )
    with Serving(server) as serving:
        made = stage_on(server, serving.url)
        yield made
        made.erp.close()


class TestOneC(ErpContract):
    """The suite, on УТ 11 with both generations of file storage."""

    @pytest.mark.parametrize("key", ["слово", "", EMPTY_GUID, "9" * 5000])
    def test_an_attached_file_without_a_key_of_its_own_is_unknown_and_added_no_second_time(
        self, stage: OneCStage, key: str
    ) -> None:
        reference = self._return_order(stage)
        assert isinstance(stage.erp.attach(reference, photo()), Done)
        stage.server.base.rows[RETURN_FILES][0]["Ref_Key"] = key
        executed = stage.executed()
        assert isinstance(stage.erp.find_attachment(reference, photo().sha256), Unknown)
        assert isinstance(stage.erp.attach(reference, photo()), Busy)
        assert stage.executed() == executed
