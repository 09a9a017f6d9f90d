"""`qaitar restore`: brings a backup back into an empty installation and checks what came of it."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING

from qaitar.backup.manifest import manifest_read
from qaitar.backup.places import key_from, target_at
from qaitar.cli.backup.restore_report import restored_lines
from qaitar.cli.backup.restore_steps import RestoreRequest, restore_all
from qaitar.foundation.files.store import FileStore
from qaitar.foundation.ops.clock import utc_now
from qaitar.runtime.folder import DataFolder

if TYPE_CHECKING:
    import argparse
    from pathlib import Path


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare flags."""
    parser.add_argument(
        "place", metavar="FROM", help="where the backups are: a folder or s3://BUCKET/PREFIX"
    )
    parser.add_argument("--backup", metavar="ID", help="which one (default: the newest)")
    parser.add_argument("--key-file", metavar="FILE", help="the key of encrypted backups")
    parser.add_argument(
        "--replace",
        action="store_true",
        help="into a filled data folder: its database is kept beside",
    )
    parser.add_argument(
        "--upgrade",
        action="store_true",
        help="a backup of an older version: bring its tables up to date",
    )
    parser.add_argument("--json", action="store_true", help="one JSON document")


def run(options: argparse.Namespace, path: Path) -> int:
    """Restore and check; returns 1 when something is not as it was."""
    target = target_at(options.place, key_from(os.environ, options.key_file), os.environ)
    target.open()
    manifest = manifest_read(target, options.backup)
    wanted = RestoreRequest(
        target,
        manifest,
        DataFolder(path),
        FileStore(),
        dict(os.environ),
        utc_now(),
        replace=options.replace,
        upgrade=options.upgrade,
    )
    restored = restore_all(wanted)
    well = restored.well and manifest.whole
    if options.json:
        document = {
            "ok": well,
            "data": str(path),
            "backup": manifest.as_json(),
            "restored": asdict(restored),
        }
        print(json.dumps(document, ensure_ascii=False, indent=2))
        return int(not well)
    print(
        f"Backup {manifest.id} of {manifest.as_of:%Y-%m-%d %H:%M:%S} UTC is restored into {path}:"
    )
    for line in restored_lines(manifest, restored):
        print(f"  {line}")
    print(
        "Everything is as it was." if well else "NOT everything is as it was: see the lines above."
    )
    print(
        "What happened after that moment is not in it: outside systems may be ahead. Start with "
        f"`qaitar doctor --data {path}`, and only where the old installation no longer runs."
    )
    return int(not well)
