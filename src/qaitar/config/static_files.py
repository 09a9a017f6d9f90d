"""Styles and scripts under names made of their content, compressed once, so that a browser keeps them for good."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.core.management import call_command
from typing_extensions import override
from whitenoise.compress import Compressor


class NamedByContent(ManifestStaticFilesStorage):
    """Gives each file a name with the hash of its content; plain names where nothing was gathered (tests, tools)."""

    manifest_strict = False
    patterns = (
        *ManifestStaticFilesStorage.patterns,
        # a script of ours borrowed under its plain name would run a second time
        ("console/js/*.js", ((r'(?P<matched>from "(?P<url>\./[\w.]+)")', 'from "%(url)s"'),)),
    )

    @override
    def stored_name(self, name: str) -> str:
        """Give the name with the hash."""
        return super().stored_name(name) if self.hashed_files else name


def gather() -> None:
    """Gather, name and compress all files into the data folder; call it before the web server is loaded."""
    root = Path(settings.STATIC_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    call_command("collectstatic", interactive=False, verbosity=0)
    compressor = Compressor(use_brotli=False, quiet=True)
    for name in NamedByContent().hashed_files.values():
        made = root / f"{name}.gz"  # a name stands for one content: what is there stays true
        if compressor.should_compress(name) and not made.exists():
            list(compressor.compress(str(root / name)))
