"""Reports: every number is the length of the list it opens, in few statements, behind the walls, safe whatever people typed."""

from __future__ import annotations

import random
import re
from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse

from qaitar.analytics.models import FigureState
from qaitar.analytics.services.counting import figures_count
from qaitar.foundation.models import JournalEntry, User
from qaitar.foundation.ops.clock import frozen_at
from qaitar.kernel.roles import Role
from qaitar.orders.services.merging import orders_merge
from qaitar.returns.errors import ActBlocked
from qaitar.returns.services.perform_act import Details, request_act
from qaitar.returns.vocabulary import Act, RefusalReason
from tests.factories.accounts import NOW, Shop, actor
from tests.factories.orders import api_order
from tests.factories.returns import make_case
from tests.web.console.desk import counted, words_of
from tests.web.console.office import Office, fields_of, make_office

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db
STATEMENTS_MAX = 15
ACTS = (
    Act.ASK_CUSTOMER,
    Act.REFUSE,
    Act.NOTE_ACCEPTED,
    Act.NOTE_ARRIVAL,
    Act.GRANT_REFUND,
    Act.NOTE_REFUND_DONE,
    Act.NOTE_WITHDRAWN,
    Act.NOTE_MARKETPLACE_DECIDED,
    Act.NOTE_DISPUTE,
)


@pytest.fixture
def office(settings: Any) -> Office:
    made = make_office(settings)
    User.objects.update(language="en")
    return made


@pytest.fixture(autouse=True)
def moment() -> Any:
    with frozen_at(NOW):
        yield


def live(office: Office, shop: Shop, requests: int, seed: int = 1) -> None:
    """Let a shop live for the forty days that end now, and count its figures."""
    dice = random.Random(seed)
    person = office.staff[Role.OPERATOR] if shop is office.shop else office.timur
    by = actor(person, shop.id)
    at = {}
    for number in range(requests):
        filed = NOW - timedelta(hours=dice.randint(1, 40 * 24))
        reason = dice.choice(["SIZE_MISMATCH", "WRONG", ""])
        reported = {"reason_code": reason, "product_name": f"Товар {dice.randint(1, 4)}"}
        case = make_case(shop, by, f"7{seed}{number:07d}-1", now=filed, **reported)
        at[case.pk] = filed
    for pk, filed in at.items():
        when = filed
        for act in dice.sample(ACTS, 5):
            when += timedelta(hours=dice.randint(1, 50))
            if when > NOW:
                break
            details = Details(reason=RefusalReason.NO_ANSWER)
            try:
                request_act(request_id=pk, act=act, by=by, now=when, details=details)
            except ActBlocked:
                continue
    days = [NOW - timedelta(days=n % 28 + 1) for n in range(90)]
    orders = [
        api_order(f"9{seed}{n:07d}", created_at=day, delivered_at=day) for n, day in enumerate(days)
    ]
    orders_merge(store=shop.store, records=orders, now=NOW)
    figures_count(shop.id, NOW)
    office.look()


def path(name: str = "reports", **query: str) -> str:
    requested = "&".join(f"{key}={value}" for key, value in query.items())
    return f"{reverse(f'console:{name}')}?{requested}"


def numbers(page: str) -> dict[str, int]:
    """Read every number of a page that opens a list, by the address it opens."""
    found = {}
    for url, text in re.findall(r'<a[^>]*href="([^"]+)"[^>]*>\s*([\d\s]+)\s*</a>', page):
        found[unescape(url)] = int(text)
    return found


def length(browser: Client, url: str) -> int:
    """Walk a list to its end and count its lines, each once."""
    seen: list[str] = []
    while url:
        page = browser.get(url)
        assert page.status_code == 200, url
        displayed = page.context["page"]
        rows = re.findall(r'href="(/returns/[0-9a-f-]{36})" data-open', page.content.decode())
        seen += rows
        url = displayed.more_url
    assert len(seen) == len(set(seen))
    return len(seen)


@pytest.mark.parametrize("period", ["7", "30", "90", "month"])
def test_every_number_is_the_length_of_the_list_it_opens(office: Office, period: str) -> None:
    live(office, office.shop, 60)
    browser = office.owner
    page = browser.get(path(period=period))
    found = {url: n for url, n in numbers(page.content.decode()).items() if "/reports/list" in url}
    assert len(found) > 25
    assert sum(found.values()) > 100
    for url, number in found.items():
        assert browser.get(url).context["page"].count == number, url
        assert length(browser, url) == number, url


def test_what_waits_now_is_the_queue_itself(office: Office) -> None:
    live(office, office.shop, 60)
    browser = office.owner
    part = browser.get(path()).context["page"].parts[0]
    assert sum(figure.count for figure in part.figures) > 5
    for figure in part.figures:
        assert length(browser, figure.url) == figure.count, figure.label


def test_a_report_costs_a_fixed_number_of_statements(office: Office) -> None:
    live(office, office.shop, 3)
    few = counted(office.owner, path())
    few_list = counted(office.owner, path("report_list", measure="filed"))
    live(office, office.shop, 60, seed=2)
    assert counted(office.owner, path(period="90")) == few <= STATEMENTS_MAX
    many = counted(office.owner, path("report_list", measure="filed", period="90"))
    assert many == few_list <= 9


def test_a_stranger_sees_none_of_our_figures(office: Office) -> None:
    live(office, office.shop, 20)
    live(office, office.other, 3, seed=5)
    displayed = office.stranger.get(path(period="90")).context["page"]
    assert displayed.parts[1].figures[0].count == 3
    ours = {"merchant": str(office.shop.id), "store": str(office.shop.store.pk)}
    page = office.stranger.get(path(**ours)).context["page"]
    assert all(figure.count == 0 for part in page.parts for figure in part.figures)
    assert office.stranger.get(path("report_list", **ours)).context["page"].count == 0


def test_the_period_before_stands_next_to(office: Office) -> None:
    live(office, office.shop, 60)
    browser = office.owner
    week = browser.get(path(period="7")).context["page"]
    filed = week.parts[1].figures[0]
    before = browser.get(filed.before_url).context["page"]
    assert (before.count, before.last) == (filed.before, week.first - timedelta(days=1))


def test_nonsense_in_the_address_is_not_stated(office: Office) -> None:
    live(office, office.shop, 2)
    odd = path(period="-1", first="0001-01-01", last="x", store="1", merchant="'")
    assert office.owner.get(odd).status_code == 200
    assert office.owner.get(path("report_list", measure="nothing")).status_code == 404
    assert office.owner.get(path("report_list", measure="filed", after="junk")).status_code == 200
    nul = path("report_list", measure="filed", product="%00%27", reason="<script>")
    page = office.owner.get(nul)
    assert page.status_code == 200
    assert "<script>" not in page.content.decode().split("<main")[1]


def test_an_uncounted_shop_says_when_figures_appear(office: Office) -> None:
    assert "Figures appear within a minute" in words_of(office.owner.get(path()))
    figures_count(office.shop.id, NOW)
    stated = words_of(office.owner.get(path()))
    assert "Figures appear within a minute" not in stated
    assert "No request was filed in this period." in stated
    assert "The share appears when orders are imported" in stated


def test_the_gate_says_how_many_more_break_it(office: Office) -> None:
    live(office, office.shop, 0)
    by = actor(office.staff[Role.OPERATOR], office.shop.id)
    make_case(office.shop, by, "700000001-1", reason_code="WRONG")
    figures_count(office.shop.id, NOW)
    page = office.owner.get(path()).context["page"]
    (gate,) = page.gates
    assert (gate.sure.count, gate.open.count) == (0, 1)
    assert (gate.share, gate.orders) == ("1.12\xa0%", "of 90 orders handed out")
    assert gate.sentence == "1 more quality return breaks the limit."
    assert page.gate_chart is not None


def test_charts_hold_shapes_and_classes_only(office: Office) -> None:
    live(office, office.shop, 40)
    page = office.owner.get(path()).content.decode()
    drawings = re.findall(r"<svg[^>]*chart__svg.*?</svg>", page, re.DOTALL)
    assert len(drawings) >= 6
    for drawing in drawings:
        assert not re.search(r"<style|<script|\sstyle=|\son\w+=|href=|\sid=|<!--", drawing)
        assert 'aria-hidden="true"' in drawing
    assert page.count("The same as a table") == len(drawings) // 2


def test_a_reason_given_only_for_rare_goods_is_named_in_words(office: Office) -> None:
    """Twelve goods fill the table; damage, told of a thirteenth alone, still heads its column by name."""
    by = actor(office.staff[Role.OPERATOR], office.shop.id)
    goods = [(f"Товар {n % 12}", "SIZE_MISMATCH", "Не подошёл размер") for n in range(24)]
    goods.append(("Редкий товар", "DAMAGE", "Механическое повреждение"))
    for n, (product, code, text) in enumerate(goods):
        reported = {"product_name": product, "reason_code": code, "reason_text": text}
        make_case(office.shop, by, f"7{n:08d}-1", now=NOW - timedelta(days=1), **reported)
    figures_count(office.shop.id, NOW)
    office.look()
    matrix = office.owner.get(path(period="30")).context["page"].matrix
    assert matrix.headings[:2] == ("Не подошёл размер", "Механическое повреждение")
    assert [each.count for each in matrix.foot.figures] == [24, 1, 25]
    assert "Редкий товар" not in [row.label for row in matrix.rows]


def test_how_figures_are_counted_is_the_owners_to_set(office: Office) -> None:
    live(office, office.shop, 5)
    browser = office.owner
    url = reverse("console:report_rules")
    sent = fields_of(browser.get(url))
    assert (sent["gate_percent"], sent["answer_hours"]) == ("2.0", "24")
    assert browser.post(url, sent).status_code == 303
    office.look()
    assert not JournalEntry.objects.filter(subject_kind="figure_rules").exists()
    answer = browser.post(url, {**sent, "answer_hours": "8", "good_percent": "0.5"})
    assert answer.status_code == 303
    office.look()
    line = JournalEntry.objects.get(subject_kind="figure_rules")
    assert line.before == {"answer_hours": 24, "good_permille": 10}
    assert line.after == {"answer_hours": 8, "good_permille": 5}
    bad = browser.post(url, {**sent, "good_percent": "3", "gate_percent": "2"})
    assert bad.status_code == 422
    figures_count(office.shop.id, NOW)
    office.look()
    assert '"answer_hours": 8' in FigureState.objects.get(merchant_id=office.shop.id).digest
