"""Finds the connection of a store, and keeps one client of it for a run, so that pauses and tokens are shared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qaitar.foundation.connections.systems import client_for, systems_with
from qaitar.foundation.models import Connection

if TYPE_CHECKING:
    from contextlib import ExitStack
    from uuid import UUID


def connection_of(contract: str, store_id: UUID) -> Connection | None:
    """Find the enabled connection of a kind for a store: its own first, then the merchant's; behind its walls."""
    rows = Connection.objects.filter(system__in=systems_with(contract), enabled=True)
    mine = [row for row in rows.order_by("system") if row.store_id in {store_id, None}]
    return min(mine, key=lambda row: row.store_id is None, default=None)


class ClientCache:
    """Clients of connections as they were saved when first asked for; all are closed with the stack."""

    def __init__(self, stack: ExitStack) -> None:
        """Lend nothing yet."""
        self._stack = stack
        self._made: dict[tuple[UUID, str, bytes], Any] = {}

    def of(self, connection: Connection) -> Any:
        """Give the client of a connection; errors as `client_for`."""
        key = (connection.pk, repr(connection.settings), bytes(connection.secrets))
        if key not in self._made:
            client = client_for(connection)
            self._stack.callback(client.close)
            self._made[key] = client
        return self._made[key]
