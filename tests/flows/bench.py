"""One shop with a helpdesk, a register and a 1C base behind real connectors, and a case to walk through them."""

from __future__ import annotations

import io
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction

from qaitar.flows.effects.engine import RunResult, effects_run
from qaitar.foundation.connections.systems import Entered, connection_save
from qaitar.foundation.files.store import FileStore
from qaitar.foundation.journal.lines import first_break
from qaitar.foundation.models import Connection, JournalEntry, PlannedEffect, StoredFile
from qaitar.foundation.ops.clock import utc_now
from qaitar.foundation.ops.jobs import within_walls
from qaitar.kernel.ids import new_id
from qaitar.kernel.roles import Role
from qaitar.returns.models import ReturnRequest
from qaitar.returns.services.evidence import NewProof, evidence_add
from qaitar.returns.services.intake import Filing, request_create
from qaitar.returns.services.perform_act import Details, request_act
from qaitar.returns.vocabulary import Act, EvidenceKind
from qaitar.sandbox.google_sheets.app import GoogleSheetsStandIn
from qaitar.sandbox.google_sheets.tokens import MadeAccount, made_account
from qaitar.sandbox.onec.app import OneCStandIn
from qaitar.sandbox.onec.model import RETURN_FILES, RETURN_ORDER
from qaitar.sandbox.serving import Serving
from qaitar.sandbox.usedesk.app import UsedeskStandIn
from tests.factories.accounts import NOW, Shop, actor, make_person, make_shop, open_walls

if TYPE_CHECKING:
    from contextlib import ExitStack
    from uuid import UUID

    from qaitar.foundation.identity.actors import Actor
    from qaitar.returns.services.perform_act import Acted

KEY = "a key of forty characters for tests only"
TOKEN = "u5ed35k-t0k3n"
EMAIL = "qaitar@stand-in.iam.gserviceaccount.com"
TITLE = "Возвраты Казахстан"
AUTHOR = "a0000000-0000-4000-8000-0000000000aa"
ACCOUNT: MadeAccount = made_account(EMAIL, "")
ORDER = "700000001"


@dataclass(slots=True)
class Bench:
    """The shop, its outside systems, and the time it is."""

    stack: ExitStack
    shop: Shop
    by: Actor
    now: datetime = NOW
    usedesk: UsedeskStandIn = field(init=False)
    sheets: GoogleSheetsStandIn = field(init=False)
    onec: OneCStandIn = field(init=False)
    urls: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.usedesk = UsedeskStandIn(TOKEN, clock=lambda: self.now)
        self.sheets = GoogleSheetsStandIn(clock=utc_now)
        self.sheets.tokens.public_keys[EMAIL] = ACCOUNT.public_pem
        self.sheets.book("1AbC", TITLE).editors.add(EMAIL)
        self.onec = OneCStandIn(password="пароль")
        self.onec.seed_order(ORDER)
        for name in ("usedesk", "sheets", "onec"):
            self.urls[name] = self.served(name)

    def served(self, name: str) -> str:
        """Put a stand-in up and tell its address."""
        return self.stack.enter_context(Serving(getattr(self, name))).url

    def connect(self, *systems: str) -> None:
        """Save the connections named, or all of them."""
        for system in systems or ("usedesk", "google_sheets", "onec"):
            settings, secrets = self.entered(system)
            with within_walls(self.shop.id):
                connection_save(
                    merchant_id=self.shop.id,
                    entered=Entered(system, settings=settings, secrets=secrets),
                    now=self.now,
                )

    def entered(self, system: str) -> tuple[dict[str, Any], dict[str, str]]:
        if system == "usedesk":
            url = self.urls["usedesk"]
            page = url + "/#ticket-{id}"
            return {"base_url": url, "pause_s": 0, "ticket_page": page}, {"api_token": TOKEN}
        if system == "google_sheets":
            url = self.urls["sheets"]
            addresses = {"sheets_url": url, "token_url": url + "/token"}
            secrets = {"service_account_json": ACCOUNT.json_text}
            return {"spreadsheet_id": "1AbC", **addresses}, secrets
        url = self.urls["onec"] + "/ut"
        return {"base_url": url, "user": "Обмен", "author_key": AUTHOR}, {"password": "пароль"}

    def run_effects(self, later: timedelta = timedelta()) -> RunResult:
        """Let time pass, then drain in this process."""
        self.now += later
        return effects_run(self.shop.id, self.now)

    def settle_down(self, rounds: int = 12) -> None:
        """Drain every five minutes until nothing is open any more."""
        for _ in range(rounds):
            self.run_effects(timedelta(minutes=5))
            if not {"PLANNED", "SENDING", "UNKNOWN"} & set(self.states().values()):
                return
        raise AssertionError(f"never settles: {self.states()}")

    def file(self, number: str = f"{ORDER}-1", **reported: Any) -> ReturnRequest:
        """File a request, of proper quality unless told otherwise."""
        filing = Filing(
            store_id=self.shop.store.pk,
            number=number,
            source="MANUAL",
            filed_at=self.now,
            reason_code="SIZE_MISMATCH",
            reason_text="Не подошёл размер",
            product_name="Смартфон",
            amount_minor=12_999_000,
            customer_name="Оксана П.",
            customer_phone="+77011234567",
        )
        with within_walls(self.shop.id):
            return request_create(
                filing=replace(filing, **reported),
                by=self.by,
                merchant_id=self.shop.id,
                now=self.now,
            )

    def act(self, case: ReturnRequest, act: Act, **details: Any) -> Acted:
        with within_walls(self.shop.id):
            return request_act(
                request_id=case.pk, act=act, by=self.by, now=self.now, details=Details(**details)
            )

    def take(self, case: ReturnRequest) -> Acted:
        """Give photos and take the goods for inspection, with a planned day."""
        self.prove(case)
        return self.act(case, Act.TAKE_FOR_INSPECTION, planned_on=date(2026, 5, 20))

    def prove(self, case: ReturnRequest) -> None:
        kinds = (EvidenceKind.PHOTO_GOODS, EvidenceKind.PHOTO_PACKAGING)
        with within_walls(self.shop.id):
            proofs = [NewProof(self.stored(kind.value), kind) for kind in kinds]
            evidence_add(request_id=case.pk, proofs=proofs, by=self.by, now=self.now)

    def stored(self, name: str) -> StoredFile:
        content = f"picture of {name}".encode()
        content_stored = FileStore().put(io.BytesIO(content))
        return StoredFile.objects.create(
            id=new_id(),
            merchant_id=self.shop.id,
            sha256=content_stored.sha256,
            size=content_stored.size,
            name=f"{name}.jpg",
            kind="PICTURE",
            mime="image/jpeg",
            extension="jpg",
            created_at=self.now,
            created_by_name="Aigerim",
            origin="web",
        )

    # what can be seen afterwards

    def effects(self, **where: Any) -> list[PlannedEffect]:
        with within_walls(self.shop.id):
            return list(PlannedEffect.objects.filter(**where).order_by("ordinal", "kind"))

    def states(self) -> dict[tuple[str, int], str]:
        return {(effect.kind, effect.ordinal): effect.state for effect in self.effects()}

    def one(self, kind: str) -> PlannedEffect:
        (effect,) = self.effects(kind=kind)
        return effect

    def connection(self, system: str) -> Connection:
        with within_walls(self.shop.id):
            return Connection.objects.get(system=system)

    def journal(self, case_id: UUID) -> list[str]:
        """Return the acts of a case whose chain holds."""
        with within_walls(self.shop.id):
            entries = list(JournalEntry.objects.filter(subject_id=case_id).order_by("seq"))
            head = bytes(ReturnRequest.objects.get(pk=case_id).journal_head)
        assert first_break(entries) is None
        assert bytes(entries[-1].hash) == head
        return [entry.act for entry in entries]

    def executed(self) -> dict[str, int]:
        """Count what the outside systems really hold."""
        grid = self.sheets.books["1AbC"].sheets[TITLE]
        keys = [row[0] for row in grid.rows[1:] if row and row[0]]
        paths = [entry.path for entry in self.usedesk.account.ledger]
        base = self.onec.base.rows
        return {
            "tickets": paths.count("/create/ticket"),
            "comments": paths.count("/create/comment"),
            "rows": len(keys),
            "documents": len(base[RETURN_ORDER]),
            "files": len(base[RETURN_FILES]),
        }


ALL_ONCE = {"tickets": 1, "comments": 1, "rows": 1, "documents": 1, "files": 2}


def make_bench(stack: ExitStack) -> Bench:
    """Make the shop with real commits."""
    with transaction.atomic():
        shop = make_shop()
        person = make_person("aigerim", (shop.id, Role.OPERATOR))
        by = actor(person, shop.id)
        open_walls(shop.id)
    return Bench(stack, shop, by)
