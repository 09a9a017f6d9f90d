"""What a setting, a right or a protection outside stops goes on by itself once it is mended, and stops nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from qaitar.flows.recheck import EVERY, connections_recheck
from qaitar.foundation.models import EffectState
from qaitar.returns.vocabulary import Act
from qaitar.sandbox.onec.faults import OneCFault as BaseFault
from qaitar.sandbox.onec.model import RETURN_ORDER
from tests.flows.bench import EMAIL, TITLE

if TYPE_CHECKING:
    from qaitar.returns.models import ReturnRequest
    from tests.flows.bench import Bench

HOW = f"Let {EMAIL} edit the protected range, or remove the protection: what waits is written by itself then."


def requested(bench: Bench, *numbers: str) -> list[ReturnRequest]:
    cases = [bench.file(number) for number in numbers]
    for case in cases:
        bench.act(case, Act.ASK_CUSTOMER)
    return cases


def states(bench: Bench, kind: str) -> dict[str, str]:
    return {str(effect.subject_id): str(effect.state) for effect in bench.effects(kind=kind)}


def recheck(bench: Bench, later: timedelta = EVERY) -> int:
    """Let time pass, look at wrong settings again as the periodic job does, and make what is due happen."""
    bench.now += later
    tried = connections_recheck(bench.shop.id, bench.now)
    bench.run_effects()
    return tried


def test_a_protected_row_of_the_register_stops_one_case_until_the_protection_goes(
    bench: Bench,
) -> None:
    first, second = requested(bench, "700000001-1", "700000002-1")
    bench.run_effects()
    book = bench.sheets.books["1AbC"]
    book.people_protect(TITLE, "A2:Z2")
    for case in (first, second):
        bench.take(case)
    bench.run_effects()
    stopped = [e for e in bench.effects(kind="WRITE_REGISTER") if e.state == "MISCONFIGURED"]
    assert {e.subject_id for e in stopped} == {first.pk}
    assert stopped[0].detail == f"Row 2 of the sheet is protected. {HOW}"
    assert bench.connection("google_sheets").health != "MISCONFIGURED"
    assert {e.state for e in bench.effects(subject_id=second.pk, kind="WRITE_REGISTER")} == {"DONE"}
    lines = bench.journal(first.pk)
    for _ in range(3):
        assert recheck(bench) == len(stopped)
    assert bench.journal(first.pk) == lines  # the same reason is not written down again
    book.people_unprotect(TITLE)
    recheck(bench)
    assert {e.state for e in bench.effects(kind="WRITE_REGISTER")} == {"DONE"}
    assert book.sheets[TITLE].rows[1][0] == "700000001-1"
    assert bench.journal(first.pk)[len(lines) :].count("EFFECT_DONE") == 1


def test_a_token_made_right_at_the_helpdesk_lets_everything_go_on_without_a_press(
    bench: Bench,
) -> None:
    bench.usedesk._token = "another"
    requested(bench, "700000001-1", "700000002-1")
    bench.run_effects()
    assert set(states(bench, "OPEN_TICKET").values()) == {"MISCONFIGURED"}
    assert recheck(bench) == 0
    bench.usedesk._token = "u5ed35k-t0k3n"
    recheck(bench)
    assert set(states(bench, "OPEN_TICKET").values()) == {"DONE"}
    assert bench.executed()["tickets"] == 2


def test_a_closed_period_in_1c_stops_its_cases_and_nothing_else(bench: Bench) -> None:
    (case,) = requested(bench, "700000001-1")
    bench.take(case)
    words = "Запись документа запрещена: дата запрета изменения 31.05.2026."
    bench.onec.faults.append(BaseFault("error", "POST", RETURN_ORDER, message=words, times=1))
    bench.run_effects()
    order = bench.one("CREATE_RETURN_ORDER")
    assert order.state == "MISCONFIGURED"
    assert order.detail.startswith(f"The period is closed for changes in 1C: {words} Move the date")
    assert bench.connection("onec").health != "MISCONFIGURED"
    assert recheck(bench) == 1
    bench.settle_down()
    assert (bench.one("CREATE_RETURN_ORDER").state, bench.executed()["documents"]) == ("DONE", 1)


def test_the_same_refusal_for_three_cases_is_a_setting_for_all_of_them(bench: Bench) -> None:
    numbers = [f"70000000{n}-1" for n in range(1, 6)]
    for number in numbers[1:]:
        bench.onec.seed_order(number[:-2])
    cases = requested(bench, *numbers)
    for case in cases:
        bench.take(case)
    words = "Не заполнено поле «Соглашение»"
    fault = BaseFault("error", "POST", RETURN_ORDER, message=words, times=1_000)
    bench.onec.faults.append(fault)
    bench.run_effects()
    assert sorted(states(bench, "CREATE_RETURN_ORDER").values()) == ["MISCONFIGURED"] * 5
    assert bench.connection("onec").health != "MISCONFIGURED"
    fault.times = 0
    recheck(bench)
    bench.settle_down()
    assert set(states(bench, "CREATE_RETURN_ORDER").values()) == {"DONE"}
    assert bench.executed()["documents"] == 5


def test_two_cases_refused_alike_are_left_to_a_person(bench: Bench) -> None:
    cases = requested(bench, "700000001-1", "700000002-1")
    bench.onec.seed_order("700000002")
    for case in cases:
        bench.take(case)
    fault = BaseFault("error", "POST", RETURN_ORDER, message="Партнёр заблокирован", times=1_000)
    bench.onec.faults.append(fault)
    bench.run_effects()
    assert sorted(states(bench, "CREATE_RETURN_ORDER").values()) == ["REFUSED"] * 2
    assert recheck(bench) == 0
    assert {e.state for e in bench.effects(kind="CREATE_RETURN_ORDER")} == {EffectState.REFUSED}
