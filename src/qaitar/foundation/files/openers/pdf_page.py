"""Draws one page of a PDF, named by its number on the command line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pypdfium2

from qaitar.foundation.files.openers.limits import Answer, serve
from qaitar.foundation.files.openers.pdf_preview import draw_page

if TYPE_CHECKING:
    from pathlib import Path


def draw(path: Path, folder: Path) -> Answer:
    """Write the previews of the page into the folder; `drawn` is false where the document has no such page."""
    number = int(sys.argv[3])
    document = pypdfium2.PdfDocument(path)
    there = 1 <= number <= len(document)
    if there:
        draw_page(document, number - 1, folder)
    document.close()
    return {"drawn": there}


if __name__ == "__main__":
    sys.exit(serve(draw))
