"""One return from filing to closing over the public API: what it costs and what it leaves behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from qaitar.foundation.journal.lines import first_break
from qaitar.foundation.models import IdempotencyRecord, JournalEntry, PlannedEffect
from qaitar.kernel.ids import new_id
from qaitar.returns.models import MerchantRule
from tests.factories.accounts import NOW, open_walls
from tests.web.api.callers import Program, new_key
from tests.web.api.conftest import Cast, make_cast

if TYPE_CHECKING:
    from collections.abc import Callable

BOUNDS = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")


def photos_not_needed(cast: Cast) -> None:
    """A merchant who takes goods in good order without photos."""
    MerchantRule.objects.create(
        id=new_id(),
        merchant_id=cast.shop.id,
        key="EVIDENCE_PROPER",
        value=[],
        valid_from="2020-01-01",
        by_name="Saule",
        created_at=NOW,
    )


@pytest.fixture
def real(committed: None) -> Cast:
    with transaction.atomic():
        cast = make_cast()
        photos_not_needed(cast)
    return cast


def counted(step: Callable[[], str]) -> tuple[str, int, int]:
    """Run one call; tell its answer, its statements and its commits."""
    with CaptureQueriesContext(connection) as seen:
        answer = step()
    # a prepared statement's text is not always known any more; it counts all the same
    texts = [query["sql"] or "" for query in seen.captured_queries]
    statements = [text for text in texts if not text.startswith(BOUNDS)]
    return answer, len(statements), sum(text.startswith("COMMIT") for text in texts)


def live(program: Program, store: str, number: str) -> list[tuple[str, int, int]]:
    """File, ask, take, note the arrival, grant, note the refund, read."""
    filed = {
        "store": store,
        "number": number,
        "reason_code": "SIZE_MISMATCH",
        "product_name": "Кроссовки",
        "amount_minor": 1_299_000,
        "customer_name": "Оксана П.",
        "customer_phone": "+77011234567",
    }
    made: dict[str, str] = {}

    def file() -> str:
        answer = program.post("/returns", filed, key=new_key())
        assert answer.status_code == 201, answer.content
        made["id"] = answer.json()["id"]
        return answer.json()["stage"]

    def act(name: str) -> str:
        answer = program.post(f"/returns/{made['id']}/acts", {"act": name}, key=new_key())
        assert answer.status_code == 200, answer.content
        return answer.json()["stage"]

    def read() -> str:
        answer = program.get(f"/returns/{made['id']}")
        assert answer.status_code == 200, answer.content
        return answer.json()["outcome"]

    acts = (
        "ASK_CUSTOMER",
        "TAKE_FOR_INSPECTION",
        "NOTE_ARRIVAL",
        "GRANT_REFUND",
        "NOTE_REFUND_DONE",
    )
    steps = [file, *(lambda name=name: act(name) for name in acts), read]
    return [counted(step) for step in steps]


def test_a_life_is_seven_commits_and_at_most_four_statements_a_call(real: Cast) -> None:
    """Seven calls with token, walls, idempotency, journal and jobs on."""
    live(real.operator, str(real.shop.store.pk), "700000001-1")  # warms the process, not the count
    life = live(real.operator, str(real.shop.store.pk), "700000002-1")
    assert [answer for answer, _, _ in life] == [
        "NEW",
        "WAITING_CUSTOMER",
        "IN_DELIVERY",
        "ARRIVED",
        "REFUND_GRANTED",
        "CLOSED",
        "REFUNDED",
    ]
    assert [statements for _, statements, _ in life] == [4, 4, 4, 4, 4, 4, 3]
    assert sum(statements for _, statements, _ in life) == 27
    assert [commits for _, _, commits in life] == [1] * 7


def test_a_life_leaves_a_whole_journal_and_its_effects(real: Cast) -> None:
    live(real.operator, str(real.shop.store.pk), "700000001-1")
    with transaction.atomic():
        open_walls(real.shop.id)
        journal = list(JournalEntry.objects.order_by("seq"))
        effects = sorted(PlannedEffect.objects.values_list("kind", flat=True))
    assert [line.act for line in journal] == [
        "CREATE",
        "ASK_CUSTOMER",
        "TAKE_FOR_INSPECTION",
        "NOTE_ARRIVAL",
        "GRANT_REFUND",
        "NOTE_REFUND_DONE",
    ]
    assert {(line.actor_name, line.channel) for line in journal} == {("Aigerim", "api")}
    assert all(line.request_ref for line in journal)
    assert first_break(journal) is None
    assert effects.count("WRITE_REGISTER") == 5
    assert effects.count("OPEN_TICKET") == effects.count("CREATE_RETURN_ORDER") == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs")
        assert cursor.fetchone() == (5,)
    assert IdempotencyRecord.objects.count() == 6
