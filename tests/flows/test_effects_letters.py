"""What reaches the call centre about a refusal is what the person saw on the card, and edited there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qaitar.foundation.ops.jobs import within_walls
from qaitar.returns.models import ReturnRequest
from qaitar.returns.reads.cases import case_load
from qaitar.returns.rules.case_evaluation import evaluate_case
from qaitar.returns.vocabulary import Act, RefusalReason
from qaitar.sandbox.usedesk.faults import UsedeskFault
from qaitar.web.console.case.card_reads import order_details_load
from qaitar.web.console.case.letters import marketplace_text

if TYPE_CHECKING:
    from tests.flows.bench import Bench


def late(bench: Bench) -> ReturnRequest:
    """File a request on 14 May for goods received on 12 April: the 14 days ended on 26 April."""
    case = bench.file()
    with within_walls(bench.shop.id):
        ReturnRequest.objects.filter(pk=case.pk).update(received_on="2026-04-12", quality="PROPER")
    return case


def seen_on_the_card(bench: Bench, case: ReturnRequest) -> str:
    with within_walls(bench.shop.id):
        loaded = case_load(case.pk)
        assert loaded is not None
        judged = evaluate_case(loaded, bench.now)
        return marketplace_text(
            RefusalReason.WINDOW_PASSED, loaded, judged, order_details_load(loaded.request)
        )


def comments(bench: Bench) -> list[str]:
    (ticket,) = bench.usedesk.account.tickets.values()
    return [comment.message for comment in ticket.comments[1:]]


def test_the_comment_says_the_refusal_word_for_word_as_the_card_showed_it(bench: Bench) -> None:
    case = late(bench)
    bench.act(case, Act.ASK_CUSTOMER)
    text = seen_on_the_card(bench, case)
    assert "истёк 26.04.2026, заявка подана позже" in text
    bench.act(case, Act.REFUSE, reason=RefusalReason.WINDOW_PASSED)
    bench.settle_down()
    (comment,) = comments(bench)
    assert "истёк 26.04.2026, заявка подана позже" in comment


def test_the_comment_carries_the_text_a_person_edited_even_when_it_is_sent_later(
    bench: Bench,
) -> None:
    case = late(bench)
    bench.act(case, Act.ASK_CUSTOMER)
    bench.usedesk.faults.add("/create/ticket", UsedeskFault.RATE_LIMITED)
    bench.run_effects()
    edited = "Срок вышел 26 апреля; звонили вам трижды."
    bench.act(case, Act.REFUSE, reason=RefusalReason.WINDOW_PASSED, text=edited)
    with within_walls(bench.shop.id):
        ReturnRequest.objects.filter(pk=case.pk).update(
            pending_text=""
        )  # the marketplace showed it
    bench.settle_down()
    (comment,) = comments(bench)
    assert edited in comment
    assert "заявка подана позже" not in comment
