"""The first page of the stand-ins: where each is, and what 1C holds, so that a person can look behind the program."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final

from qaitar.sandbox.onec.model import RETURN_FILES, RETURN_ORDER

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

    from qaitar.sandbox.kaspi.app import KaspiStandIn
    from qaitar.sandbox.onec.app import OneCStandIn

_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}"
    "td,th{text-align:left;padding:.3rem 1rem .3rem 0;vertical-align:top}"
)
_PAGE: Final = (
    '<!doctype html><html lang="ru"><head><meta charset="utf-8"><title>{title}</title>'
    '<meta name="viewport" content="width=device-width"><style>{style}</style></head>'
    "<body><h1>{title}</h1>{body}</body></html>"
)
_NO_ADDRESSES: Final = ("", "", "", "")


class Front:
    """Answers `/` and `/onec` itself and hands everything else to Kaspi.  `addresses` is set once served."""

    def __init__(self, kaspi: KaspiStandIn, onec: OneCStandIn) -> None:
        """Stand before Kaspi."""
        self.addresses: tuple[str, str, str, str] = _NO_ADDRESSES
        self._kaspi = kaspi
        self._onec = onec

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        pages = {"/": self._index, "/onec": self._documents}
        page = pages.get(environ.get("PATH_INFO", ""))
        if page is None or environ["REQUEST_METHOD"] != "GET":
            return self._kaspi(environ, start_response)
        body = page().encode()
        kind = [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body)))]
        start_response("200 OK", kind)
        return [body]

    def _index(self) -> str:
        kaspi, onec, usedesk, sheets = self.addresses
        rows = (
            (f"{kaspi}/mc/", "Кабинет Kaspi", "заявки на возврат и три кнопки"),
            (f"{kaspi}/onec", "1С", f"возвратные заказы и файлы; OData: {onec}/ut"),
            (f"{usedesk}/", "Usedesk", "тикеты колл-центра"),
            (f"{sheets}/", "Google Таблица", "реестр «Возвраты Казахстан»"),
        )
        lines = "".join(
            f'<tr><td><a href="{address}">{escape(name)}</a></td><td>{escape(cells)}</td></tr>'
            for address, name, cells in rows
        )
        intro = "<p>Стенды: они ведут себя как внешние системы, но это не они.</p>"
        return _page("Стенды внешних систем", f"{intro}<table>{lines}</table>")

    def _documents(self) -> str:
        with self._onec.still() as base:
            documents = list(base.rows[RETURN_ORDER])
            files: dict[str, list[str]] = {}
            for row in base.rows[RETURN_FILES]:
                name = f"{row['Description']}.{row['Расширение']}"
                files.setdefault(row["ВладелецФайла_Key"], []).append(name)
        lines = "".join(_document(row, files.get(row["Ref_Key"], [])) for row in documents)
        heads = "".join(
            f"<th>{name}</th>"
            for name in ("Номер", "Дата поступления", "Сумма", "Причина", "Комментарий", "Файлы")
        )
        return _page(
            "1С: заявки на возврат от клиента",
            f"<table><tr>{heads}</tr>{lines}</table>" if lines else "<p>Документов нет.</p>",
        )


def _document(row: dict[str, Any], files: list[str]) -> str:
    cells = (
        row["Number"].strip(),
        row["ДатаПоступления"][:10],
        f"{row['СуммаДокумента']} ₸",
        row["ПричинаВозврата"],
        row["Комментарий"],
        ", ".join(files),
    )
    return f"<tr>{''.join(f'<td>{escape(str(each))}</td>' for each in cells)}</tr>"


def _page(title: str, body: str) -> str:
    return _PAGE.format(title=escape(title), style=_STYLE, body=body)
