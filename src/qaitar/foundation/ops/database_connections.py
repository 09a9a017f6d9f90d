"""Leads one of Django's two connections to another database: the program's (`default`) or the owner's (`owner`)."""

from __future__ import annotations

from typing import Final

from django.db import connections

from qaitar.runtime.addresses import parts_of

_DJANGO: Final = {
    "NAME": "dbname",
    "USER": "user",
    "PASSWORD": "password",
    "HOST": "host",
    "PORT": "port",
}


def point_connection(alias: str, dsn: str) -> None:
    """Close a connection and lead it to this address from now on; an empty address leads it nowhere."""
    given = parts_of(dsn)
    values = {django: given.get(libpq, "") for django, libpq in _DJANGO.items()}
    connections[alias].close()
    connections.databases[alias].update(values)
    connections[alias].settings_dict.update(values)
