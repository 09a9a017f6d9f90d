"""The bill of materials of what the program runs on: CycloneDX 1.6 as JSON."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tests.supply.pins import ROOT, RUN

if TYPE_CHECKING:
    from pathlib import Path

VENDOR: Final = ROOT / "src/qaitar/web/console/static/console/vendor"


@dataclass(frozen=True)
class Vendored:
    """A script of somebody else that lies in our source, unchanged."""

    file: str
    package: str
    version: str
    licence: str

    def component(self) -> dict[str, Any]:
        """Describe it for the bill, with the hash of the file as it lies here."""
        content = (VENDOR / self.file).read_bytes()
        purl = f"pkg:npm/{self.package.replace('@', '%40')}@{self.version}"
        return {
            "bom-ref": purl,
            "type": "library",
            "name": self.package,
            "version": self.version,
            "purl": purl,
            "licenses": [{"license": {"id": self.licence}}],
            "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(content).hexdigest()}],
        }


VENDORED: Final = (
    Vendored("htmx.min.js", "htmx.org", "2.0.11", "0BSD"),
    Vendored("zxing.min.js", "@zxing/library", "0.21.3", "Apache-2.0"),
)


def write(path: Path) -> dict[str, Any]:
    """Write the bill to a file and return it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    maker = [sys.executable, "-m", "cyclonedx_py", "requirements", str(RUN)]
    reported = ["--pyproject", str(ROOT / "pyproject.toml"), "--output-reproducible"]
    command = [
        *maker,
        *reported,
        "--spec-version",
        "1.6",
        "--of",
        "JSON",
        "--output-file",
        str(path),
    ]
    subprocess.run(command, check=True, capture_output=True)
    bill = with_vendored(json.loads(path.read_text(encoding="utf-8")))
    path.write_text(json.dumps(bill, indent=1, ensure_ascii=False), encoding="utf-8")
    return bill


def with_vendored(bill: dict[str, Any]) -> dict[str, Any]:
    """Add the scripts in our source to the packages of the index."""
    return {**bill, "components": [*bill["components"], *(each.component() for each in VENDORED)]}
