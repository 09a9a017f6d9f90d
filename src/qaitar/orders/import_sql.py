"""The SQL of merging: temporary tables that readings are copied into, and one upsert a table out of them.

COPY cannot write tables behind row-level security, so rows go through temporary tables; the upserts stand under the walls
like any other statement.  All names here are constants of ours; values are parameters or copied data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from qaitar.orders.import_rows import FIELD, LINE, ORDER, TENDER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qaitar.orders.import_rows import ImportColumn

ORDER_HEAD: Final = (
    ("id", "uuid"),
    ("code", "text"),
    ("customer_id", "uuid"),
    ("digest", "bytea"),
    ("updated_at", "timestamptz"),
)
LINE_HEAD: Final = (("id", "uuid"), ("order_id", "uuid"), ("key", "text"))
TENDER_HEAD: Final = (("id", "uuid"), ("order_id", "uuid"))
CUSTOMER_HEAD: Final = (
    ("id", "uuid"),
    ("external_id", "text"),
    ("name", "text"),
    ("phone", "text"),
)
_DEFAULTS: Final = {"currency": "'KZT'", "number": "0", "quantity_milli": "1000"}


def _table(name: str, head: Sequence[tuple[str, str]], columns: Sequence[ImportColumn]) -> str:
    inside = [*head, *((column.name, column.type) for column in columns)]
    listed = ", ".join(f"{column} {kind}" for column, kind in inside)
    return f"CREATE TEMP TABLE IF NOT EXISTS {name} ({listed}) ON COMMIT DELETE ROWS"


CREATE: Final = "; ".join(
    (
        _table("incoming_order", ORDER_HEAD, ORDER),
        _table("incoming_line", LINE_HEAD, LINE),
        _table("incoming_tender", TENDER_HEAD, TENDER),
        _table("incoming_customer", CUSTOMER_HEAD, ()),
    )
)
EMPTY: Final = (
    "TRUNCATE pg_temp.incoming_order, pg_temp.incoming_line,"
    " pg_temp.incoming_tender, pg_temp.incoming_customer"
)


_FIELD: Final = f"\\x{ord(FIELD):02x}"


def _copy(name: str) -> str:
    return f"COPY pg_temp.{name} FROM STDIN (DELIMITER E'{_FIELD}', NULL '')"


COPY_ORDERS: Final = _copy("incoming_order")
COPY_LINES: Final = _copy("incoming_line")
COPY_TENDERS: Final = _copy("incoming_tender")
COPY_CUSTOMERS: Final = _copy("incoming_customer")


def _given(column: ImportColumn) -> str:
    default = _DEFAULTS.get(column.name, "''" if column.type == "text" else "")
    return f"COALESCE(i.{column.name}, {default})" if default else f"i.{column.name}"


def _names(columns: Sequence[ImportColumn], prefix: str = "") -> str:
    return ", ".join(prefix + column.name for column in columns)


def _set(names: Sequence[str]) -> str:
    return ", ".join(f"{name} = EXCLUDED.{name}" for name in names)


def _distinct(names: Sequence[str]) -> str:
    old, new = (", ".join(f"{of}.{name}" for name in names) for of in ("o", "EXCLUDED"))
    return f"({old}) IS DISTINCT FROM ({new})"


_ORDER_NAMES: Final = ("customer_id", "digest", *(column.name for column in ORDER))
UPSERT_ORDERS: Final = f"""
INSERT INTO orders_order AS o (id, merchant_id, store_id, code, customer_id, digest, erp_number, created_at, updated_at,
 {_names(ORDER)})
SELECT i.id, %(merchant)s, %(store)s, i.code, i.customer_id, i.digest, '', %(now)s, i.updated_at,
 {", ".join(map(_given, ORDER))} FROM pg_temp.incoming_order i
ON CONFLICT (store_id, code) DO UPDATE SET {_set((*_ORDER_NAMES, "updated_at"))}
WHERE {_distinct((*_ORDER_NAMES, "updated_at"))}"""  # noqa: S608  constants of this file and of readings

_LINE_NAMES: Final = ("key", *(column.name for column in LINE))
UPSERT_LINES: Final = f"""
INSERT INTO orders_orderline AS o (id, merchant_id, order_id, key, {_names(LINE)})
SELECT i.id, %(merchant)s, i.order_id, i.key, {", ".join(map(_given, LINE))} FROM pg_temp.incoming_line i
ON CONFLICT (id) DO UPDATE SET {_set(_LINE_NAMES)} WHERE {_distinct(_LINE_NAMES)}"""  # noqa: S608  constants of this file and of readings

_TENDER_NAMES: Final = tuple(column.name for column in TENDER)
UPSERT_TENDERS: Final = f"""
INSERT INTO orders_tender AS o (id, merchant_id, order_id, {_names(TENDER)})
SELECT i.id, %(merchant)s, i.order_id, {", ".join(map(_given, TENDER))} FROM pg_temp.incoming_tender i
ON CONFLICT (id) DO UPDATE SET {_set(_TENDER_NAMES)} WHERE {_distinct(_TENDER_NAMES)}"""  # noqa: S608  constants of this file and of readings

UPSERT_CUSTOMERS: Final = f"""
INSERT INTO orders_customer AS o (id, merchant_id, channel, external_id, name, phone, language)
SELECT i.id, %(merchant)s, %(channel)s, i.external_id, COALESCE(i.name, ''), COALESCE(i.phone, ''), ''
FROM pg_temp.incoming_customer i
ON CONFLICT (merchant_id, channel, external_id) DO UPDATE SET {_set(("name", "phone"))}
WHERE {_distinct(("name", "phone"))}"""  # noqa: S608  constants of this file

# A batch of new orders only needs no look at conflicts: the merchant's turn (`LOCK`) is held since it was compared.
INSERT_ORDERS, INSERT_LINES, INSERT_TENDERS = (
    upsert.partition("ON CONFLICT")[0] for upsert in (UPSERT_ORDERS, UPSERT_LINES, UPSERT_TENDERS)
)


def _each(picked: str, table: str, where: str, kind: str) -> str:
    """Look up many rows one by one through an index.

    What is wanted comes as one text, which is many times cheaper to send than an array.
    `= ANY(array)` lets the planner walk all of a merchant's rows instead, when its statistics are old; OFFSET 0 forbids it.
    """
    return (
        f"SELECT t.* FROM unnest(string_to_array(%(wanted)s, E'{_FIELD}')::{kind}[]) AS w(wanted)"  # noqa: S608  constants of this file
        " CROSS JOIN LATERAL"
        f" (SELECT {picked} FROM {table} WHERE {where} = w.wanted OFFSET 0) AS t"
    )


KNOWN_ORDERS: Final = _each(
    "code, id::text, digest", "orders_order", "store_id = %(store)s AND code", "text"
)
STORED_ORDERS: Final = _each(
    f"id, customer_id, updated_at, {_names(ORDER)}", "orders_order", "id", "uuid"
)
STORED_LINES: Final = (
    _each(f"order_id, id, key, {_names(LINE)}", "orders_orderline", "order_id", "uuid")
    + " ORDER BY t.order_id, t.number, t.id"
)
STORED_TENDERS: Final = _each(
    f"order_id, id, {_names(TENDER)}", "orders_tender", "order_id", "uuid"
)
STORED_CUSTOMERS: Final = _each(
    "external_id, id, name, phone",
    "orders_customer",
    "merchant_id = %(merchant)s AND channel = %(channel)s AND external_id",
    "text",
)
DELETE_TENDERS: Final = "DELETE FROM orders_tender WHERE id = ANY(%s)"
LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 11))"
