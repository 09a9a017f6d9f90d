"""Sample records of the pages beside the queue and the case."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from qaitar.foundation.identity.invitation_model import Invitation
from qaitar.kernel.roles import Role
from qaitar.returns.vocabulary import Act, Stage
from qaitar.web.console.case.records import (
    BulkLine,
    BulkPreview,
    Choice,
    Empty,
    Fact,
    MoneyCell,
    OfferView,
    Person,
    Tone,
)
from qaitar.web.console.design import samples
from qaitar.web.console.design.views import design_context
from qaitar.web.console.frame.records import NavGroup, NavItem, Shell
from qaitar.web.console.settings.records import (
    ApprovalPage,
    ApprovalRow,
    CheckStep,
    ConnectionCheck,
    ConnectionPage,
    ConnectionRow,
    Demo,
    FirstRun,
    FirstRunStep,
    ImportPage,
    ImportReport,
    JournalPage,
    JournalRow,
    NewRequestPage,
    ProfilePage,
    RegisterPage,
    RegisterRowView,
    RejectedRow,
    RulePage,
    RulePreview,
    RulePreviewLine,
    SearchPage,
    SecurityLine,
    StorePage,
    StoreRow,
    TokenPage,
    TokenRow,
    UserPage,
    UserRow,
    WebhookPage,
    WebhookRow,
)
from tests.web.office_forms import (
    ConnectionForm,
    NewRequestForm,
    PersonForm,
    RuleForm,
    TokenForm,
)


def shell(now: datetime) -> Shell:
    return Shell(
        person=Person(name="Айгерим Сапарова", note="Operator"),
        merchant="Tengri Home",
        home_url="/queue",
        search_url="/search",
        new_request_url="/new",
        profile_url="/profile",
        logout_url="/logout",
        now=now,
        merchants=(
            Choice(value="#a", label="Tengri Home", selected=True),
            Choice(value="#b", label="Steppe Audio"),
        ),
        languages=(
            Choice(value="ru", label="Русский"),
            Choice(value="kk", label="Қазақша"),
            Choice(value="en", label="English", selected=True),
        ),
        language_url="/i18n",
        nav=(
            NavGroup(
                label="",
                items=(
                    NavItem(label="Queue", url="#", icon="inbox", current="page", count=128),
                    NavItem(label="Approvals", url="#", icon="stamp", count=4),
                    NavItem(label="Register", url="#", icon="table"),
                    NavItem(label="Import", url="#", icon="import"),
                ),
            ),
            NavGroup(
                label="Settings",
                items=(
                    NavItem(label="Stores and connections", url="#", icon="plug"),
                    NavItem(label="Rules", url="#", icon="sliders"),
                    NavItem(label="People and roles", url="#", icon="users"),
                    NavItem(label="API tokens", url="#", icon="key"),
                    NavItem(label="Webhooks", url="#", icon="webhook"),
                ),
            ),
        ),
    )


def _register(now: datetime) -> RegisterPage:
    rows = tuple(
        RegisterRowView(
            number=row.number,
            url=row.url,
            attempt=row.attempt,
            filed_on=date(2026, 10, 21),
            order=row.number[:-2],
            product=row.product,
            customer=row.customer,
            reason="Не подошёл",
            quality=row.quality,
            stage=row.stage,
            amount=row.amount,
            store=row.store,
            decided_on=date(2026, 10, 23) if row.stage is Stage.REFUSED else None,
            sheet_state=Tone.DANGER if at == 4 else Tone.OK,
            sheet_detail="no access" if at == 4 else str(1210 + at),
        )
        for at, row in enumerate(samples.queue_rows(now))
    )
    return RegisterPage(
        rows=rows,
        url="#",
        exports=(Fact(label="XLSX", value="", url="#"), Fact(label="CSV", value="", url="#")),
        total=MoneyCell(minor=2_262_240_50),
        count=11,
        since=date(2026, 10, 1),
        until=date(2026, 10, 24),
        stores=(Choice(value="", label="all stores", selected=True),),
        sheet_url="#",
        more_url="#",
    )


def _stores(now: datetime) -> StorePage:
    healthy = ConnectionRow(
        name="Kaspi Shop API",
        kind="marketplace",
        url="#",
        health=Tone.OK,
        sentence="Orders are read.",
        checked_at=now,
        check_url="#",
    )
    ill = ConnectionRow(
        name="1С: УТ для Казахстана",
        kind="ERP",
        url="#",
        health=Tone.DANGER,
        sentence="The base does not answer (10 s).",
        advice="Check that the publication is up and the address is reachable from here.",
        checked_at=now,
        check_url="#",
        waiting=3,
    )
    old = ConnectionRow(
        name="Google Sheets",
        kind="register",
        url="#",
        health=Tone.WARN,
        sentence="The sheet was moved; writing goes on.",
        checked_at=now,
        check_url="#",
    )
    none = ConnectionRow(
        name="Usedesk", kind="helpdesk", url="#", health=Tone.NEUTRAL, sentence="Not set up."
    )
    return StorePage(
        rows=(
            StoreRow(
                name="Tengri Home",
                channel="Kaspi",
                url="#",
                open_requests=128,
                connections=(healthy, ill, old, none),
            ),
            StoreRow(
                name="Steppe Audio",
                channel="Kaspi",
                url="#",
                open_requests=1,
                connections=(healthy,),
                paused=True,
            ),
        ),
        add_url="#",
    )


def _approvals(now: datetime) -> ApprovalPage:
    row = samples.queue_rows(now)[3]
    answers = (
        OfferView(act=Act.APPROVE, url="#", recommended=True, asks_comment=True),
        OfferView(act=Act.DECLINE, url="#", danger=True, asks_comment=True),
    )
    one = ApprovalRow(
        version=3,
        row=row,
        requested_by="Дана Касенова",
        requested_at=now - timedelta(hours=2),
        why="Mechanical damage, within a day of receipt",
        verdict=samples.VERDICT_WARN,
        offers=answers,
        evidence_count=4,
    )
    return ApprovalPage(rows=(one, replace(one, row=samples.queue_rows(now)[1])), url="#")


def _import(now: datetime) -> ImportPage:
    report = ImportReport(
        file="Заявки на возврат 24.10.xlsx",
        kind="requests",
        read=412,
        created=38,
        updated=12,
        unchanged=360,
        rejected=2,
        rejected_rows=(
            RejectedRow(
                line=17,
                field="Номер заявки",
                value="70481-",
                reason="The last part must be the attempt, 1 to 9.",
            ),
            RejectedRow(
                line=208,
                field="Сумма",
                value="12.345,5O",
                reason="Not an amount: a letter O among the digits.",
            ),
        ),
        rejected_url="#",
        result_url="#",
        finished_at=now,
    )
    return ImportPage(
        url="#",
        kinds=(
            Choice(value="returns", label="Return requests", selected=True),
            Choice(value="orders", label="Orders"),
        ),
        stores=(Choice(value="1", label="Tengri Home"),),
        report=report,
        history=(report,),
    )


def _check() -> ConnectionCheck:
    return ConnectionCheck(
        tone=Tone.DANGER,
        sentence="The token is not accepted.",
        steps=(
            CheckStep(label="Address answers", tone=Tone.OK, detail="kaspi.kz in 212 ms"),
            CheckStep(label="Token is accepted", tone=Tone.DANGER, detail="401 Unauthorized"),
            CheckStep(label="Orders of the last 7 days", tone=Tone.NEUTRAL, detail="not tried"),
        ),
        advice="Make a new token in the cabinet: Settings, API token. Only the head of the company can.",
        took_ms=431,
    )


def _journal(now: datetime) -> JournalPage:
    entries = samples.case_card(now).timeline
    rows = tuple(
        JournalRow(entry=entry, number=at, digest=f"{at} · 9f2c{at}1e0…")
        for at, entry in enumerate(entries)
    )
    return JournalPage(number="7048123601-2", case_url="#", rows=rows, intact=True)


def pages(now: datetime) -> dict[str, dict[str, object]]:
    """Template name without folder and ending → its context."""
    rows = samples.queue_rows(now)
    security = (
        SecurityLine(
            title="Authenticator app",
            text="A six-digit code at every sign-in.",
            url="#",
            link="Switch on",
            tone=Tone.WARN,
        ),
        SecurityLine(
            title="Passkeys", text="1 key: phone.", url="#", link="Manage", tone=Tone.OK, icon="key"
        ),
        SecurityLine(
            title="Password", text="Changed 3 months ago.", url="#", link="Change", icon="lock"
        ),
    )
    users = (
        UserRow(
            name="Айгерим Сапарова",
            email="aigerim@tengri.kz",
            role=Role.OPERATOR,
            url="#",
            second_factor=True,
            last_seen_at=now,
            is_self=True,
        ),
        UserRow(
            name="Даулет Ким",
            email="daulet@tengri.kz",
            role=Role.SENIOR,
            url="#",
            second_factor=False,
            last_seen_at=now,
            stores="Tengri Home",
        ),
        UserRow(
            name="Тимур Ли",
            email="timur@tengri.kz",
            role=Role.VIEWER,
            url="#",
            second_factor=False,
            active=False,
        ),
    )
    token = TokenRow(
        name="BI",
        prefix="qtr_4f2a",
        scopes="read requests",
        made_at=now,
        last_used_at=now,
        revoke_url="#",
    )
    hook = WebhookRow(
        address="https://crm.tengri.kz/hooks/returns",
        events="all",
        health=Tone.WARN,
        sentence="answers 503",
        last_at=now,
        waiting=7,
        url="#",
        test_url="#",
    )
    first = FirstRun(
        url="#",
        done=1,
        steps=(
            FirstRunStep(
                title="Language and owner",
                text="Who you are and how to speak to you.",
                url="#",
                done=True,
            ),
            FirstRunStep(
                title="Your shop", text="Name, working hours, time zone.", url="#", current=True
            ),
            FirstRunStep(
                title="Kaspi token",
                text="Checked at once; a failure says what to do.",
                url="#",
                name="kaspi",
            ),
            FirstRunStep(
                title="First import",
                text="Requests of the last month from the XLSX export.",
                url="#",
            ),
            FirstRunStep(
                title="People and roles", text="Operators, a senior, an accountant.", url="#"
            ),
        ),
    )
    preview = RulePreview(
        checked=128,
        changed=3,
        more=1,
        lines=(
            RulePreviewLine(
                number="7048123603-1", url="#", before="needs approval", after="may be taken"
            ),
            RulePreviewLine(
                number="7048123610-1", url="#", before="may be taken", after="needs approval"
            ),
        ),
    )
    bulk = BulkPreview(
        act=Act.TAKE_FOR_INSPECTION,
        lines=tuple(
            BulkLine(
                row=row, allowed=at != 2, reason="" if at != 2 else "the goods have arrived already"
            )
            for at, row in enumerate(rows[:4])
        ),
        effects=("Press “Take for inspection” in the cabinet", "Return order · 1С"),
        action_url="#",
        back_url="#",
        key="k",
        reasons=samples.refusal_reasons(),
    )
    invitation = Invitation(
        merchant_name="ИП «Тимур»", login="dana", role="SENIOR", invited_by_name="Сауле"
    )
    return {
        "queue": {"page": samples.queue_page(now), "notice": samples.NOTICE},
        "queue_empty": {"page": samples.empty_queue()},
        "case": {"case": samples.case_card(now)},
        "case_proof": {"case": samples.case_card(now, waiting_for_proof=True)},
        "bulk_preview": {"preview": bulk},
        "request_new": {
            "page": NewRequestPage(
                url="#", back_url="#", existing=rows[:2], found=samples.case_card(now).order_facts
            ),
            "form": NewRequestForm({"order_number": ""}),
        },
        "search": {"search": SearchPage(query="7048", url="#", rows=rows[:4], took_ms=12)},
        "search_empty": {
            "search": SearchPage(
                query="zzz",
                url="#",
                empty=Empty(
                    title="Nothing found",
                    text="Try the order number, the last digits of the phone, or the serial.",
                    icon="search",
                ),
            )
        },
        "approvals": {"page": _approvals(now)},
        "register": {"page": _register(now)},
        "stores": {"page": _stores(now)},
        "connection": {
            "page": ConnectionPage(
                name="Kaspi Shop API",
                kind="marketplace",
                store="Tengri Home",
                back_url="#",
                save_url="#",
                check_url="#",
                secret_is_set=True,
                check=_check(),
                where_to_find=(
                    "Open the cabinet as the head of the company.",
                    "Settings, API token, Make.",
                ),
                docs_url="#",
                remove_url="#",
            ),
            "form": ConnectionForm(),
        },
        "users": {
            "page": UserPage(
                rows=users,
                invite_url="#",
                roles=(Fact(label="Senior", value="approves what an operator may not"),),
            ),
            "form": PersonForm(),
            "invite_form": PersonForm(auto_id="invite_%s"),
            "invitations": (invitation,),
            "stores_named": True,
        },
        "invitations": {"waiting": (invitation,), "form": PersonForm()},
        "user": {"user_row": users[1], "form": PersonForm(), "back_url": "#"},
        "rules": {
            "page": RulePage(
                store="Tengri Home",
                url="#",
                preview_url="#",
                stores=(
                    Choice(value="#", label="Tengri Home", selected=True),
                    Choice(value="#", label="Steppe Audio"),
                ),
                preview=preview,
                changed_at=now,
                changed_by="Даулет Ким",
            ),
            "form": RuleForm(),
        },
        "import": {"page": _import(now)},
        "journal": {"page": _journal(now)},
        "tokens": {
            "page": TokenPage(
                rows=(token,),
                url="#",
                fresh_secret="qtr_4f2a9c1e77b04d1f8a6b5c3d2e1f0a9b",
                docs_url="#",
            ),
            "form": TokenForm(),
        },
        "webhooks": {
            "page": WebhookPage(rows=(hook,), url="#", docs_url="#"),
            "form": PersonForm(),
        },
        "profile": {
            "page": ProfilePage(
                name="Айгерим Сапарова",
                email="aigerim@tengri.kz",
                role=Role.OPERATOR,
                security=security,
                save_url="#",
            ),
            "form": PersonForm(),
        },
        "first_run": {"first": first, "demo": Demo(url="#"), "has_shop": True},
        "design": design_context(now),
    }
