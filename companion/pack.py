"""Zips the companion for Chrome and Firefox: the files as they are, with each browser's manifest.  `make companion`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

HERE = Path(__file__).resolve().parent
NOT_SHIPPED = {"pack.py", "manifest.json", "manifest.firefox.json"}
FIREFOX = "manifest.firefox.json"


def manifests() -> dict[str, dict[str, object]]:
    """Give each browser's manifest: Chrome's is the one in the folder, Firefox's differs by a few keys."""
    chrome = json.loads((HERE / "manifest.json").read_text(encoding="utf-8"))
    other = json.loads((HERE / FIREFOX).read_text(encoding="utf-8"))
    firefox = {key: value for key, value in (chrome | other).items() if value is not None}
    return {"chrome": chrome, "firefox": firefox}


def pack(to: Path) -> list[Path]:
    """Write both packages; the same files give the same bytes."""
    to.mkdir(parents=True, exist_ok=True)
    made = []
    for browser, manifest in manifests().items():
        target = to / f"qaitar-companion-{manifest['version']}-{browser}.zip"
        with ZipFile(target, "w", ZIP_DEFLATED) as archive:
            text = json.dumps(manifest, ensure_ascii=False, indent=2).encode()
            archive.writestr(ZipInfo("manifest.json"), text, ZIP_DEFLATED)
            for path in sorted(HERE.rglob("*")):
                name = path.relative_to(HERE).as_posix()
                if path.is_file() and name not in NOT_SHIPPED and "__pycache__" not in name:
                    archive.writestr(ZipInfo(name), path.read_bytes(), ZIP_DEFLATED)
        made.append(target)
    return made


if __name__ == "__main__":
    for package in pack(Path(sys.argv[1])):
        sys.stdout.write(f"{package}\n")
