"""Made answers of the Shop API: nothing lost silently, nothing counted twice, every refusal says its true reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from qaitar.connectors.kaspi_shop.client import KaspiShop, ShopAccount
from qaitar.contracts.marketplace import OrderRecord
from qaitar.sandbox.serving import Serving
from tests.corpora.shop_answers import Made, ShopOfAnswers, made_order

CUT = 60


def wrong(made: Made, reported: object) -> str:
    """Say what of an answer is not what had to be read; '' where all is."""
    if not isinstance(reported, OrderRecord):
        return f"not an order: {reported}"
    named = {one.name: one.came for one in reported.unread}
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    received = (
        None if made.completed_ms is None else epoch + timedelta(milliseconds=made.completed_ms)
    )
    expected = (made.code, made.total_minor, received)
    if (reported.code, reported.total_minor, reported.delivered_at) != expected:
        return f"{(reported.code, reported.total_minor, reported.delivered_at)} is not {expected}"
    if made.lines is None:
        fine = reported.lines is None and made.fault in named.pop("entries", "")
        return (
            ""
            if fine and set(named) == set(made.unread)
            else f"{reported.lines}, {named}: {made.fault}"
        )
    lines = [
        (x.number, x.offer_code, x.quantity_milli, x.price_minor, x.total_minor)
        for x in reported.lines or ()
    ]
    right = [(x.number, x.code, x.quantity_milli, x.price_minor, x.total_minor) for x in made.lines]
    if lines != right or reported.lines is None:
        return f"{len(lines)} lines for {len(right)}: {set(lines) ^ set(right)}"
    if len(made.requested) != len(set(made.requested)):
        return f"a page was asked for twice: {made.requested}"
    return "" if set(named) == set(made.unread) else f"named {named}"


def read_made(count: int, first_seed: int = 0) -> list[str]:
    """Read so many made orders and give what went wrong, by seed."""
    made = {seed: made_order(seed) for seed in range(first_seed, first_seed + count)}
    shop = ShopOfAnswers(list(made.values()))
    with (
        Serving(shop) as serving,
        KaspiShop(ShopAccount(token="t", base_url=serving.url)) as source,
    ):
        reported = {seed: source.by_code(each.code) for seed, each in made.items()}
    return [
        f"seed {seed}: {why}" for seed, each in made.items() if (why := wrong(each, reported[seed]))
    ]


def test_made_orders_are_read_as_they_were_made() -> None:
    assert read_made(CUT) == []
