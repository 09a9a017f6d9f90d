"""Holds what the outside systems executed against what the program says of its effects, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import connection

from qaitar.foundation.models import EffectState, PlannedEffect
from qaitar.returns.vocabulary import Effect

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from qaitar.lab.simulation.outside import SimulatedOutside

_MIRRORED: Final = "SELECT number, section FROM returns_returnrequest WHERE number = ANY(%s)"
KINDS: Final = {
    "ticket": (Effect.OPEN_TICKET, Effect.ASK_SERVICE_CENTRE, Effect.ASK_REOPEN),
    "comment": (Effect.TICKET_COMMENT,),
    "return order": (Effect.CREATE_RETURN_ORDER,),
}


def executed_twice(outside: SimulatedOutside) -> list[str]:
    """Say what was executed more than once; at any moment."""
    return [
        f"{what} {key} was executed {n} times"
        for what in (*KINDS, "file")
        for key, n in outside.executed[what].items()
        if n > 1
    ]


def mirror_differs(newest: Mapping[str, tuple[datetime, str]]) -> list[str]:
    """Say where the mirror is not what the newest page handed over has shown; at any moment, inside the walls."""
    with connection.cursor() as cursor:
        cursor.execute(_MIRRORED, [list(newest)])
        mirrored = dict(cursor.fetchall())
    return [
        f"the mirror of {number} says {mirrored.get(number, 'nothing')}, the newest page said {section}"
        for number, (_, section) in newest.items()
        if mirrored.get(number) != section
    ]


def ledgers_differ(outside: SimulatedOutside) -> list[str]:
    """Say what stands outside and is not known, or is said to be done and never was; at rest, inside the walls."""
    wrong: list[str] = []
    for what, kinds in KINDS.items():
        executed = {key for key, n in outside.executed[what].items() if n}
        effects = PlannedEffect.objects.filter(kind__in=[kind.value for kind in kinds])
        done = {
            str(pk)
            for pk, state, reference in effects.values_list("pk", "state", "reference")
            if state == EffectState.DONE and reference
        }
        wrong += [
            f"{what} {key} stands outside and is not known here" for key in sorted(executed - done)
        ]
        wrong += [
            f"{what} {key} is said to be done and is not there" for key in sorted(done - executed)
        ]
    wrong += unsettled()
    wrong += _register(outside)
    return wrong


def unsettled() -> list[str]:
    """Say what never comes to an end, but for what waits for a person."""
    still = PlannedEffect.objects.filter(state__in=["PLANNED", "SENDING", "UNKNOWN"])
    still = still.exclude(state="PLANNED", payload__has_key="waits")
    return [
        f"{each.kind} {each.pk} never settles: {each.state} {each.detail}" for each in still[:20]
    ]


def _register(outside: SimulatedOutside) -> list[str]:
    """Say which written cases have no row."""
    written = PlannedEffect.objects.filter(kind=Effect.WRITE_REGISTER.value, state=EffectState.DONE)
    numbers = set(written.exclude(reference="").values_list("reference", flat=True))
    rows = set(outside.rows)
    return [f"the register has no row of {number}" for number in sorted(numbers - rows)] + [
        f"the register has a row of {key} nobody wrote" for key in sorted(rows - numbers)
    ]
