"""Locks that live as long as a database session, not a transaction: free again the moment their holder dies."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog
from django.db import Error, connection

if TYPE_CHECKING:
    from collections.abc import Iterator

_log = structlog.get_logger(__name__)


@contextmanager
def session_lock(name: str) -> Iterator[bool]:
    """Try to take the lock `name` and tell whether it is ours; held outside of any transaction.

    A worker killed with -9 loses it with its session, so whoever gets it knows that the earlier holder is gone.
    """
    assert not connection.in_atomic_block, (
        "a session's lock is taken and given back outside of transactions"
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 5))", [name])
        (mine,) = cursor.fetchone()
    try:
        yield mine
    finally:
        if mine:
            _give_back(name)


def _give_back(name: str) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 5))", [name])
    except Error:
        _log.warning("the session that held a lock has ended", lock=name)
        connection.close()
