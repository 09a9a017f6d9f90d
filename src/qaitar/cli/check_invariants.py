"""`qaitar check-invariants`: checks, reading only, what must hold over the whole database; exit code 1 when something does not."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import psycopg

from qaitar.flows.invariants.checking import CheckRequest, InvariantReport, invariants_check
from qaitar.foundation.ops.clock import utc_now
from qaitar.runtime.addresses import APP_ROLE, parts_of
from qaitar.runtime.database import APP_VARIABLE, OWNER_VARIABLE

if TYPE_CHECKING:
    import argparse

    from qaitar.flows.invariants.invariant import Checked
    from qaitar.runtime.folder import DataFolder


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare flags."""
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.add_argument(
        "--no-hashes", action="store_true", help="do not take every line's hash anew"
    )
    parser.add_argument("--no-files", action="store_true", help="do not look for kept files")
    parser.add_argument("--contents", action="store_true", help="read every kept file whole")


def run(options: argparse.Namespace, folder: DataFolder) -> int:  # noqa: ARG001  a subcommand's signature
    """Check through the owner of the tables, so that walls hide nothing."""
    app_role = parts_of(os.environ[APP_VARIABLE]).get("user", APP_ROLE)
    request = CheckRequest(
        utc_now(),
        app_role,
        hashes=not options.no_hashes,
        files=not options.no_files,
        contents=options.contents,
    )
    with psycopg.connect(os.environ[OWNER_VARIABLE], autocommit=True) as owner:
        report = invariants_check(owner, request)
    if options.json:
        print(json.dumps(_document(report), ensure_ascii=False, indent=2))
    else:
        _tell(report)
    return 1 if report.broken else 0


def _document(report: InvariantReport) -> dict[str, Any]:
    return {
        "ok": not report.broken,
        "broken": report.broken,
        "hidden": report.hidden,
        "invariants": [_with_rows(each) for each in report.checked],
    }


def _with_rows(checked: Checked) -> dict[str, Any]:
    rows = [
        {"code": row.code, "merchant": row.merchant, "place": row.place, "said": row.fault}
        for row in checked.first
    ]
    return {**asdict(checked), "first": rows}


def _tell(report: InvariantReport) -> None:
    for each in report.checked:
        word = f"BROKEN by {each.broken}" if each.broken else "holds"
        print(f"{each.code:<4}{word:<18}{each.promises} ({each.seconds:.2f} s)")
        for row in each.first:
            print(
                f"{'':<8}{row.place}: {row.fault}{f' (merchant {row.merchant})' if row.merchant else ''}"
            )
        if each.broken > len(each.first):
            print(f"{'':<8}and {each.broken - len(each.first)} more")
    if report.hidden:
        print("note: the owner is held by walls; rows of merchants without a key were not seen.")
    print("Everything holds." if not report.broken else f"{report.broken} rows break something.")
