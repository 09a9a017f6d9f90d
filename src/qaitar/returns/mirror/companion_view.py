"""What a person looking at the marketplace's own pages is told of our cases: the stage, the date, what is left to press."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.db.models import F

from qaitar.contracts.marketplace import Section
from qaitar.foundation.models import JournalEntry
from qaitar.returns.models import Evidence, ReturnRequest
from qaitar.returns.vocabulary import Act, Effect, Stage

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

BUTTONS: Final[Mapping[Effect, tuple[Act, str]]] = {
    Effect.PRESS_TAKE: (Act.TAKE_FOR_INSPECTION, "Получить товар на проверку"),
    Effect.PRESS_REFUSE: (Act.REFUSE, "Отказать в возврате"),
    Effect.PRESS_GRANT: (Act.GRANT_REFUND, "Оформить возврат"),
}
"""What is pressed in the cabinet, in the cabinet's own words: it speaks Russian to everybody."""
NUMBERS_MAX: Final = 100
MISSING_MAX: Final = 1_000  # told at once; what is left is told after the next reading
OPEN_SECTIONS: Final = tuple(section.value for section in Section if section is not Section.CLOSED)


@dataclass(frozen=True, slots=True)
class ToPress:
    """A decision that a person has still to press in the cabinet."""

    act: Act
    button: str
    text: str  # to be pasted; empty where the button asks for none
    decided_at: datetime
    decided_by: str
    files: tuple[tuple[UUID, str], ...]  # proof and its name


@dataclass(frozen=True, slots=True)
class CompanionCase:
    """One case as told beside its number in the cabinet."""

    id: UUID
    number: str
    store_id: UUID
    product: str
    stage: Stage
    due_at: datetime | None
    to_press: ToPress | None


@dataclass(frozen=True, slots=True)
class Missed:
    """A request that we know in an open section and that a reading of the open sections did not bring."""

    number: str
    refund_id: str


def cases_missed(
    store_id: UUID, seen: Collection[str], *, most: int = MISSING_MAX
) -> tuple[list[Missed], int]:
    """List a store's requests that have left the open sections, the longest unseen first, and how many more there are.

    Each has to be looked up by its detail: where it went cannot be told from a list.  A request whose id in the marketplace
    is not known cannot be looked up and is left out.
    """
    rows = (
        ReturnRequest.objects.filter(store_id=store_id, section__in=OPEN_SECTIONS)
        .exclude(external_id="")
        .exclude(number__in=list(seen))
        .order_by(F("section_seen_at").asc(nulls_first=True), "id")
    )
    found = [Missed(*row) for row in rows[:most].values_list("number", "external_id")]
    return found, (rows.count() - most if len(found) == most else 0)


def companion_cases(stores: Sequence[UUID], numbers: Sequence[str]) -> tuple[CompanionCase, ...]:
    """Tell what is known of these numbers in these stores; three statements however many, one where nothing waits."""
    wanted = list(dict.fromkeys(numbers))[:NUMBERS_MAX]
    rows = ReturnRequest.objects.filter(store_id__in=stores, number__in=wanted).only(
        "id", "number", "store_id", "product_name", "stage", "control_at", "pending_press", "pending_since",
        "pending_text",
    )  # fmt: skip
    found = list(rows.order_by("number", "id"))
    waiting = [row.pk for row in found if row.pending_press]
    deciders, files = _deciders(waiting), _files(waiting)
    return tuple(
        CompanionCase(
            id=row.pk,
            number=row.number,
            store_id=row.store_id,
            product=row.product_name,
            stage=Stage(row.stage),
            due_at=row.control_at,
            to_press=_to_press(row, deciders, files),
        )
        for row in found
    )


def _to_press(
    row: ReturnRequest,
    deciders: Mapping[tuple[UUID, str], str],
    files: Mapping[UUID, list[tuple[UUID, str]]],
) -> ToPress | None:
    if not row.pending_press or row.pending_since is None:
        return None
    act, button = BUTTONS[Effect(row.pending_press)]
    return ToPress(
        act=act,
        button=button,
        text=row.pending_text,
        decided_at=row.pending_since,
        decided_by=deciders.get((row.pk, act.value), ""),
        files=tuple(files.get(row.pk, ())),
    )


def _deciders(cases: Sequence[UUID]) -> dict[tuple[UUID, str], str]:
    """Name who decided last, by case and act."""
    if not cases:
        return {}
    acts = [act.value for act, _button in BUTTONS.values()]
    lines = JournalEntry.objects.filter(subject_id__in=cases, act__in=acts).order_by("seq")
    return {
        (case, act): name
        for case, act, name in lines.values_list("subject_id", "act", "actor_name")
    }


def _files(cases: Sequence[UUID]) -> dict[UUID, list[tuple[UUID, str]]]:
    """List the proofs of cases, the oldest first."""
    messages: dict[UUID, list[tuple[UUID, str]]] = defaultdict(list)
    if cases:
        rows = Evidence.objects.filter(request_id__in=cases, withdrawn_at=None).order_by("id")
        for case, proof, name in rows.values_list("request_id", "id", "file_name"):
            messages[case].append((proof, name))
    return messages
