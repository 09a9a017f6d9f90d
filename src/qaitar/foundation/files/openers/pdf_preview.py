"""Draws previews of a PDF's first page."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pypdfium2

from qaitar.foundation.files.openers.drawing import SIDES_PX, save_previews
from qaitar.foundation.files.openers.limits import Answer, serve

if TYPE_CHECKING:
    from pathlib import Path

_SCALE_MAX = 8.0


def draw(path: Path, folder: Path) -> Answer:
    """Write both previews of the first page into the folder."""
    document = pypdfium2.PdfDocument(path)
    draw_page(document, 0, folder)
    document.close()
    return {}


def draw_page(document: pypdfium2.PdfDocument, index: int, folder: Path) -> None:
    """Write both previews of a page into the folder; forms are not drawn, scripts cannot run."""
    page = document[index]
    scale = min(SIDES_PX["large"] / max(page.get_size()), _SCALE_MAX)
    picture = page.render(scale=scale, may_draw_forms=False).to_pil().convert("RGB")
    save_previews(picture, folder)
    page.close()


if __name__ == "__main__":
    sys.exit(serve(draw))
