"""Sample records for the living page of the design, /design: every component with believable content.

Names of people and goods are made up, and the samples are not translated.  The tests draw every page from the same
records.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from qaitar.contracts.marketplace import Section
from qaitar.returns.vocabulary import (
    Act,
    ControlRule,
    Effect,
    EvidenceKind,
    Quality,
    RefusalReason,
    Stage,
)
from qaitar.web.console.case.records import (
    AttemptStory,
    CaseCard,
    CheckItem,
    Countdown,
    EffectLine,
    Empty,
    EvidencePanel,
    EvidenceTile,
    EvidenceView,
    Fact,
    GroundView,
    MirrorView,
    MoneyCell,
    MoneyLine,
    Notice,
    OfferView,
    Person,
    Progress,
    QueuePage,
    QueueRow,
    ReadyText,
    ReasonChoice,
    SavedViewLink,
    SectionTab,
    StageStep,
    TimelineEntry,
    Tone,
    VerdictView,
    WillDo,
)

UPLOADS = (
    {"name": "foto-korobki.jpg", "state": "sending", "percent": 40},
    {"name": "akt-nrp.pdf", "state": "checking", "percent": 100},
    {"name": "raspakovka.mp4", "state": "waiting", "percent": 0},
)
CUSTOMER = Person(name="Айгерим Сапарова", phone="+77012345678", note="speaks Kazakh")
VERDICT = VerdictView(
    tone=Tone.OK,
    sentence="May be taken for inspection.",
    grounds=(
        GroundView(text="Proper quality, day 5 of 14", source="Law on consumer rights, art. 30"),
        GroundView(text="Photos of the goods and the packaging are there", source="step 6"),
        GroundView(text="The seals are whole on the photo", source="operator"),
    ),
)
VERDICT_WARN = VerdictView(
    tone=Tone.WARN,
    sentence="Ask for the technical-condition act before the control date.",
    grounds=(
        GroundView(text="Irreparability act is there", source="step 6"),
        GroundView(
            text="Technical-condition act with stamp is missing",
            source="step 6",
            holds=False,
        ),
    ),
)
MONEY = MoneyCell(
    minor=189_990_00,
    lines=(
        MoneyLine(label="Dyson V12 Detect Slim", minor=184_990_00),
        MoneyLine(label="Delivery", minor=5_000_00),
    ),
)
_GOODS = (
    ("Пылесос Dyson V12 Detect Slim", "Айгерим Сапарова", 189_990_00),
    ("Наушники Apple AirPods Pro 2", "Ерлан Касымов", 119_990_00),
    ("Робот-пылесос Xiaomi S10+", "Ольга Ким", 154_900_00),
    ("Фен Dyson Supersonic HD07", "Динара Ахметова", 219_990_00),
    ("Кофемашина De'Longhi Magnifica S", "Павел Иванов", 204_500_50),
    ("Смарт-часы Garmin Venu 3", "Асель Нурланова", 239_990_00),
    ("Планшет Samsung Galaxy Tab S9", "Марат Оспанов", 349_990_00),
    ("Мультиварка Redmond RMC-M90", "Светлана Цой", 24_990_00),
    ("Электросамокат Ninebot F2", "Тимур Абдрахманов", 279_990_00),
    ("Колонка JBL Charge 5", "Жанна Бекова", 64_990_00),
    ("Ноутбук Lenovo IdeaPad Slim 5 16 дюймов, серый", "Нурсултан Ибрагимов", 412_990_00),
)
_MINUTES_LEFT = (-95, 48, 210, 640, 1150, 1500, 2900, 4300, 5800, 7300, 8700)
_STAGES = (
    (Stage.NEW, Section.NEW, Quality.UNKNOWN, Act.ASK_CUSTOMER),
    (Stage.WAITING_CUSTOMER, Section.NEW, Quality.PROPER, Act.TAKE_FOR_INSPECTION),
    (Stage.ARRIVED, Section.AWAITING_DECISION, Quality.PROPER, Act.GRANT_REFUND),
    (Stage.WAITING_APPROVAL, Section.NEW, Quality.MECHANICAL_DAMAGE, None),
    (Stage.WAITING_CUSTOMER, Section.NEW, Quality.DEFECTIVE, Act.REFUSE),
    (Stage.REFUND_GRANTED, Section.AWAITING_DECISION, Quality.PROPER, None),
    (Stage.DISPUTED, Section.DISPUTE, Quality.DEFECTIVE, Act.SEND_DISPUTE_EVIDENCE),
    (Stage.IN_DELIVERY, Section.IN_DELIVERY, Quality.PROPER, None),
    (Stage.IN_DELIVERY, Section.NEW, Quality.DIFFERENT_GOODS, None),
    (Stage.REFUSED, Section.CLOSED, Quality.DEFECTIVE, None),
    (Stage.NEW, Section.NEW, Quality.UNKNOWN, Act.ASK_CUSTOMER),
)


def countdown_in(minutes: int, now: datetime) -> Countdown:
    """Make a control date this many minutes away; negative is already late."""
    return Countdown(
        due=now + timedelta(minutes=minutes),
        now=now,
        rule=ControlRule.MARKETPLACE_DATE,
        source="request page",
    )


def queue_rows(now: datetime) -> tuple[QueueRow, ...]:
    """Make rows of all stages, from late to far away."""
    rows = []
    for at, ((product, customer, minor), minutes, placed) in enumerate(
        zip(_GOODS, _MINUTES_LEFT, _STAGES, strict=True)
    ):
        stage, section, quality, act = placed
        attempt = 2 if at in {1, 6} else 1
        rows.append(
            QueueRow(
                id=str(at),
                number=f"70481236{at:02d}-{attempt}",
                attempt=attempt,
                url=f"#case-{at}",
                product=product,
                customer=customer,
                amount=MoneyCell(minor=minor),
                store="Tengri Home",
                quality=quality,
                stage=stage,
                section=section,
                section_differs=stage is Stage.IN_DELIVERY and section is Section.NEW,
                countdown=countdown_in(minutes, now),
                next_act=act,
                assignee="Дана К." if at == 3 else "",  # noqa: PLR2004  any one row
                fresh=at in {0, 10},
            )
        )
    return tuple(rows)


def queue_page(now: datetime) -> QueuePage:
    """Make a full queue."""
    return QueuePage(
        tabs=(
            SectionTab(label="All open", url="#", count=128, late=1, current=True),
            SectionTab(label="New", url="#", count=34, late=1),
            SectionTab(label="Awaiting decision", url="#", count=21),
            SectionTab(label="In delivery", url="#", count=58),
            SectionTab(label="Disputes", url="#", count=15),
            SectionTab(label="Closed", url="#", count=4217),
        ),
        rows=queue_rows(now),
        url="#",
        bulk_url="#",
        views=(
            SavedViewLink(label="Due today", url="#", count=9),
            SavedViewLink(label="Filed again", url="#", count=12),
            SavedViewLink(label="Cabinet differs", url="#", count=3),
            SavedViewLink(label="Waiting for an act", url="#", count=17),
        ),
        bulk_acts=(Act.ASK_CUSTOMER, Act.TAKE_FOR_INSPECTION, Act.GRANT_REFUND),
        more_url="#",
        sort_label="least time left first",
        save_view_url="#",
    )


def empty_queue() -> QueuePage:
    """Make a queue with nothing in it."""
    return QueuePage(
        tabs=queue_page(datetime.fromisoformat("2026-01-01T00:00+00:00")).tabs,
        rows=(),
        url="#",
        bulk_url="#",
        empty=Empty(
            title="Nothing waits for you",
            text="Every open request has a decision or waits for somebody else.",
            icon="check",
            url="#",
            link="Show all open",
        ),
    )


def refusal_reasons() -> tuple[ReasonChoice, ...]:
    """Make the reasons offered with a refusal."""
    return (
        ReasonChoice(
            reason=RefusalReason.SENT_FOR_ACT,
            text=(
                "Здравствуйте! Для подтверждения дефекта обратитесь, пожалуйста, в авторизованный "
                "сервисный центр и получите акт. После этого подайте заявку повторно с актом."
            ),
            recommended=True,
        ),
        ReasonChoice(
            reason=RefusalReason.USED_OR_INCOMPLETE, text="Нарушена комплектность товара."
        ),
        ReasonChoice(
            reason=RefusalReason.NO_ANSWER,
            text="",
            disabled_reason="only after the control date",
        ),
        ReasonChoice(reason=RefusalReason.WINDOW_PASSED, text="", disabled_reason="day 5 of 14"),
    )


def offers() -> tuple[OfferView, ...]:
    """Make a recommended button, two others and one that may not be pressed."""
    return (
        OfferView(
            act=Act.TAKE_FOR_INSPECTION,
            url="#",
            recommended=True,
            step="3–6",
            will_do=(
                WillDo(effect=Effect.PRESS_TAKE, where="Kaspi"),
                WillDo(effect=Effect.CREATE_RETURN_ORDER, where="1С: УТ, Спарк, 28 Oct"),
                WillDo(effect=Effect.ATTACH_EVIDENCE, where="4 files"),
                WillDo(effect=Effect.TICKET_COMMENT, where="Usedesk 48120"),
                WillDo(effect=Effect.WRITE_REGISTER, where="«Возвраты Казахстан»"),
            ),
        ),
        OfferView(
            act=Act.REFUSE,
            url="#",
            step="3",
            danger=True,
            will_do=(
                WillDo(effect=Effect.PRESS_REFUSE, where="Kaspi"),
                WillDo(effect=Effect.TICKET_COMMENT, where="Usedesk 48120"),
                WillDo(effect=Effect.WRITE_REGISTER, where="«Возвраты Казахстан»"),
            ),
            reasons=refusal_reasons(),
            confirm="A refusal goes to the marketplace and cannot be taken back.",
        ),
        OfferView(act=Act.SEND_FOR_APPROVAL, url="#", step="1x", asks_comment=True),
        OfferView(
            act=Act.GRANT_REFUND,
            url="#",
            disabled_reason="The goods have not arrived yet (step 7).",
        ),
    )


def evidence() -> EvidencePanel:
    """Make photos, a checked act and a checklist with one thing missing."""
    added = datetime.fromisoformat("2026-10-24T04:12+00:00")
    return EvidencePanel(
        tiles=(
            EvidenceTile(
                id="1",
                kind=EvidenceKind.PHOTO_GOODS,
                name="IMG_2041.jpg",
                url="#",
                size_bytes=2_411_000,
                added_at=added,
                added_by="Kaspi",
            ),
            EvidenceTile(
                id="2",
                kind=EvidenceKind.PHOTO_PACKAGING,
                name="IMG_2042.jpg",
                url="#",
                size_bytes=1_980_000,
                added_at=added,
                added_by="Kaspi",
            ),
            EvidenceTile(
                id="3",
                kind=EvidenceKind.IRREPARABILITY_ACT,
                name="Акт НРП 1187.pdf",
                url="#",
                is_pdf=True,
                size_bytes=418_000,
                added_at=added,
                added_by="Дана К.",
                finding=VerdictView(tone=Tone.WARN, sentence="stamp: unsure"),
            ),
        ),
        checklist=(
            CheckItem(label="Photo of the goods", present=True),
            CheckItem(label="Photo of the packaging", present=True),
            CheckItem(label="Irreparability act", present=True),
            CheckItem(
                label="Technical-condition act", present=False, hint="from the service centre"
            ),
            CheckItem(label="Video", present=False, required=False),
        ),
        upload_url="#",
    )


def _timeline(now: datetime) -> tuple[TimelineEntry, ...]:
    return (
        TimelineEntry(
            at=now - timedelta(minutes=12),
            who="Qaitar",
            by_program=True,
            text="read the cabinet: nothing changed",
            icon="refresh",
        ),
        TimelineEntry(
            at=now - timedelta(hours=3),
            who="Дана Касенова",
            text="added a proof: Irreparability act",
            icon="file",
        ),
        TimelineEntry(
            at=now - timedelta(hours=20),
            who="Дана Касенова",
            text="asked the customer through the call centre",
            icon="phone",
            tone=Tone.INFO,
            before="New",
            after="Waiting for the customer",
            why="Photos of the packaging were missing.",
        ),
        TimelineEntry(
            at=now - timedelta(hours=22),
            who="Qaitar",
            by_program=True,
            text="found the request in the cabinet",
            icon="inbox",
        ),
    )


def _texts() -> tuple[ReadyText, ...]:
    return (
        ReadyText(
            title="To the customer",
            language="ru",
            text=(
                "Здравствуйте, Айгерим! По заявке 7048123601-2 просим до 26 октября прислать фото "
                "товара и коробки.\nЕсли фото не поступят, заявка будет отклонена."
            ),
        ),
        ReadyText(title="To the service centre", text="Просим направить акт с подписью и печатью."),
    )


def _steps() -> tuple[StageStep, ...]:
    return (
        StageStep(label="New", state="done", number="0"),
        StageStep(label="Customer asked", state="current", number="1–2"),
        StageStep(label="In delivery", state="ahead", number="3–6"),
        StageStep(label="Arrived", state="ahead", number="7"),
        StageStep(label="Refund", state="ahead", number="8"),
        StageStep(label="Closed", state="ahead", number="9"),
    )


def _story(now: datetime) -> tuple[AttemptStory, ...]:
    return (
        AttemptStory(
            attempt=1,
            number="7048123601-1",
            url="#",
            filed_at=now - timedelta(days=9),
            stage=Stage.REFUSED,
            summary="Refused after 3 days: no photos came by the control date.",
        ),
        AttemptStory(
            attempt=2,
            number="7048123601-2",
            url="#",
            filed_at=now - timedelta(hours=22),
            stage=Stage.WAITING_CUSTOMER,
            summary="Filed again with photos of the goods.",
            current=True,
        ),
    )


def _effects() -> tuple[EffectLine, ...]:
    return (
        EffectLine(
            effect=Effect.OPEN_TICKET,
            progress=Progress.DONE,
            where="Usedesk",
            detail="48120",
            url="#",
        ),
        EffectLine(
            effect=Effect.WRITE_REGISTER,
            progress=Progress.RUNNING,
            where="«Возвраты Казахстан»",
        ),
        EffectLine(
            effect=Effect.CREATE_RETURN_ORDER,
            progress=Progress.FAILED,
            where="1С",
            detail="The base did not answer in 10 s; tried 2 times.",
            retry_url="#",
        ),
    )


def case_card(now: datetime, *, waiting_for_proof: bool = False) -> CaseCard:
    """Make a case filed for the second time, with everything on it."""
    return CaseCard(
        id="1",
        number="7048123601-2",
        attempt=2,
        version="7",
        url="#",
        product="Пылесос Dyson V12 Detect Slim Absolute",
        amount=MONEY,
        store="Tengri Home · Kaspi",
        quality=Quality.PROPER,
        stage=Stage.WAITING_CUSTOMER,
        section=Section.NEW,
        customer=CUSTOMER,
        verdict=VERDICT,
        offers=offers()[3:] if waiting_for_proof else offers(),
        evidence=evidence(),
        mirror=MirrorView(
            stage=Stage.WAITING_CUSTOMER,
            stage_at=now - timedelta(hours=20),
            section=Section.NEW,
            section_at=now - timedelta(minutes=12),
            source="companion",
            refresh_url="#",
        ),
        back_url="#",
        countdown=countdown_in(1700, now),
        steps=_steps(),
        proof=proof(now) if waiting_for_proof else None,
        story=_story(now),
        reason="Did not suit",
        customer_text="Не подошёл по весу, тяжёлый для мамы. Коробка и все насадки целы.",
        order_facts=(
            Fact(label="Order", value="704812360", copy=True),
            Fact(label="In 1C", value="ТД00-118274", copy=True),
            Fact(label="Delivered", value="19 Oct 2026"),
            Fact(label="Paid", value="instalment, 12 months"),
        ),
        unit_facts=(
            Fact(label="Serial", value="VQ7-KZ-KGA1184A", copy=True),
            Fact(label="Bought", value="5 days ago", hint="14 allowed"),
        ),
        effects=_effects(),
        texts=_texts(),
        timeline=_timeline(now),
        timeline_url="#",
        note_url="#",
        prev_url="#",
        next_url="#",
        present=("Дана К. has it open too",),
        quality_url="#",
        marketplace_url="#",
    )


def proof(now: datetime) -> EvidenceView:
    """Make a decision that waits to be seen in the cabinet."""
    return EvidenceView(
        act=Act.TAKE_FOR_INSPECTION,
        decided_at=now - timedelta(minutes=4),
        decided_by="Дана Касенова",
        button="Получить товар на проверку",
        cabinet_url="#",
        text="Здравствуйте! Заявка принята, передайте товар курьеру в заводской упаковке.",
        last_looked_at=now - timedelta(minutes=1),
        check_url="#",
    )


NOTICE = Notice(
    text="Taken for inspection. The ticket, the register line and the 1C order are on their way.",
    url="#",
    link="See them below",
)
