"""What the procedure makes happen outside: tickets, comments, the return order, its files, the register; and events."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from django.db import transaction

from qaitar.foundation.connections.systems import Entered, connection_save
from qaitar.foundation.models import WebhookDelivery
from qaitar.foundation.ops.jobs import job_defer, within_walls
from qaitar.foundation.webhooks.endpoints import EndpointRequest, endpoint_create
from qaitar.returns.services.evidence import NewProof, evidence_add
from qaitar.returns.services.notes import request_note
from qaitar.returns.vocabulary import Act, Effect, EvidenceKind, Quality, RefusalReason
from tests.factories.accounts import open_walls
from tests.flows.bench import ALL_ONCE, TITLE
from tests.kill_matrix.story import EFFECTS, EVENTS, Story, unlike

if TYPE_CHECKING:
    from tests.kill_matrix.world import World

E = Effect
NOTHING: Final = dict.fromkeys(ALL_ONCE, 0)


def _connected(world: World, *systems: str) -> None:
    world.connect(*systems)
    world.minutes_pass(forget=True)


def _ended(world: World, *kinds: str) -> list[str]:
    """Say which of these kinds of effects are not all done."""
    mine = [effect for effect in world.effects() if effect.kind in kinds]
    wrong = [f"{e.kind} is {e.state}: {e.detail}" for e in mine if e.state != "DONE"]
    return wrong + unlike("effects", {effect.kind for effect in mine}, set(kinds))


def _reported_begins(world: World) -> None:
    _connected(world, "usedesk")
    case = world.file()
    world.act(case, Act.ASK_CUSTOMER)
    world.take(case)


def _reported_differs(world: World) -> list[str]:
    once = {**NOTHING, "tickets": 1, "comments": 1}
    return unlike("outside", world.executed(), once) + _ended(
        world, "OPEN_TICKET", "TICKET_COMMENT"
    )


def _order_begins(world: World) -> None:
    _connected(world, "onec")
    world.take(world.file())


def _order_differs(world: World) -> list[str]:
    once = {**NOTHING, "documents": 1, "files": 2}
    return unlike("outside", world.executed(), once) + _ended(
        world, "CREATE_RETURN_ORDER", "ATTACH_EVIDENCE"
    )


def _register_begins(world: World) -> None:
    _connected(world, "google_sheets")
    for number in range(1, 4):
        world.act(world.file(f"70000000{number}-1"), Act.ASK_CUSTOMER)


def _register_differs(world: World) -> list[str]:
    rows = world.sheets.books["1AbC"].sheets[TITLE].rows[1:]
    keys = sorted(str(row[0]) for row in rows if row and row[0])
    return unlike("rows", keys, [f"70000000{n}-1" for n in (1, 2, 3)]) + _ended(
        world, "WRITE_REGISTER"
    )


def _centre_begins(world: World) -> None:
    """Goods with a defect were taken and the technical act is missing: the service centre is asked for it."""
    _connected(world, "usedesk")
    case = world.file(quality=Quality.DEFECTIVE, reason_code="", reason_text="Брак")
    world.act(case, Act.NOTE_ACCEPTED)


def _centre_differs(world: World) -> list[str]:
    return unlike("outside", world.executed(), {**NOTHING, "tickets": 1}) + _ended(
        world, "ASK_SERVICE_CENTRE"
    )


def _reopen_begins(world: World) -> None:
    """Other goods came back and were refused; a quality check's act says otherwise: the customer has to ask anew."""
    _connected(world, "usedesk")
    case = world.file()
    world.take(case)
    world.act(case, Act.NOTE_ARRIVAL, arrived_where="POINT")
    with within_walls(world.shop.id):
        seen = {"goods_checked": "DIFFERENT"}
        request_note(request_id=case.pk, values=seen, by=world.by, now=world.now)
    world.act(case, Act.REFUSE, reason=RefusalReason.DIFFERENT_GOODS_CAME)
    with within_walls(world.shop.id):
        proof = NewProof(world.stored("act"), EvidenceKind.QUALITY_CHECK_ACT)
        evidence_add(request_id=case.pk, proofs=[proof], by=world.by, now=world.now)
    world.act(case, Act.ASK_TO_REOPEN)


def _reopen_differs(world: World) -> list[str]:
    return unlike("outside", world.executed(), {**NOTHING, "tickets": 1}) + _ended(
        world, "ASK_REOPEN"
    )


def _whole_begins(world: World) -> None:
    _connected(world)
    case = world.file()
    world.act(case, Act.ASK_CUSTOMER)
    world.take(case)


def _whole_differs(world: World) -> list[str]:
    states = set(world.states().values())
    return unlike("outside", world.executed(), ALL_ONCE) + unlike("effects", states, {"DONE"})


def _mended_begins(world: World) -> None:
    """A wrong token left the ticket unopened; the right one lets it go on."""
    settings, secrets = world.entered("usedesk")
    wrong = Entered("usedesk", settings=settings, secrets={"api_token": "another"})
    with within_walls(world.shop.id):
        connection_save(merchant_id=world.shop.id, entered=wrong, now=world.now)
    world.act(world.file(), Act.ASK_CUSTOMER)
    world.run_effects()
    assert world.states()["OPEN_TICKET", 2] == "MISCONFIGURED"
    world.minutes_pass(forget=True)
    with within_walls(world.shop.id):
        connection_save(
            merchant_id=world.shop.id,
            entered=Entered("usedesk", settings=settings, secrets=secrets),
            now=world.now,
        )


def _mended_differs(world: World) -> list[str]:
    return unlike("outside", world.executed(), {**NOTHING, "tickets": 1}) + _ended(
        world, "OPEN_TICKET"
    )


def _events_begin(world: World) -> None:
    url = world.outside.put("receiver", world.receiver)
    with transaction.atomic():
        open_walls(world.shop.id)
        endpoint_create(merchant_id=world.shop.id, wanted=EndpointRequest(url), now=world.now)
    world.file()
    world.act(world.file("700000002-1"), Act.NOTE_WITHDRAWN)
    world.minutes_pass(forget=True)
    with within_walls(world.shop.id):
        job_defer(
            "qaitar.flows.tasks.webhooks_run", queue="webhooks", merchant_id=str(world.shop.id)
        )


def _events_differ(world: World) -> list[str]:
    """Each event has one id over all its tries, so that a program that looks at ids hears everything once."""
    with transaction.atomic():
        open_walls(world.shop.id)
        wanted = WebhookDelivery.objects.exclude(state__in=["PLANNED", "SKIPPED"])
        rows = {str(row.pk): row for row in wanted}
    got = {reported for reported, _ in world.receiver.got}
    bodies = {(reported, body) for reported, body in world.receiver.got}
    kinds = Counter(row.type for row in rows.values())
    return [
        *unlike("events", (kinds["return.created"], kinds["return.stage_changed"]), (2, 1)),
        *unlike("delivered", {row.state for row in rows.values()}, {"DELIVERED"}),
        *unlike("ids at the receiver", got, set(rows)),
        *unlike("bodies of an id", len(bodies), len(got)),
    ]


STORIES: Final = (
    Story(
        "ticket and comment",
        _reported_begins,
        _reported_differs,
        effects=(E.OPEN_TICKET, E.TICKET_COMMENT),
    ),
    Story(
        "return order and files",
        _order_begins,
        _order_differs,
        effects=(E.CREATE_RETURN_ORDER, E.ATTACH_EVIDENCE),
    ),
    Story(
        "lines of the register", _register_begins, _register_differs, effects=(E.WRITE_REGISTER,)
    ),
    Story("service centre asked", _centre_begins, _centre_differs, effects=(E.ASK_SERVICE_CENTRE,)),
    Story("reopening asked", _reopen_begins, _reopen_differs, effects=(E.ASK_REOPEN,)),
    Story("connection mended", _mended_begins, _mended_differs),
    Story("all systems at once", _whole_begins, _whole_differs, whole_only=True),
    Story("events to a merchant's program", _events_begin, _events_differ, (EVENTS, EFFECTS)),
)
