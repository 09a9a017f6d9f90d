"""One parser before a fuzzer that follows which lines of it are reached: `python -m tests.corpora.harness NAME FOLDER SECONDS`.

Whatever the bytes, a parser answers or raises the one error it declares; anything else ends the process with a traceback.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

import atheris
import django

with atheris.instrument_imports(include=["qaitar"]):
    django.setup()
    from qaitar.connectors.kaspi_cabinet.saved import read_cabinet, read_counts
    from qaitar.connectors.kaspi_files import translate, wire
    from qaitar.connectors.kaspi_files.reader import FileRefused, read_orders
    from qaitar.connectors.onec import wire as odata
    from qaitar.connectors.onec.metadata import NotMetadata, read_metadata
    from qaitar.connectors.usedesk.webhook import read_event
    from qaitar.contracts.marketplace import OrderRecord
    from qaitar.foundation.files.kinds import recognise
    from qaitar.foundation.records.search import folded, query_words
    from qaitar.kernel import identifiers, money, phones
    from qaitar.returns.reads.queue import QueuePlace
    from qaitar.transport import lenient
    from qaitar.web.api.bodies import json_parsed
    from qaitar.web.api.idempotency import key_read
    from qaitar.web.api.problems import Turned

if TYPE_CHECKING:
    from collections.abc import Callable

LENGTH_MAX: Final = 4_096
MEGABYTES_MAX: Final = 400
SECONDS_MAX: Final = 5


def _text(data: bytes) -> str:
    """Half of the inputs as letters of every plane, half as the bytes say."""
    if data[:1] < b"\x80":
        return data[1:].decode("utf-8", "surrogateescape")
    return data[1:].decode("utf-16-le", "replace")


def _money(data: bytes) -> None:
    text = _text(data)
    with suppress(money.UnreadableAmount):
        money.parse_minor(text)
    assert (lenient.minor(text) or 0) >= 0
    assert (translate.tiyn(text) or 0) >= 0
    lenient.milli(text)
    lenient.whole(text)


def _dates(data: bytes) -> None:
    text = _text(data)
    for read in (translate.day_start, QueuePlace.read, lenient.moment_ms):
        read(text)
    wire.cell_text(text)


def _numbers(data: bytes) -> None:
    text = _text(data)
    for read in (
        identifiers.request_attempt,
        identifiers.checked_iin_bin,
        identifiers.checked_imei,
    ):
        with suppress(identifiers.UnreadableNumber):
            read(text)
    phone = phones.normalise_phone(text)
    assert phone is None or phone.startswith("+")
    identifiers.mask_phone(text)


def _search(data: bytes) -> None:
    text = _text(data)
    words = query_words(text)
    assert all(folded(word) == word for word in words)
    key_read(text)


def _orders(data: bytes) -> None:
    reported = read_orders(data)
    if not isinstance(reported, FileRefused):
        met = [len(each.row_numbers) if isinstance(each, OrderRecord) else 1 for each in reported]
        assert sum(met) == reported.rows_total, "each row is a line of an order or a rejection"


def _cabinet(data: bytes) -> None:
    read_cabinet(data)
    read_counts(data)


def _archive(data: bytes) -> None:
    """A browser's archive around what is made up, so that it is looked into."""
    text = data.decode("utf-8", "replace")
    entry = {
        "request": {"url": "https://mc.shop.kaspi.kz/refund/api/" + text[:40]},
        "response": {
            "status": 200,
            "content": {"text": text, "encoding": "base64" if len(data) % 2 else ""},
        },
    }
    read_cabinet(json.dumps({"log": {"entries": [entry, text[:20]]}}).encode())


def _odata(data: bytes) -> None:
    odata.read_error(data)
    for read in (odata.read_rows, odata.read_object):
        with suppress(odata.OneCUnreadable):
            read(data)
    with suppress(NotMetadata):
        read_metadata(BytesIO(data))


def _bodies(data: bytes) -> None:
    with suppress(Turned):
        json_parsed(data)
    read_event(data, secret="a secret of tests")
    recognise(data, "orders.csv")


HARNESSES: Final[dict[str, Callable[[bytes], None]]] = {
    "money": _money,
    "dates": _dates,
    "numbers": _numbers,
    "search": _search,
    "orders": _orders,
    "cabinet": _cabinet,
    "archive": _archive,
    "odata": _odata,
    "bodies": _bodies,
}


_EXPORT = (
    "№ заказа;Дата поступления заказа;Сумма;Количество;Статус\n7;29.07.2025;119990.0;1.0;Выдан\n"
)
_READING = (
    b'{"applicationNumber":"700000077-1","refundId":"R9","tab":"NEW","total":1,"price":"1299.0"}'
)
_EDMX = (
    b'<?xml version="1.0"?><edmx:Edmx xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx">'
    b'<EntityType xmlns="http://schemas.microsoft.com/ado/2009/11/edm" Name="X"><Property Name="A" Type="Edm.String"/>'
    b"</EntityType></edmx:Edmx>"
)
SEEDS: Final[dict[str, tuple[bytes, ...]]] = {
    "money": (b"\x0012 345,50", b"\x001455.0", b"\x00" + "1\u00a0000,5".encode()),
    "dates": (b"\x0029.02.2024", b"\x0045658.5", b"\x002026-05-14T06:00:00+05:00~01a1ffe5-d6fc-7578-920c-f81c00dde7ba"),
    "numbers": (b"\x00700000001-2", b"\x00131240010479", b"\x00490154203237518", b"\x00+7 (701) 123-45-67"),
    "search": (b"\x00" + "Әсем 700000001-1".encode(), b'\x00"8e03978e-40d5"'),
    "orders": (_EXPORT.encode(), _EXPORT.encode("cp1251"), _EXPORT.replace(";", ",").encode("utf-8-sig")),
    "cabinet": (_READING, b'{"data":[' + _READING + b"]}", b'[{"tab":"NEW","total":3}]'),
    "archive": (_READING, b"eyJhIjoxfQ=="),
    "odata": (b'{"value":[{"Ref_Key":"5ba6c000-0000-4000-8000-000000000001"}]}', _EDMX,
              b'{"odata.error":{"code":"9","message":{"lang":"ru","value":"x"}}}'),
    "bodies": (b'{"secret":"a secret of tests","ticket":{"id":"17"},"trigger":{"comment":1}}', b'[{"a":"\\u0000"}]'),
}  # fmt: skip
"""What each parser is meant for: changed, it reaches further than noise does."""


def main(name: str, folder: Path, seconds: str) -> None:
    """Feed one parser for so long; what broke it is kept in the folder."""
    seeds = folder / "seeds"
    seeds.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS[name]):
        (seeds / str(number)).write_bytes(seed)
    flags = [
        f"-max_total_time={seconds}", f"-max_len={LENGTH_MAX}", f"-timeout={SECONDS_MAX}",
        f"-rss_limit_mb={MEGABYTES_MAX}", f"-artifact_prefix={folder}/broke-", "-seed=20260514",
        "-print_final_stats=1", str(seeds),
    ]  # fmt: skip
    atheris.Setup([name, *flags], HARNESSES[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
