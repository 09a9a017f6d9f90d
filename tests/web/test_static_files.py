"""Styles and scripts are kept by the browser for good, because their names change with their content."""

from __future__ import annotations

import gzip
import json
import re
from typing import TYPE_CHECKING, Any

from django.contrib.staticfiles.storage import staticfiles_storage

from qaitar.config.static_files import gather
from tests.web.test_design import STATIC

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


def test_a_script_borrows_another_under_the_name_the_page_has(
    settings: Any, tmp_path: Path
) -> None:
    """Under two names it would run twice, and every press it hears would count twice."""
    settings.STATIC_ROOT = tmp_path / "static"
    gather()
    settings.STATIC_ROOT = tmp_path / "static"
    borrowed = 0
    for script in (STATIC / "js").glob("*.js"):
        served = tmp_path / staticfiles_storage.url(f"console/js/{script.name}").removeprefix("/")
        for name in re.findall(r'^import .*"\./([^"]+)";$', served.read_text(), re.MULTILINE):
            plain = re.sub(r"\.[0-9a-f]{12}\.js$", ".js", name)
            assert staticfiles_storage.url(f"console/js/{plain}").endswith(f"/{name}"), script.name
            borrowed += 1
    assert borrowed >= 1
