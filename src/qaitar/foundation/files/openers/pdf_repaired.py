"""Judges a PDF only pdfium can open: it writes the document anew, and the copy is judged like any other."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import pikepdf
import pypdfium2

from qaitar.foundation.files.openers.limits import Answer, refused, serve
from qaitar.foundation.files.openers.pdf import judge

if TYPE_CHECKING:
    from pathlib import Path

_PASSWORD_WORDS = "password"  # noqa: S105  a word of pdfium's message


def check(path: Path, _folder: Path) -> Answer:
    """Answer with the number of pages, or why the PDF is not taken."""
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if _PASSWORD_WORDS in str(error).lower():
            return refused("pdf_encrypted")
        raise
    copy = io.BytesIO()
    document.save(copy)
    document.close()
    return judge(pikepdf.open(copy), path)


if __name__ == "__main__":
    sys.exit(serve(check))
