"""Why a file is not taken: one code a reason, one sentence a code, fit to show to the sender."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from django.utils.functional import lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

if TYPE_CHECKING:
    from collections.abc import Mapping


class FileRefusalCode(StrEnum):
    """The reasons; the value is stored and sent through the API, so it never changes."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    UNSUPPORTED = "unsupported"
    ARCHIVE = "archive"
    EXECUTABLE = "executable"
    MARKUP = "markup"
    TWO_IN_ONE = "two_in_one"
    DAMAGED = "damaged"
    TOO_HEAVY = "too_heavy"
    BUSY = "busy"
    IMAGE_PIXELS = "image_pixels"
    IMAGE_FRAMES = "image_frames"
    PDF_ENCRYPTED = "pdf_encrypted"
    PDF_PAGES = "pdf_pages"
    PDF_NO_PAGES = "pdf_no_pages"
    PDF_OBJECTS = "pdf_objects"
    PDF_PAGE_SIZE = "pdf_page_size"
    PDF_SCRIPT = "pdf_script"
    PDF_ACTION = "pdf_action"
    PDF_OUTSIDE = "pdf_outside"
    PDF_ATTACHMENT = "pdf_attachment"
    TABLE_MACRO = "table_macro"
    TABLE_PARTS = "table_parts"
    TABLE_BOMB = "table_bomb"
    TABLE_RATIO = "table_ratio"
    TABLE_EMBEDDED = "table_embedded"
    TABLE_ENTITIES = "table_entities"
    TABLE_ENCRYPTED = "table_encrypted"
    TEXT_UNREADABLE = "text_unreadable"
    TEXT_LINE = "text_line"
    JSON_BROKEN = "json_broken"
    JSON_DEPTH = "json_depth"


@dataclass(frozen=True, slots=True)
class Rejected:
    """The file was not taken; `params` fill the sentence and are plain numbers and short words."""

    code: FileRefusalCode
    params: Mapping[str, str | int] = field(default_factory=dict)


SENTENCES: dict[FileRefusalCode, str] = {
    FileRefusalCode.EMPTY: _("The file is empty. Please send it again."),
    FileRefusalCode.TOO_LARGE: _(
        "The file is %(size_mb)s MB; at most %(limit_mb)s MB can be taken."
    ),
    FileRefusalCode.UNSUPPORTED: _(
        "This kind of file (%(found)s) is not taken. Please send a photo, a PDF, a video or a table."
    ),
    FileRefusalCode.ARCHIVE: _(
        "Archives (%(found)s) are not taken. Please send the files one by one."
    ),
    FileRefusalCode.EXECUTABLE: _(
        "This is a program (%(found)s), not a document. Programs are never taken."
    ),
    FileRefusalCode.MARKUP: _(
        "Web pages and drawings (%(found)s) are not taken. Please send a photo or a PDF."
    ),
    FileRefusalCode.TWO_IN_ONE: _(
        "Another file (%(found)s) is hidden inside this one. Please save it anew and send it again."
    ),
    FileRefusalCode.DAMAGED: _("The file is damaged or incomplete. Please send it again."),
    FileRefusalCode.TOO_HEAVY: _(
        "The file takes too much time or memory to open. Please save it smaller and send it again."
    ),
    FileRefusalCode.BUSY: _(
        "Too many files are being checked right now. Please try again in a minute."
    ),
    FileRefusalCode.IMAGE_PIXELS: _(
        "The picture is %(width)s × %(height)s pixels; at most %(limit_mpx)s megapixels can be taken."
    ),
    FileRefusalCode.IMAGE_FRAMES: _(
        "The picture has %(frames)s frames; at most %(limit)s can be taken. Please send a video."
    ),
    FileRefusalCode.PDF_ENCRYPTED: _(
        "The PDF is protected by a password. Please remove the protection and send it again."
    ),
    FileRefusalCode.PDF_PAGES: _("The PDF has %(pages)s pages; at most %(limit)s can be taken."),
    FileRefusalCode.PDF_NO_PAGES: _("The PDF has no pages."),
    FileRefusalCode.PDF_OBJECTS: _(
        "The PDF has too many parts inside (%(objects)s). Please print it to PDF anew."
    ),
    FileRefusalCode.PDF_PAGE_SIZE: _(
        "Page %(page)s of the PDF has an impossible size. Please print it to PDF anew."
    ),
    FileRefusalCode.PDF_SCRIPT: _(
        "The PDF contains a script. Please print it to PDF anew and send that."
    ),
    FileRefusalCode.PDF_ACTION: _(
        "The PDF starts other programs or sends data. Please print it to PDF anew and send that."
    ),
    FileRefusalCode.PDF_OUTSIDE: _(
        "The PDF opens an address or another file by itself. Please print it to PDF anew and send that."
    ),
    FileRefusalCode.PDF_ATTACHMENT: _(
        "The PDF has files attached inside. Please send them one by one."
    ),
    FileRefusalCode.TABLE_MACRO: _(
        "The table contains macros. Please save it as XLSX without macros."
    ),
    FileRefusalCode.TABLE_PARTS: _(
        "The table file is built wrongly inside. Please save it anew as XLSX."
    ),
    FileRefusalCode.TABLE_BOMB: _(
        "The table unpacks to more than %(limit_mb)s MB. Please split it into smaller tables."
    ),
    FileRefusalCode.TABLE_RATIO: _(
        "The table unpacks to %(times)s times its size, as no real table does. Please save it anew as XLSX."
    ),
    FileRefusalCode.TABLE_EMBEDDED: _(
        "The table has other files inside. Please remove them and send it again."
    ),
    FileRefusalCode.TABLE_ENTITIES: _(
        "The table contains definitions that tables never need. Please save it anew as XLSX."
    ),
    FileRefusalCode.TABLE_ENCRYPTED: _(
        "The table is protected by a password. Please remove the protection and send it again."
    ),
    FileRefusalCode.TEXT_UNREADABLE: _(
        "The text in the file cannot be read. Please save it as UTF-8."
    ),
    FileRefusalCode.TEXT_LINE: _("A line in the file is longer than %(limit)s characters."),
    FileRefusalCode.JSON_BROKEN: _("The file is not valid JSON. Please export it again."),
    FileRefusalCode.JSON_DEPTH: _("The JSON file is nested deeper than %(limit)s levels."),
}


def _sentence(code: FileRefusalCode, params: Mapping[str, str | int]) -> str:
    return gettext(SENTENCES[code]) % params


_sentence_later = lazy(_sentence, str)


def sentence(refusal: Rejected) -> str:
    """Say the refusal to its sender, in the language active when the text is shown (a lazy string)."""
    return _sentence_later(refusal.code, refusal.params)
