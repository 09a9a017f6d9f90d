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
_TURNS_PAGES = {"/GoTo", "/Named", "/SetOCGState", "/Trans", "/Hide"}
_KNOWN_ALONE = _TURNS_PAGES | _ACTIONS | {"/JavaScript"}
"""Actions that are harmless, or have a reason of their own wherever they stand."""
_OUTWARD_KEYS = {"/OpenAction", "/AA", "/F"}
_LINKS = {"/GoToR", "/URI"}
_FAR_SCHEMES = ("file:", "smb:", "javascript:", "vbscript:", "data:", "ms-")
ACTIONS_MAX = 1_000
_BRANCHING = pikepdf.Array | pikepdf.Dictionary


def check(path: Path, _folder: Path) -> Answer:
    """Answer with the number of pages, or why the PDF is not taken.

    A PDF that opens without a password is readable for everybody: a password of the owner's alone only limits
    printing and changing.
    """
    try:
        document = pikepdf.open(path)
    except pikepdf.PasswordError:
        return refused("pdf_encrypted")
    return judge(document, path)


def judge(document: pikepdf.Pdf, path: Path) -> Answer:
    """Answer with the number of pages of an opened document, or why it is not taken; `path` is what was sent."""
    if not is_whole(path.read_bytes()):
        return refused("damaged")
    objects = len(document.objects)
    if objects > OBJECTS_MAX:
        return refused("pdf_objects", objects=objects)
    for danger in _dangers(document):
        return refused(danger, objects=objects)
    return _pages(document)


def is_whole(raw: bytes) -> bool:
    r"""Tell a file cut short from a whole one: its last word is where its table of parts begins.

    Both readers open what is left of a cut file, with fewer pages; the mark of the end alone is often missing, and
    padding of any kind may follow it.

    >>> is_whole(b"1 0 obj <<>> endobj\nstartxref\n299\n" + bytes(5000))
    True
    >>> is_whole(b"1 0 obj <<>> endobj\nstartxref\n299\n%%EOF\n2 0 obj <</Len"), is_whole(b"1 0 obj <<>> endobj")
    (False, False)
    """
    last = raw.rfind(b"startxref")
    return last >= 0 and b" obj" not in raw[last:]


def _pages(document: pikepdf.Pdf) -> Answer:
    pages = len(document.pages)
    if pages == 0:
        return refused("pdf_no_pages")
    if pages < int(document.Root.Pages.get("/Count", 0)):
        return refused("damaged")  # some of the pages it counts are lost
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
    if (keys & _OUTWARD_KEYS or act in _LINKS) and _leads_outside(node, act):
        yield "pdf_outside"


def _leads_outside(node: pikepdf.Object, act: str) -> bool:
    """Tell what fetches something from outside, or would when pressed: shares, local files, actions nobody presses.

    A link to a web page that a person presses is in many honest papers and is no danger by itself.
    """
    if isinstance(node, pikepdf.Stream) and "/F" in node:
        return True  # the bytes of the stream lie in another file
    if act == "/GoToR" and _is_far(_file_name(node.get("/F"))):
        return True
    if act == "/URI" and _is_far(_words(node.get("/URI"))):
        return True
    return any(map(_acts_alone, _automatic(node)))


def _automatic(node: pikepdf.Object) -> Iterator[pikepdf.Object]:
    """Yield the actions a reader starts by itself: when the document or a page opens, when a field gets the focus."""
    if "/OpenAction" in node:
        yield node["/OpenAction"]
    triggers = node.get("/AA")
    if isinstance(triggers, pikepdf.Dictionary):
        yield from (action for _, action in triggers.items())


def _acts_alone(action: pikepdf.Object) -> bool:
    """Tell whether an action, or one that follows it, does more than turn pages."""
    waiting, left = [action], ACTIONS_MAX
    while waiting:
        left -= 1
        if left < 0:
            return True
        step = waiting.pop()
        if isinstance(step, pikepdf.Array):
            waiting.extend(one for one in step.as_list() if isinstance(one, pikepdf.Dictionary))
        elif isinstance(step, pikepdf.Dictionary):
            if str(step.get("/S", "/GoTo")) not in _KNOWN_ALONE:
                return True
            following = step.get("/Next")
            waiting.extend([following] if following is not None else [])
    return False


def _file_name(specification: pikepdf.Object | None) -> str:
    if isinstance(specification, pikepdf.Dictionary):
        names = [_words(specification.get(key)) for key in ("/UF", "/F", "/Unix", "/DOS", "/Mac")]
        return next((name for name in names if name), "")
    return _words(specification)


def _words(value: pikepdf.Object | None) -> str:
    return str(value) if isinstance(value, pikepdf.String) else ""


def _is_far(target: str) -> bool:
    """Tell a target that makes a reader speak to another machine or open a local file when it is only pressed."""
    plain = target.strip().lower().replace("\\", "/")
    return plain.startswith(("//", *_FAR_SCHEMES))


if __name__ == "__main__":
    sys.exit(serve(check))
