"""Plays people of a shop and the world outside it, moment by moment, through the same services the console uses."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from qaitar.flows.effects.engine import effects_run
from qaitar.flows.poll_cabinet import cabinets_poll
from qaitar.flows.poll_orders import orders_poll
from qaitar.flows.sweep_deadlines import merchant_sweep
from qaitar.foundation.files.checks import Rejected
from qaitar.foundation.files.keeping import CheckedFile, content_keep, file_note
from qaitar.foundation.models import EffectState, PlannedEffect
from qaitar.foundation.ops.clock import frozen_at
from qaitar.foundation.ops.jobs import within_walls
from qaitar.kernel.roles import Role
from qaitar.returns.models import Evidence, ReturnRequest
from qaitar.returns.services.evidence import NewProof, evidence_add, evidence_confirm
from qaitar.returns.services.notes import request_note
from qaitar.returns.services.perform_act import Acted, Details, needs_version, request_act
from qaitar.returns.texts.letters import LetterFacts, refusal_text
from qaitar.returns.vocabulary import Act, Effect, EvidenceKind, RefusalReason, Stage
from qaitar.sandbox.kaspi.ledger import Button, SoldOrder
from qaitar.sandbox.pictures import act as act_paper
from qaitar.sandbox.pictures import photo
from qaitar.sandbox.shelf import BUYERS, claim_of

if TYPE_CHECKING:
    from uuid import UUID

    from qaitar.demo.shop import Opened
    from qaitar.sandbox.kaspi.ledger import Goods
    from qaitar.sandbox.outside import Outside
    from qaitar.sandbox.shelf import Grievance

ROUNDS_MAX: Final = 6  # a run plans and releases at most a few more
BUTTONS: Final = {
    Effect.PRESS_TAKE: Button.TAKE,
    Effect.PRESS_REFUSE: Button.REFUSE,
    Effect.PRESS_GRANT: Button.GRANT,
}
PAPERS: Final = {
    EvidenceKind.IRREPARABILITY_ACT: ("Акт НРП № 318", "akt-nrp.pdf"),
    EvidenceKind.TECHNICAL_ACT: ("Акт технического состояния № 77", "akt-ts.pdf"),
    EvidenceKind.QUALITY_CHECK_ACT: ("Акт проверки качества RURMA № 12", "rurma.pdf"),
    EvidenceKind.HANDOVER_ACT: ("Акт передачи товара № 5", "akt-peredachi.pdf"),
}
PHOTOS: Final = {
    EvidenceKind.PHOTO_GOODS: ("Фото товара", "foto-tovara.jpg", 11),
    EvidenceKind.PHOTO_PACKAGING: ("Упаковка", "foto-upakovki.jpg", 12),
    EvidenceKind.PHOTO_DAMAGE: ("Повреждение", "foto-povrezhdeniya.jpg", 13),
}


class Clock:
    """The moment of the play; stand-ins and program read the same one."""

    def __init__(self, moment: datetime) -> None:
        """Begin at a moment."""
        self.moment = moment

    def __call__(self) -> datetime:
        """Tell the moment."""
        return self.moment

    def passes(self, **parts: float) -> datetime:
        """Let time pass, in the words of `timedelta`."""
        self.moment += timedelta(**parts)
        return self.moment


@dataclass(slots=True)
class Play:
    """A shop in play.  `events` collects what happened outside the program: moment, who, what, request number."""

    opened: Opened
    outside: Outside
    clock: Clock
    events: list[tuple[datetime, str, str, str]] = field(default_factory=list)
    _papers: dict[EvidenceKind, CheckedFile] = field(default_factory=dict)
    _sold: int = 0
    first_code: int = 710_000_001

    @property
    def merchant_id(self) -> UUID:
        """Name the shop's merchant."""
        return self.opened.merchant_id

    # --- the world outside ----------------------------------------------------------------------------------------

    def sells(self, goods: Goods, *, issued: datetime) -> str:
        """Sell one thing, issued to its buyer at a moment; returns the order's number."""
        code = str(self.first_code + self._sold)
        order = SoldOrder(
            code=code,
            created=issued - timedelta(days=2, hours=3),
            buyer=BUYERS[self._sold % len(BUYERS)],
            goods=(goods,),
            state="ARCHIVE",
            status="COMPLETED",
            planned_delivery=issued,
            courier_handed=issued - timedelta(hours=20),
            completed=issued,
            waybill_number=f"W{code}",
            assembled=True,
        )
        self._sold += 1
        self.outside.sell(order)
        return code

    def files(self, code: str, grievance: Grievance, *, control: datetime | None = None) -> str:
        """Let the buyer file a request; the marketplace shows a date two days on unless told otherwise."""
        goods = self.outside.kaspi.ledger.orders[code].goods[0]
        due = control or self.clock() + timedelta(days=2)
        claim = claim_of(goods, grievance, seed=int(code) % 1000)
        filing = self.outside.kaspi.file_return(code, claim, control=due)
        self.says("customer", f"files: {grievance.text}", filing.number)
        return filing.number

    def presses(self, number: str) -> None:
        """Press in the cabinet what the case waits to see there, with the ready text."""
        case = self.case(number)
        button = BUTTONS[Effect(case.pending_press)]
        self.outside.kaspi.press(number, button.value, case.pending_text or "Отказ")
        self.says("operator", f"presses {button.value} in the cabinet", number)

    def arrives(self, number: str) -> None:
        """Bring the goods to the acceptance point."""
        self.outside.kaspi.goods_arrive(number)
        self.says("marketplace", "brings the goods to the acceptance point", number)

    def disputes(self, number: str) -> None:
        """Let the buyer dispute the refusal."""
        self.outside.kaspi.open_dispute(number)
        self.says("customer", "disputes the refusal", number)

    def decides(self, number: str, *, for_buyer: bool) -> None:
        """Let the marketplace decide a dispute."""
        self.outside.kaspi.decide_dispute(number, for_buyer=for_buyer)
        whom = "customer" if for_buyer else "seller"
        self.says("marketplace", f"decides the dispute for the {whom}", number)

    def withdraws(self, number: str) -> None:
        """Let the buyer take the request back."""
        self.outside.kaspi.customer_withdraws(number)
        self.says("customer", "withdraws the request", number)

    def reopens(self, number: str) -> None:
        """Let the marketplace open a refused request again, after the buyer's call."""
        self.outside.kaspi.reopen(number, control=self.clock() + timedelta(days=2))
        self.says("marketplace", "opens the request again", number)

    def says(self, who: str, what: str, number: str) -> None:
        """Note something that happened outside the program."""
        self.events.append((self.clock(), who, what, number))

    # --- the program by itself ------------------------------------------------------------------------------------

    def looks(self) -> int:
        """Let the program read the cabinet; returns how many requests were seen."""
        with frozen_at(self.clock()):
            return cabinets_poll(self.merchant_id, self.clock())

    def reads_orders(self) -> None:
        """Let the program read new and changed orders."""
        with frozen_at(self.clock()):
            orders_poll(self.merchant_id, self.clock())

    def settles(self) -> None:
        """Let the program make outside effects happen until none is due."""
        with frozen_at(self.clock()):
            for _ in range(ROUNDS_MAX):
                if not effects_run(self.merchant_id, self.clock()).looked:
                    return

    def guards(self) -> None:
        """Let the deadline guard make its round."""
        merchant_sweep(self.merchant_id, self.clock())

    # --- the shop's people ----------------------------------------------------------------------------------------

    def case(self, number: str) -> ReturnRequest:
        """Read a case as it stands."""
        with within_walls(self.merchant_id):
            return ReturnRequest.objects.get(store_id=self.opened.store_id, number=number)

    def does(
        self,
        number: str,
        act: Act,
        who: Role = Role.OPERATOR,
        *,
        reason: RefusalReason | None = None,
        why: str = "",
    ) -> Acted:
        """Let a person press a button of the console; a refusal carries the ready text of its reason."""
        case = self.case(number)
        text = ""
        if reason is not None:
            facts = LetterFacts(request_number=number, product_name=case.product_name)
            text = refusal_text(reason, facts, "ru")
        with within_walls(self.merchant_id):
            return request_act(
                request_id=case.pk,
                act=act,
                by=self.opened.people[who],
                now=self.clock(),
                details=Details(
                    reason=reason,
                    why=why,
                    text=text,
                    expected_version=case.version
                    if needs_version(Stage(case.stage), act)
                    else None,
                ),
            )

    def notes(self, number: str, who: Role = Role.OPERATOR, **values: Any) -> None:
        """Let a person note facts on a case."""
        case = self.case(number)
        if "inspection" in values:
            values["inspection"] = {**case.inspection, **values["inspection"]}
        with within_walls(self.merchant_id):
            by = self.opened.people[who]
            request_note(request_id=case.pk, values=values, by=by, now=self.clock())

    def proves(self, number: str, *kinds: EvidenceKind, who: Role = Role.OPERATOR) -> None:
        """Let a person put proofs into a case; acts with signature and stamp are confirmed at once."""
        case, by = self.case(number), self.opened.people[who]
        papers = [(kind, self._paper(kind)) for kind in kinds]
        with within_walls(self.merchant_id):
            proofs = [NewProof(self._noted(paper, who), kind) for kind, paper in papers]
            evidence_add(request_id=case.pk, proofs=proofs, by=by, now=self.clock())
        if EvidenceKind.TECHNICAL_ACT in kinds:
            self._confirms(case.pk, who)

    def _noted(self, paper: CheckedFile, who: Role) -> Any:
        return file_note(
            merchant_id=self.merchant_id,
            file=paper,
            by=self.opened.people[who],
            origin="web",
            now=self.clock(),
        )

    def _confirms(self, request_id: UUID, who: Role) -> None:
        with within_walls(self.merchant_id):
            proof = Evidence.objects.get(
                request_id=request_id, kind=EvidenceKind.TECHNICAL_ACT, withdrawn_at=None
            )
            evidence_confirm(
                evidence_id=proof.pk,
                signature=True,
                stamp=True,
                by=self.opened.people[who],
                now=self.clock(),
            )

    def _paper(self, kind: EvidenceKind) -> CheckedFile:
        """Draw and keep a proof; a few drawings serve all cases, because judging each takes its time."""
        if kind not in self._papers:
            if kind in PHOTOS:
                title, name, seed = PHOTOS[kind]
                content = photo(title, seed=seed, damaged=kind is EvidenceKind.PHOTO_DAMAGE)
            else:
                title, name = PAPERS[kind]
                content = act_paper(
                    title, ["Товар осмотрен в АСЦ «Жөндеу»", "Заключение: см. ниже"]
                )
            content_stored = content_keep(content, name)
            assert not isinstance(content_stored, Rejected), (
                f"our own drawing was rejected: {content_stored}"
            )
            self._papers[kind] = content_stored
        return self._papers[kind]

    def open_effects(self) -> list[PlannedEffect]:
        """List effects that have not come to a good end."""
        with within_walls(self.merchant_id):
            good = {EffectState.DONE, EffectState.BY_HAND, EffectState.CANCELLED}
            return list(PlannedEffect.objects.exclude(state__in=good))
