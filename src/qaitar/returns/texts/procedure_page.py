"""Writes `docs/procedure.md` from the table, so that the page and the program cannot disagree.

`python -m qaitar.returns.texts.procedure_page > docs/procedure.md` renews it; a test fails while it is stale.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable

from qaitar.kernel.roles import Role
from qaitar.returns.rules.guards import GROUNDS, REASONS_AT, Guard
from qaitar.returns.rules.procedure import PROCEDURE, Step
from qaitar.returns.vocabulary import Stage

_HEAD = """# The return procedure

Made from `qaitar.returns.rules.procedure.PROCEDURE`; do not edit by hand. Renew with
`python -m qaitar.returns.texts.procedure_page > docs/procedure.md`.

Step numbers are the operator's own. Stages are ours; the marketplace's section is mirrored beside them.
A pair of stage and act that is not in the table is answered with `NO_SUCH_STEP`, a role that is not named with
`ROLE_NOT_ALLOWED`, a condition that does not hold with its own code. Nothing is refused without a code.
"""

_NOTES = """
`SYSTEM*`: the deadline guard acting by the store's set default; its own condition stands after the asterisk in the
second table. `TICKET_COMMENT` is left out where no ticket exists, `ASK_SERVICE_CENTRE` where the technical act is there
or not needed. `APPROVE` and `DECLINE` may also be done by a deputy an approver has named for the day; never for what
that approver asked. **Bold** acts press a button in the cabinet that the seller cannot take back.
"""


def _says(guard: Guard) -> str:
    """Return a guard's condition in words, without the full stop."""
    assert guard.__doc__, f"{guard!r} does not say its condition"
    return guard.__doc__.strip().splitlines()[0].rstrip(".")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines) + "\n"


def _roles(step: Step) -> str:
    names = [role.value for role in Role if role in step.roles]
    return ", ".join(n + "*" if n == "SYSTEM" and step.by_guard else n for n in names)


def _row(step: Step) -> tuple[str, ...]:
    act = f"**{step.act}**" if step.irreversible else str(step.act)
    end = f"{step.to} ({step.outcome})" if step.outcome else str(step.to)
    return (
        step.number,
        str(step.at),
        act,
        end,
        _says(step.when),
        ", ".join(step.then),
        _roles(step),
    )


def _diagram() -> str:
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> NEW: 0"]
    drawn = dict.fromkeys((s.at, s.to, s.number, s.act) for s in PROCEDURE if s.number != "K")
    lines += [f"    {at} --> {to}: {number} {act}" for at, to, number, act in drawn]
    lines += ["    CLOSED --> [*]", "```"]
    return "\n".join(lines) + "\n"


def _defaults() -> str:
    rows = ((s.number, str(s.at), str(s.act), _says(s.by_guard)) for s in PROCEDURE if s.by_guard)
    return _table(("Step", "At", "Act", "SYSTEM* acts when"), rows)


def _reasons() -> str:
    stages = [stage for stage in Stage if stage in REASONS_AT]
    rows = (
        (str(reason), *("yes" if reason in REASONS_AT[stage] else "" for stage in stages))
        for reason in GROUNDS
    )
    return _table(("Reason", *map(str, stages)), rows)


def page() -> str:
    """Return the whole page."""
    head = ("Step", "At", "Act", "Leads to", "When", "Effects", "Who")
    return "\n".join(
        (
            _HEAD,
            _table(head, map(_row, PROCEDURE)) + _NOTES,
            "## What the deadline guard does by itself\n",
            _defaults(),
            "## Reasons of refusal by stage\n\nEach has to be true at the moment of refusing.\n",
            _reasons(),
            "## Picture\n\nStep K, `NOTE_MARKETPLACE_DECIDED`, leads from every open stage to `CLOSED` and is not drawn.\n",
            _diagram(),
        )
    )


def main(write: Callable[[str], object] = sys.stdout.write) -> None:
    """Print the page."""
    write(page())


if __name__ == "__main__":
    main()
