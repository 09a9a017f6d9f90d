"""The rows by which a change of a subject asks for approvals, decides them, or voids them.  No reads, no writes.

Whoever changes the subject puts them into the same `transition.Change`; either all of it happens or none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qaitar.foundation.approvals.models import Approval
from qaitar.foundation.journal.transition import Row, RowUpdate
from qaitar.kernel.approvals import ApprovalState, Purpose, covered_sha256
from qaitar.kernel.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from qaitar.foundation.identity.actors import Actor
    from qaitar.foundation.journal.transition import Held


@dataclass(frozen=True, slots=True)
class StandingApproval:
    """An approval that is asked for or given."""

    id: UUID
    purpose: Purpose
    state: ApprovalState
    sha256: str
    requested_by_id: int | None
    requested_by_name: str = ""

    def covers(self, covered: Mapping[str, Any]) -> bool:
        """Tell whether exactly this was put before the person who decides."""
        return self.sha256 == covered_sha256(covered)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApproval:
    """An approval to ask for: what for, and everything the person who decides has to stand by."""

    purpose: Purpose
    subject_kind: str
    covered: Mapping[str, Any]


def requested_row(subject: Held, new: NewApproval, by: Actor, now: datetime) -> Row:
    """Build the row of an approval asked for by `by`."""
    return Row(Approval, _columns(subject, new, by, now))


def given_row(
    subject: Held,
    new: NewApproval,
    requested_by: Actor,
    by: Actor,
    now: datetime,
    *,
    for_name: str = "",
) -> Row:
    """Build the row of an approval given at once: it was asked for before approvals were rows.  `for_name` as in `decision`."""
    columns = {
        **_columns(subject, new, requested_by, now),
        "state": ApprovalState.GIVEN.value,
        "decided_by_id": by.user_id,
        "decided_by_name": by.name,
        "decided_at": now,
        "decided_for_name": for_name,
    }
    return Row(Approval, columns)


def _columns(subject: Held, new: NewApproval, by: Actor, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "merchant_id": subject.merchant_id,
        "purpose": new.purpose.value,
        "subject_kind": new.subject_kind,
        "subject_id": subject.id,
        "subject_version": subject.version,
        "covered": dict(new.covered),
        "covered_sha256": covered_sha256(new.covered),
        "state": ApprovalState.REQUESTED.value,
        "requested_by_id": by.user_id,
        "requested_by_name": by.name,
        "requested_at": now,
        "decided_by_name": "",
        "decided_for_name": "",
        "voided_by_name": "",
    }


def decision(
    standing: StandingApproval,
    state: ApprovalState,
    by: Actor,
    now: datetime,
    *,
    for_name: str = "",
) -> RowUpdate:
    """Build the change of an approval that `by` gives or refuses, in place of the approver `for_name` where they are a deputy."""
    assert state in {ApprovalState.GIVEN, ApprovalState.REFUSED}
    return RowUpdate(
        Approval,
        {"id": standing.id, "state": standing.state.value},
        {
            "state": state.value,
            "decided_by_id": by.user_id,
            "decided_by_name": by.name,
            "decided_at": now,
            "decided_for_name": for_name,
        },
    )


def voiding(standing: StandingApproval, by: Actor, now: datetime) -> RowUpdate:
    """Build the change of an approval that ends because `by` changed something it covers."""
    return RowUpdate(
        Approval,
        {"id": standing.id, "state": standing.state.value},
        {"state": ApprovalState.VOIDED.value, "voided_by_name": by.name, "voided_at": now},
    )
