"""Statements the server plans once for each connection instead of each time: the few that every call runs.

They are large and their text never changes, so planning them anew took longer than running them (docs/performance.md).
Not for statements whose best plan depends on the values, as the queue's and the search's do.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self, cast

import psycopg
from django.db import connection
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.backends.utils import CursorWrapper


class _PreparingCursor(psycopg.Cursor[tuple[Any, ...]]):
    """Has every statement prepared; Django keeps that switched off on its connections, so it is on for the moment only."""

    @override
    def execute(self, query: Any, params: Any = None, **given: Any) -> Self:
        """Run a statement, planned by the server the first time."""
        self.connection.prepare_threshold = 0
        try:
            return super().execute(query, params, **{"prepare": True, **given})
        finally:
            self.connection.prepare_threshold = None


@contextmanager
def prepared_cursor() -> Iterator[CursorWrapper]:
    """Open a cursor of the present connection whose statements are prepared; counted and wrapped like any other of Django's.

    Every parameter needs a type the server can tell, from a column beside it or a cast.
    """
    connection.ensure_connection()
    cursor: Any = _PreparingCursor(cast("psycopg.Connection[Any]", connection.connection))
    wrap = connection.make_debug_cursor if connection.queries_logged else connection.make_cursor
    with wrap(cursor) as wrapped:
        yield wrapped
