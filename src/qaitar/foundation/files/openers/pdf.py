"""Judges a PDF: protection, number and size of pages, parts, scripts, actions, attachments."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pikepdf

from qaitar.foundation.files.openers.limits import Answer, refused, serve

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

PAGES_MAX = 500
OBJECTS_MAX = 100_000
NODES_MAX = 1_000_000
PAGE_SIDE_MAX_PT = 14_400  # 200 inches, the limit the format's own specification names
_SCRIPT_KEYS = {"/JS", "/JavaScript", "/XFA"}
_ATTACHING_KEYS = {"/EF", "/EmbeddedFiles", "/RichMediaContent"}
_ACTIONS = {"/Launch", "/SubmitForm", "/ImportData", "/GoToE"}
_BRANCHING = pikepdf.Array | pikepdf.Dictionary


def check(path: Path, _folder: Path) -> Answer:
    """Answer with the number of pages, or why the PDF is not taken."""
    try:
        document = pikepdf.open(path)
    except pikepdf.PasswordError:
        return refused("pdf_encrypted")
    if document.is_encrypted:
        return refused("pdf_encrypted")
    objects = len(document.objects)
    if objects > OBJECTS_MAX:
        return refused("pdf_objects", objects=objects)
    for danger in _dangers(document):
        return refused(danger, objects=objects)
    return _pages(document)


def _pages(document: pikepdf.Pdf) -> Answer:
    pages = len(document.pages)
    if pages == 0:
        return refused("pdf_no_pages")
    if pages > PAGES_MAX:
        return refused("pdf_pages", pages=pages, limit=PAGES_MAX)
    for number, page in enumerate(document.pages, 1):
        if not _is_sane(page):
            return refused("pdf_page_size", page=number)
    return {"pages": pages}


def _is_sane(page: pikepdf.Page) -> bool:
    left, bottom, right, top = (float(side) for side in page.mediabox.as_list())
    unit = float(page.obj.get("/UserUnit", 1))
    sides = (abs(right - left) * unit, abs(top - bottom) * unit)
    return all(1 <= side <= PAGE_SIDE_MAX_PT for side in sides)


def _dangers(document: pikepdf.Pdf) -> Iterator[str]:
    """Look at every part of the file, used by a page or not, within a budget of parts."""
    budget = NODES_MAX
    for top in document.objects:
        waiting = [top]
        while waiting:
            node = waiting.pop()
            budget -= 1
            if budget < 0:
                yield "pdf_objects"
            if isinstance(node, pikepdf.Array):
                waiting.extend(_direct(node.as_list()))
            elif isinstance(node, pikepdf.Dictionary | pikepdf.Stream):
                yield from _danger(node)
                waiting.extend(_direct(value for _, value in node.items()))


def _direct(children: Iterable[pikepdf.Object]) -> Iterator[pikepdf.Object]:
    """Keep what is written in place; the rest comes by itself in the list of all parts."""
    for child in children:
        if isinstance(child, _BRANCHING) and not child.is_indirect:
            yield child


def _danger(node: pikepdf.Object) -> Iterator[str]:
    keys = set(node.keys())
    act = str(node.get("/S", ""))
    if keys & _SCRIPT_KEYS or act == "/JavaScript":
        yield "pdf_script"
    if keys & _ATTACHING_KEYS or str(node.get("/Type", "")) == "/EmbeddedFile":
        yield "pdf_attachment"
    if act in _ACTIONS:
        yield "pdf_action"


if __name__ == "__main__":
    sys.exit(serve(check))
