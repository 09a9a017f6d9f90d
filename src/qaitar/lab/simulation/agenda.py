"""What the program has to do next, so that rounds at which nothing is due need not be played.

A round of the guard or of the drain that finds nothing due changes nothing, and in a world of its own nobody writes
behind our back: so the answer holds until somebody of this world has written something.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import connection

from qaitar.foundation.ops.jobs import within_walls
from qaitar.returns.services.case_change import RUN_TASK

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

_DUE_TIMES: Final = """
SELECT (SELECT min(guard_next_at) FROM returns_returnrequest WHERE merchant_id = %(merchant)s AND stage <> 'CLOSED'),
  (SELECT min(next_at) FROM foundation_plannedeffect
   WHERE merchant_id = %(merchant)s AND state IN ('PLANNED', 'SENDING', 'UNKNOWN')),
  EXISTS (SELECT FROM procrastinate_jobs
   WHERE queue_name = 'effects' AND status = 'todo' AND task_name = %(drain)s)
"""


class Agenda:
    """When the guard and the drain of one merchant have something to do; asked anew only after a writing."""

    def __init__(self, merchant_id: UUID) -> None:
        """Know nothing yet."""
        self._merchant_id = merchant_id
        self._known = False
        self._guard_at: datetime | None = None
        self._effect_at: datetime | None = None
        self._run_waits = False

    def written(self) -> None:
        """Forget what was known: somebody has written."""
        self._known = False

    def guard_is_due(self, now: datetime) -> bool:
        """Tell whether a sweep at this moment would look at a case."""
        self._ask()
        return self._guard_at is not None and self._guard_at <= now

    def effects_run_is_due(self, now: datetime) -> bool:
        """Tell whether a drain at this moment would look at an effect, or take over a waiting job."""
        self._ask()
        return self._run_waits or (self._effect_at is not None and self._effect_at <= now)

    def next_at(self) -> datetime | None:
        """Tell the next moment at which the guard or an effect is due; None when nothing is open."""
        self._ask()
        known = [at for at in (self._guard_at, self._effect_at) if at is not None]
        return min(known, default=None)

    def _ask(self) -> None:
        if self._known:
            return
        with within_walls(self._merchant_id), connection.cursor() as cursor:
            cursor.execute(_DUE_TIMES, {"merchant": self._merchant_id, "drain": RUN_TASK})
            self._guard_at, self._effect_at, self._run_waits = cursor.fetchone()
        self._known = True
