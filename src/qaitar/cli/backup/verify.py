"""`qaitar backup verify`: restores a backup into a scratch database and checks it; no installation is touched."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from qaitar.backup.manifest import manifest_read
from qaitar.cli.backup.restore_report import restored_lines
from qaitar.cli.backup.restore_steps import RestoreRequest, restore_all
from qaitar.foundation.files.store import DurableFileStorage, FileStore
from qaitar.foundation.ops.clock import utc_now
from qaitar.runtime.folder import DataFolder

if TYPE_CHECKING:
    import argparse

    from qaitar.backup.manifest import Manifest
    from qaitar.backup.target import Target
    from qaitar.cli.backup.restore_steps import Restored

_INSTALLATIONS: Final = (
    "DATABASE_URL",
    "QAITAR_APP_DATABASE_URL",
    "QAITAR_DB_",
    "QAITAR_S3_",
    "QAITAR_DATA",
)


def verify(options: argparse.Namespace, target: Target) -> int:
    """Verify one backup; returns 1 when something is not as it was."""
    manifest = manifest_read(target, options.backup)
    with tempfile.TemporaryDirectory(prefix="qaitar-verify-", dir=options.scratch) as scratch:
        restored = scratch_restore(target, manifest, Path(scratch))
    well = restored.well and manifest.whole
    if options.json:
        document = {"ok": well, "backup": manifest.as_json(), "restored": asdict(restored)}
        print(json.dumps(document, ensure_ascii=False, indent=2))
        return int(not well)
    print(f"Backup {manifest.id} in {target.place}, restored into a scratch database:")
    for line in restored_lines(manifest, restored):
        print(f"  {line}")
    print("The backup is good." if well else "The backup is NOT good.")
    return int(not well)


def scratch_restore(target: Target, manifest: Manifest, scratch: Path) -> Restored:
    """Restore into an embedded server of its own below `scratch`, whatever the environment says of installations."""
    folder = DataFolder(scratch / "data")
    store = FileStore(DurableFileStorage(location=str(folder.files)))
    environ = {
        name: value for name, value in os.environ.items() if not name.startswith(_INSTALLATIONS)
    }
    return restore_all(RestoreRequest(target, manifest, folder, store, environ, utc_now()))
