"""Holds what the outside systems executed against what the program says of its effects, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from qaitar.foundation.models import EffectState, PlannedEffect
from qaitar.returns.vocabulary import Effect

if TYPE_CHECKING:
    from qaitar.bench.simulation.outside import Outside

KINDS: Final = {
    "ticket": (Effect.OPEN_TICKET, Effect.ASK_SERVICE_CENTRE, Effect.ASK_REOPEN),
    "comment": (Effect.TICKET_COMMENT,),
    "return order": (Effect.CREATE_RETURN_ORDER,),
}


def ledgers_differ(outside: Outside) -> list[str]:
    """Say what was executed twice, executed and not known, or said to be done and never executed; inside the walls."""
    wrong: list[str] = []
    for what, kinds in KINDS.items():
        executed = {key: n for key, n in outside.executed[what].items() if n}
        wrong += [f"{what} {key} was executed {n} times" for key, n in executed.items() if n > 1]
        effects = PlannedEffect.objects.filter(kind__in=[kind.value for kind in kinds])
        done = {
            str(pk)
            for pk, state, reference in effects.values_list("pk", "state", "reference")
            if state == EffectState.DONE and reference
        }
        wrong += [
            f"{what} {key} stands outside and is not known here"
            for key in sorted(set(executed) - done)
        ]
        wrong += [
            f"{what} {key} is said to be done and is not there"
            for key in sorted(done - set(executed))
        ]
    for key, n in outside.executed["file"].items():
        if n > 1:
            wrong.append(f"file {key} was hung on {n} times")
    wrong += _unsettled()
    wrong += _register(outside)
    return wrong


def _unsettled() -> list[str]:
    """Say what never comes to an end, but for what waits for a person."""
    still = PlannedEffect.objects.filter(state__in=["PLANNED", "SENDING", "UNKNOWN"])
    still = still.exclude(state="PLANNED", payload__has_key="waits")
    return [
        f"{each.kind} {each.pk} never settles: {each.state} {each.detail}" for each in still[:20]
    ]


def _register(outside: Outside) -> list[str]:
    """Say which written cases have no row."""
    written = PlannedEffect.objects.filter(kind=Effect.WRITE_REGISTER.value, state=EffectState.DONE)
    numbers = set(written.exclude(reference="").values_list("reference", flat=True))
    rows = set(outside.rows)
    return [f"the register has no row of {number}" for number in sorted(numbers - rows)] + [
        f"the register has a row of {key} nobody wrote" for key in sorted(rows - numbers)
    ]
