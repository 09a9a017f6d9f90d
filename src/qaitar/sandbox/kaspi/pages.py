"""Plain cabinet pages, so that a person can click as in the cabinet: sections, a request, its three buttons."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from qaitar.sandbox.kaspi.ledger import PRESSABLE, TABS, Button
from qaitar.sandbox.kaspi.refunds_api import TITLES, local_iso

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qaitar.sandbox.kaspi.ledger import BuyerFiling

STATUS_PREFIX = "REFUND_"
_LABELS = {
    Button.TAKE: "Получить товар на проверку",
    Button.REFUSE: "Отказать в возврате",
    Button.GRANT: "Оформить возврат",
}
_STYLE = (
    "body{font:16px sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}nav a{margin-right:1rem}"
    "td,th{text-align:left;padding:.4rem 1rem .4rem 0}.control{color:#c00;font-weight:bold}"
    ".notice{background:#ffe;padding:.5rem 1rem}button{padding:.5rem 1rem}textarea{width:100%}"
)


def login_page(path: str) -> str:
    """Ask to sign in; any password does."""
    return _page(
        "Вход",
        f'<form method="post" action="{path}"><label>Пароль <input type="password" name="password"></label>'
        "<button>Войти</button></form>",
    )


def section_page(
    filings: Iterable[BuyerFiling], tab: str, search: str = "", *, reshaped: bool = False
) -> str:
    """Show one section, or what a search by order or request number finds in all of them; `reshaped`: with other markup."""
    everything = list(filings)
    if search:
        chosen = [f for f in everything if search in {f.order.code, f.number}]
    else:
        chosen = [f for f in everything if f.tab == tab]
    links = "".join(
        f'<a href="/mc/?status={STATUS_PREFIX}{name}">{TITLES[name]} '
        f"({sum(f.tab == name for f in everything)})</a>"
        for name in TABS
    )
    if reshaped:
        cards = "".join(
            f"<section><b>{f.number[:4]}</b><b>{f.number[4:]}</b><i>{f.number} · {_when(f)}</i></section>"
            for f in chosen
        )
        return _page("Возвраты", f"<nav>{links}</nav><main>{cards}</main>")
    rows = "".join(_row(filing) for filing in chosen) or '<tr><td colspan="5">Заявок нет</td></tr>'
    return _page(
        "Возвраты",
        f'<nav>{links}</nav><form action="/mc/"><input name="search" aria-label="Номер заказа или заявки" '
        f'value="{escape(search)}"><button>Найти</button></form><table><thead><tr><th>Заявка</th><th>Товар</th><th>Причина</th>'
        f"<th>Дата контроля</th><th>Статус</th></tr></thead><tbody>{rows}</tbody></table>",
    )


def _row(filing: BuyerFiling) -> str:
    return (
        f'<tr><td><a href="/mc/refunds/{filing.number}">{filing.number}</a></td><td>{escape(filing.goods.name)}</td>'
        f'<td>{escape(filing.reason_text)}</td><td class="control">{_when(filing)}</td>'
        f"<td>{escape(filing.status_text)}</td></tr>"
    )


def _when(filing: BuyerFiling) -> str:
    return (local_iso(filing.control) or "").replace("T", " ")[:16]


def request_page(filing: BuyerFiling, notice: str = "") -> str:
    """Show one request with its photos and the buttons that may be pressed now."""
    photos = "".join(
        f'<img src="/photos/{filing.refund_id}/{n}" alt="Фото {n + 1}" width="160">'
        for n in range(len(filing.claim.photos))
    )
    notice_html = f'<p class="notice" role="status">{escape(notice)}</p>' if notice else ""
    return _page(
        f"Заявка {filing.number}",
        f'<p><a href="/mc/?status={STATUS_PREFIX}{filing.tab}">← {TITLES.get(filing.tab, filing.tab)}</a></p>{notice_html}<dl>'
        f"<dt>Заказ</dt><dd>{filing.order.code}</dd><dt>Товар</dt><dd>{escape(filing.goods.name)}, {filing.quantity} шт</dd>"
        f"<dt>Сумма</dt><dd>{filing.total_tiyn // 100} ₸</dd><dt>Причина</dt><dd>{escape(filing.reason_text)}</dd>"
        f"<dt>Комментарий</dt><dd>{escape(filing.claim.comment)}</dd><dt>Статус</dt><dd>{escape(filing.status_text)}</dd>"
        f'<dt>Дата контроля</dt><dd class="control">{_when(filing)}</dd></dl><p>{photos}</p>{_buttons(filing)}',
    )


def _buttons(filing: BuyerFiling) -> str:
    return "".join(
        f'<form method="post" action="/mc/refunds/{filing.number}/press">'
        f'<input type="hidden" name="button" value="{button.value}">{_reason(button)}<button>{_LABELS[button]}</button></form>'
        for button in Button
        if filing.tab in PRESSABLE[button]
    )


def _reason(button: Button) -> str:
    if button is not Button.REFUSE:
        return ""
    return '<textarea name="text" required aria-label="Причина отказа"></textarea>'


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="ru"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f"<body><p>Стенд: это не Kaspi</p><h1>{escape(title)}</h1>{body}</body></html>"
    )
