"""Which queries a piece of work asks, and whether any of them reads a big table from end to end."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from django.db import connection

from qaitar.lab.bench.dataset_sql import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

BIG: Final = frozenset({*TABLES, "procrastinate_jobs"} - {"returns_stagecount"})
"""Tables that grow with the number of requests; the stage counters grow with stores."""
_PLANNED: Final = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")
_SCANS: Final = frozenset({"Seq Scan", "Sample Scan"})
_INDEX_SCANS: Final = frozenset({"Index Scan", "Index Only Scan", "Bitmap Index Scan"})


@dataclass(frozen=True, slots=True)
class ExplainedStatement:
    """One statement and its plan as the server makes it."""

    sql: str
    plan: Mapping[str, Any]

    def scans(self) -> list[str]:
        """Name the big tables this plan reads from end to end, by table or by a whole index."""
        return [
            f"{node['Node Type']} on {node.get('Relation Name', node.get('Index Name', '?'))}"
            for node in nodes(self.plan)
            if reads_whole(node)
        ]


@dataclass(slots=True)
class Asking:
    """What was asked while listening."""

    statements: list[ExplainedStatement] = field(default_factory=list)

    def scans(self) -> list[str]:
        """Name every end-to-end reading of a big table."""
        return [scan for statement in self.statements for scan in statement.scans()]


def nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Walk every node of a plan, sub-plans included.

    >>> [node["Node Type"] for node in nodes({"Node Type": "Limit", "Plans": [{"Node Type": "Seq Scan"}]})]
    ['Limit', 'Seq Scan']
    """
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def reads_whole(node: Mapping[str, Any]) -> bool:
    """Tell whether a node reads a big table from end to end; an index without a condition is as bad as the table.

    Such an index is fine under a LIMIT only, which the caller's timing shows; it is counted here all the same unless the
    index gives the order (`Scan Direction`) of a partial index, as the queue's do.

    >>> reads_whole({"Node Type": "Seq Scan", "Relation Name": "returns_returnrequest"})
    True
    >>> reads_whole({"Node Type": "Index Scan", "Relation Name": "returns_returnrequest", "Index Cond": "(id = 1)"})
    False
    >>> reads_whole({"Node Type": "Seq Scan", "Relation Name": "orders_store"})
    False
    """
    if node.get("Relation Name") not in BIG:
        return False
    if node["Node Type"] in _SCANS:
        return True
    return node["Node Type"] in _INDEX_SCANS and "Index Cond" not in node


@contextmanager
def listening() -> Iterator[Asking]:
    """Note every statement of Django's connection and explain it in the same transaction, with the same values.

    Changes are explained before they run, so nothing happens twice.
    """
    asking = Asking()
    inside = [False]

    def wrapper(
        execute: Callable[..., Any],
        sql: str,
        params: Any,
        many: bool,  # noqa: FBT001  Django's signature
        context: Mapping[str, Any],
    ) -> Any:
        if not inside[0] and sql.lstrip().upper().startswith(_PLANNED):
            inside[0] = True
            try:
                asking.statements.append(ExplainedStatement(sql, explain(sql, params)))
            finally:
                inside[0] = False
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        yield asking


def explain(sql: str, params: Any = None) -> Mapping[str, Any]:
    """Ask the server how it would run a statement, without running it."""
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (FORMAT JSON) " + sql, params)
        row = cursor.fetchone()
    assert row is not None, "the server gives a plan for every statement"
    explained = row[0] if not isinstance(row[0], str) else json.loads(row[0])
    plan: Mapping[str, Any] = explained[0]["Plan"]
    return plan
