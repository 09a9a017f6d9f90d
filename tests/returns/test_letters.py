"""Letters: wording of the operator's procedure, no blanks, nothing of a customer read as a template."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from datetime import date
from string import ascii_letters

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qaitar.returns.letter_texts import en, kk, ru
from qaitar.returns.rules.procedure import PROCEDURE
from qaitar.returns.texts.letters import (
    LANGUAGES,
    LETTERS_MAX,
    Letter,
    LetterFacts,
    LetterKind,
    call_centre_letter,
    refusal_text,
    ticket_comment,
    write,
)
from qaitar.returns.vocabulary import Act, Effect, Quality, RefusalReason

BARE = LetterFacts(request_number="700000001-1")
FULL = LetterFacts(
    request_number="700000001-1",
    erp_order="УТ-00012",
    marketplace_order="700000001",
    customer_name="Оксана И.",
    customer_phone="+77010000000",
    product_name="Утюг",
    serial="SN-1",
    reason_text="Не понравился",
    customer_words="коробка цела",
    deadline=date(2026, 11, 25),
    planned_arrival=date(2026, 11, 30),
    last_day=date(2026, 11, 20),
    window_days=14,
    support_mailbox="support@shop.example",
    service_centres=("АСЦ Сервис, Абая 1", "АСЦ Мастер, Сатпаева 2"),
    findings="следы удара",
    refusal_text="срок истёк",
    photos_missing=True,
    act_needed=True,
)
ALL = {"ru": ru.TEXTS, "kk": kk.TEXTS, "en": en.TEXTS}


def test_good_quality_ticket_reads_as_the_procedure_says():
    assert call_centre_letter(Quality.PROPER, FULL, "ru") == Letter(
        "Заявка на возврат №700000001-1",
        "Номер заказа в 1С: УТ-00012\n"
        "Клиент: Оксана И., +77010000000\n"
        "Товар: Утюг\n"
        "Причина возврата Каспи - Не понравился\n"
        "Слова клиента: коробка цела\n"
        "Просьба связаться с клиентом, проинформировать об условиях возврата надлежащего качества.\n"
        "Нужны фотографии товара и коробки: направить на почту support@shop.example до 25.11.2026.\n"
        "При обращении на почту, пожалуйста, укажите номер заказа и суть обращения.\n"
        "Если фото не будет получено до 25.11.2026, мы будем вынуждены отклонить заявку на возврат.",
    )


def test_photos_already_there_are_not_requested_for():
    body = call_centre_letter(Quality.PROPER, replace(FULL, photos_missing=False), "ru").body
    assert "фото" not in body.casefold()
    assert body.endswith("до 25.11.2026: после этой даты решение по заявке принимает маркетплейс.")


def test_defect_ticket_sends_the_customer_to_the_service_centre_by_a_date():
    body = call_centre_letter(Quality.DEFECTIVE, FULL, "ru").body
    assert "о необходимости обращения в АСЦ для подтверждения дефекта" in body
    assert "направить его на почту support@shop.example до 25.11.2026" in body
    assert "Контакты АСЦ: АСЦ Сервис, Абая 1; АСЦ Мастер, Сатпаева 2" in body


def test_damage_ticket_asks_for_the_act_only_after_two_days():
    late = call_centre_letter(Quality.MECHANICAL_DAMAGE, FULL, "ru").body
    quick = call_centre_letter(
        Quality.MECHANICAL_DAMAGE, replace(FULL, act_needed=False), "ru"
    ).body
    assert "с подписью и печатью АСЦ" in late
    assert "АСЦ" not in quick


def test_a_class_not_chosen_has_no_ticket():
    with pytest.raises(KeyError):
        call_centre_letter(Quality.UNKNOWN, FULL, "ru")


def test_order_not_found_in_1c_is_stated_with_the_marketplace_number():
    body = call_centre_letter(Quality.PROPER, replace(FULL, erp_order=""), "ru").body
    assert body.startswith("Номер заказа на маркетплейсе: 700000001 (заказ в 1С не найден)\n")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", LetterKind)
@pytest.mark.parametrize("facts", [BARE, FULL], ids=["bare", "full"])
def test_no_letter_has_a_blank(language, kind, facts):
    letter = write(kind, facts, language)
    whole = letter.subject + "\n" + letter.body
    assert letter.body
    assert not re.search(r"_{2,}|[{}]|None|\s[.,;]|: ?(\n|$)|\n\n|  ", whole), whole
    internal = kind.name.startswith(("NEWS_", "REFUSAL_"))
    assert bool(letter.subject) != internal


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_letter_with_known_fields(language):
    texts = ALL[language]
    assert set(texts) == set(LetterKind)
    known = {field.name for field in fields(LetterFacts)}
    for kind, template in texts.items():
        for line in (template.subject, *template.body):
            for wording in (line,) if isinstance(line, str) else line:
                used = {name for _, name in re.findall(r"\{(\??)([a-z_]+)\}", wording)}
                assert used <= known, (kind, wording)


@pytest.mark.parametrize("kind", LetterKind)
def test_languages_use_the_same_fields(kind):
    def used(language: str) -> set[str]:
        template = ALL[language][kind]
        return set(re.findall(r"\{\??([a-z_]+)\}", repr(template)))

    assert used("kk") == used("ru") == used("en")


def test_english_has_no_cyrillic_and_kazakh_has_its_letters():
    for kind in LetterKind:
        assert not re.search("[а-яё]", repr(en.TEXTS[kind]), re.IGNORECASE), kind
        assert re.search("[әғқңөұүһі]", repr(kk.TEXTS[kind]), re.IGNORECASE), kind
        assert not re.search("[әғқңөұүһі]", repr(ru.TEXTS[kind]), re.IGNORECASE), kind


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", RefusalReason)
def test_each_reason_has_its_own_text(reason, language):
    mine = refusal_text(reason, FULL, language)
    others = {refusal_text(r, FULL, language) for r in RefusalReason if r is not reason}
    assert mine
    assert mine not in others


def test_window_passed_names_the_day():
    text = refusal_text(RefusalReason.WINDOW_PASSED, FULL, "ru")
    assert text == "Срок обращения по этому товару истёк 20.11.2026, заявка подана позже."


@pytest.mark.parametrize(
    "act", sorted({s.act for s in PROCEDURE if Effect.TICKET_COMMENT in s.then})
)
def test_every_step_that_comments_has_a_comment(act):
    for language in LANGUAGES:
        assert "700000001-1" in ticket_comment(act, FULL, language)


def test_an_act_without_comment_is_an_error():
    with pytest.raises(KeyError):
        ticket_comment(Act.GRANT_REFUND, FULL, "ru")


def test_an_unknown_language_falls_back_to_russian():
    assert write(LetterKind.MAIL_PROPER, FULL, "uz") == write(LetterKind.MAIL_PROPER, FULL, "ru")


def test_what_a_customer_wrote_is_never_a_template():
    evil = replace(FULL, customer_name="{support_mailbox}\r\nBcc: all@x {0.__class__} %s")
    letter = write(LetterKind.CUSTOMER_ACCEPTED, evil, "ru")
    assert letter.body.splitlines()[0] == (
        "Здравствуйте, {support_mailbox} Bcc: all@x {0.__class__} %s!"
    )


def test_a_long_field_is_cut():
    letter = write(LetterKind.TICKET_PROPER, replace(FULL, customer_words="я" * 5000), "ru")
    assert "Слова клиента: " + "я" * LETTERS_MAX + "\n" in letter.body


@given(st.text(alphabet=ascii_letters + "\r\n\t\x00\u2028{}% ", max_size=50))
def test_a_subject_stays_one_line(number):
    letter = write(LetterKind.TICKET_PROPER, replace(FULL, request_number="1" + number), "ru")
    assert len(letter.subject.splitlines()) == 1
