"""Styles and scripts are kept by the browser for good, because their names change with their content."""

from __future__ import annotations

import gzip
import json
import re
from typing import TYPE_CHECKING, Any

from django.contrib.staticfiles.storage import staticfiles_storage

from qaitar.config.static_files import gather

if TYPE_CHECKING:
    from pathlib import Path

STYLE = "console/css/base.css"


def test_plain_names_where_nothing_was_gathered(settings: Any, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path / "static"
    assert staticfiles_storage.url(STYLE) == "/static/console/css/base.css"


def test_gathered_files_are_named_by_content_and_compressed(settings: Any, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path / "static"
    gather()
    settings.STATIC_ROOT = (
        tmp_path / "static"
    )  # the program that serves reads the list at its start
    address = staticfiles_storage.url(STYLE)
    assert re.fullmatch(r"/static/console/css/base\.[0-9a-f]{12}\.css", address)
    served = tmp_path / address.removeprefix("/")
    small = served.with_name(served.name + ".gz").read_bytes()
    assert gzip.decompress(small) == served.read_bytes()
    assert len(small) < len(served.read_bytes()) / 2
    listed = json.loads((tmp_path / "static" / "staticfiles.json").read_text())["paths"]
    assert listed[STYLE] == address.removeprefix("/static/")
