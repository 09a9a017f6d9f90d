"""The company's own page: what is set there reaches letters and reports, is journalled, and stays within its walls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from qaitar.foundation.models import JournalEntry, Merchant
from qaitar.kernel.roles import Role
from qaitar.returns.reads.cases import case_load
from qaitar.returns.rules.case_evaluation import evaluate_case
from qaitar.returns.texts.letter_facts import letter_facts
from tests.factories.accounts import NOW, actor, make_shop, open_walls
from tests.factories.returns import make_case
from tests.web.console.desk import words_of
from tests.web.console.office import Office, make_office

if TYPE_CHECKING:
    from uuid import UUID

pytestmark = pytest.mark.django_db
FORM = {
    "name": " ТОО  «Тенгри» ",
    "iin_bin": "131240010479",
    "support_mailbox": "help@tengri.kz",
    "language": "kk",
    "zone": "Europe/Moscow",
    "service_centres": "АСЦ Алматы, +7 727 1\r\n\r\n АСЦ Астана,  +7 7172 2\r\n",
}


@pytest.fixture
def office(settings: Any) -> Office:
    return make_office(settings)


def lines(merchant_id: UUID) -> list[JournalEntry]:
    open_walls(merchant_id)
    return list(JournalEntry.objects.filter(subject_id=merchant_id).order_by("seq"))


def test_the_owner_sets_the_company_and_the_journal_says_how_it_stood(office: Office) -> None:
    answer = office.owner.post("/merchant", FORM)
    assert (answer.status_code, answer["Location"]) == (303, f"/merchant?merchant={office.shop.id}")
    (line,) = lines(office.shop.id)
    row = Merchant.objects.get(pk=office.shop.id)
    centres = ["АСЦ Алматы, +7 727 1", "АСЦ Астана, +7 7172 2"]
    assert (row.name, row.iin_bin, row.support_mailbox) == (
        "ТОО «Тенгри»",
        "131240010479",
        "help@tengri.kz",
    )
    assert (row.language, row.zone, row.settings["service_centres"]) == (
        "kk",
        "Europe/Moscow",
        centres,
    )
    assert (line.act, line.actor_role, line.after["zone"], line.before["zone"]) == (
        "MERCHANT_CHANGE",
        "OWNER",
        "Europe/Moscow",
        "Asia/Almaty",
    )
    office.owner.post("/merchant", FORM)
    assert len(lines(office.shop.id)) == 1  # the same again changes nothing


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"iin_bin": "131240010478"}, "ИИН или БИН"),
        ({"iin_bin": "12"}, "ИИН или БИН"),
        ({"name": "  "}, ""),
        ({"zone": "Mars/Base"}, ""),
        ({"support_mailbox": "no mail"}, ""),
        ({"service_centres": "\n".join(f"АСЦ {n}" for n in range(51))}, "пятидесяти"),
        ({"service_centres": "я" * 301}, "300"),
    ],
)
def test_a_company_that_cannot_be_so_is_not_saved(
    office: Office, wrong: dict[str, str], sentence: str
) -> None:
    answer = office.owner.post("/merchant", {**FORM, **wrong})
    assert answer.status_code == 422
    assert sentence in words_of(answer)
    assert lines(office.shop.id) == []
    assert Merchant.objects.get(pk=office.shop.id).language == "ru"


def test_letters_name_the_service_centres_set_there(office: Office) -> None:
    office.owner.post("/merchant", FORM)
    open_walls(office.shop.id)
    by = actor(office.staff[Role.OPERATOR], office.shop.id)
    case = case_load(make_case(office.shop, by).pk)
    assert case is not None
    facts = letter_facts(case, evaluate_case(case, NOW), erp_order="")
    assert facts.service_centres == ("АСЦ Алматы, +7 727 1", "АСЦ Астана, +7 7172 2")
    assert facts.support_mailbox == "help@tengri.kz"


def test_another_company_is_not_there(office: Office) -> None:
    other = make_shop("ИП Тимур")
    answer = office.owner.post(f"/merchant?merchant={other.id}", FORM)
    assert answer.status_code == 404
    open_walls(other.id)
    assert Merchant.objects.get(pk=other.id).iin_bin == ""
    assert lines(other.id) == []
