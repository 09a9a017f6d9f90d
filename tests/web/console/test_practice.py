"""The pages of the practice: begun, marked on every screen, ended, kept for the person and their senior."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse
from django.utils import translation
from procrastinate.contrib.django.models import ProcrastinateJob

from qaitar.foundation.models import Membership, MerchantKey
from qaitar.foundation.ops.clock import frozen_at
from qaitar.kernel.roles import Role
from qaitar.orders.models import Store
from qaitar.returns.models import ReturnRequest
from qaitar.training.cases import cases_drawn
from qaitar.training.models import Practice, PracticeState
from qaitar.training.services.opening import PREPARE_TASK, _let_in
from qaitar.training.services.seed_cases import PracticeShop, case_fill, papers_draw
from tests.factories.accounts import NOW, make_person, open_walls
from tests.web.console.desk import signed_in, words_of
from tests.web.console.office import Office, make_office

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db
PAGE = "/practice"
SEED = 7


@pytest.fixture
def office(settings: Any, practice_files: None) -> Office:
    return make_office(settings)


@pytest.fixture(autouse=True)
def moment() -> Any:
    with frozen_at(NOW), translation.override("ru"):
        yield


def begun(office: Office) -> tuple[Client, Practice]:
    """Let the operator begin, and fill the shop with the stories told here."""
    browser = office.browser(Role.OPERATOR)
    assert browser.post(PAGE, {"what": "begin", "seed": str(SEED)}).status_code == 303
    office.look()
    return browser, Practice.objects.get()


def opened(office: Office, *stories: str) -> tuple[Client, Practice]:
    """A practice under way, with these cases only."""
    browser, practice = begun(office)
    open_walls(office.shop.id, practice.shop_id)
    store_id = store_of(practice)
    shop = PracticeShop(practice.shop_id, store_id, papers_draw() if stories else {}, NOW)
    for drawn in cases_drawn(SEED):
        if drawn.story.name in stories:
            case_fill(shop, drawn)
    _let_in(practice, NOW)
    return browser, practice


def store_of(practice: Practice) -> Any:
    return Store.objects.get(merchant_id=practice.shop_id).pk


def test_a_practice_is_begun_once_and_waited_for(office: Office) -> None:
    browser, practice = begun(office)
    assert (practice.seed, practice.state, practice.user_name) == (SEED, "PREPARING", "Operator")
    job = ProcrastinateJob.objects.get(task_name=PREPARE_TASK)
    assert job.args == {"merchant_id": str(office.shop.id), "practice_id": str(practice.pk)}
    page = browser.get(PAGE)
    assert "Готово заявок: 0 из 13" in words_of(page)
    assert 'hx-trigger="every 2s"' in page.content.decode()
    part = browser.get(PAGE, headers={"HX-Request": "true"})
    assert part.content.decode().strip().startswith("<section")
    browser.post(PAGE, {"what": "begin"})
    assert MerchantKey.objects.filter(practice_of__isnull=False).count() == 1


@pytest.mark.parametrize("seed", ["0", "-1", "1000000", "7; DROP", "٣"])
def test_a_set_that_is_no_number_begins_nothing(office: Office, seed: str) -> None:
    page = office.browser(Role.OPERATOR).post(PAGE, {"what": "begin", "seed": seed}, follow=True)
    assert "Набор случаев — число от 1 до 999999." in words_of(page)
    assert MerchantKey.objects.filter(practice_of__isnull=False).count() == 0


def test_every_screen_says_that_it_is_practice(office: Office) -> None:
    """Queue, card, register and reports carry the bar; the cabinet's button leads to no cabinet."""
    browser, practice = opened(office, "another_thing")
    (case,) = ReturnRequest.objects.filter(merchant_id=practice.shop_id)
    card = reverse("console:case", args=[case.pk])
    waits = browser.get(PAGE, headers={"HX-Request": "true"})
    assert waits["HX-Redirect"] == "/"
    for path in ("/", card, "/register", "/reports", PAGE, "/profile", "/search?q=x"):
        page = browser.get(path)
        assert page.status_code == 200, path
        assert "Учебная лавка. Всё здесь ненастоящее, наружу ничего не уходит." in words_of(page)
        assert "<title>Учёба: " in page.content.decode()
    act = reverse("console:act", args=[case.pk])
    version = case.version
    browser.post(act, {"act": "REFUSE", "reason": "DIFFERENT_GOODS_CAME", "version": version})
    html = browser.get(card).content.decode()
    assert 'href="/practice#cabinet"' in html
    assert "kaspi.kz" not in html
    others = office.browser(Role.SENIOR).get("/")
    assert case.number not in others.content.decode()
    assert "Учебная лавка." not in words_of(others)


def test_the_result_explains_and_stays(office: Office) -> None:
    """A wrong and a right decision: the page says what was right, by which law; a senior reads it, a colleague does not."""
    browser, practice = opened(office, "worn", "not_returnable", "arrived")
    numbers = {each.story.name: each.number for each in cases_drawn(SEED)}
    found = {
        each.number: each for each in ReturnRequest.objects.filter(merchant_id=practice.shop_id)
    }
    with frozen_at(NOW + timedelta(minutes=2)):
        worn, stored = found[numbers["worn"]], found[numbers["not_returnable"]]
        browser.post(
            reverse("console:act", args=[worn.pk]),
            {"act": "TAKE_FOR_INSPECTION", "version": worn.version},
        )
        browser.post(
            reverse("console:act", args=[stored.pk]),
            {"act": "REFUSE", "reason": "NOT_RETURNABLE", "version": stored.version},
        )
        so_far = words_of(browser.get(PAGE))
        assert "Итог на эту минуту 75 / 100" in so_far
        answer = browser.post(PAGE, {"what": "end"}, follow=True)
    path = reverse("console:practice_result", args=[practice.pk])
    assert answer.redirect_chain == [(path, 303)]
    stated = words_of(answer)
    assert numbers["arrived"] not in so_far  # what is still to be decided is not given away
    assert "Итог учёбы 66 / 100" in stated
    assert "−50 Решение было нужно и не принято." in stated
    assert "Верно было: Оформить возврат" in stated
    assert "без ошибок: 1 из 3" in stated
    assert "−50 Верным было другое решение." in stated
    assert "Верно было: Отказать в возврате : Был в употреблении или некомплектен" in stated
    assert "274-IV, ст. 30" in stated
    assert "Учебная лавка." not in stated
    office.look()
    assert not Membership.objects.filter(merchant_id=practice.shop_id).exists()
    assert browser.get(reverse("console:case", args=[worn.pk])).status_code == 404
    assert "66" in words_of(office.browser(Role.SENIOR).get(PAGE))
    assert office.browser(Role.SENIOR).get(path).status_code == 200
    assert office.browser(Role.OWNER).get(path).status_code == 200
    assert office.stranger.get(path).status_code == 404
    colleague = make_colleague(office)
    assert colleague.get(path).status_code == 404
    assert "Operator" not in words_of(colleague.get(PAGE))


def make_colleague(office: Office) -> Client:
    return signed_in(make_person("colleague", (office.shop.id, Role.OPERATOR)))


def test_given_up_before_it_was_ready(office: Office) -> None:
    browser, practice = begun(office)
    assert browser.post(PAGE, {"what": "give_up"})["Location"] == PAGE
    office.look()
    stored = Practice.objects.get()
    assert (stored.state, stored.score, stored.result) == (PracticeState.GIVEN_UP, None, {})
    assert MerchantKey.objects.get(pk=practice.shop_id).active is False
    assert "прервана" in words_of(browser.get(PAGE))
