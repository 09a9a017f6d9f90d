"""What approvals keep of a person: removed when the person is erased."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

_EMPTY_REASONS: Final = """
UPDATE foundation_approval SET covered = jsonb_set(covered, '{reason,text}', '""')
WHERE subject_id = ANY(%s) AND covered #>> '{reason,text}' <> ''"""


def reasons_empty(subject_ids: Sequence[UUID]) -> None:
    """Remove the reason's free text from what was approved of these subjects; sums, codes and the digest stay."""
    with connection.cursor() as cursor:
        cursor.execute(_EMPTY_REASONS, [list(subject_ids)])
