"""File names from outside made harmless, and the headers a file is handed out with.  Pure."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

NAME_MAX_CHARS = 120
NAME_MAX_BYTES = 200
_FALLBACK_STEM = "file"
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,5}\Z")
_KNOWN_SUFFIXES = frozenset(
    [
        "jpg",
        "jpeg",
        "jpe",
        "jfif",
        "png",
        "webp",
        "heic",
        "heif",
        "gif",
        "bmp",
        "tif",
        "tiff",
        "svg",
        "pdf",
        "mp4",
        "m4v",
        "mov",
        "webm",
        "avi",
        "mkv",
        "3gp",
        "xlsx",
        "xlsm",
        "xls",
        "xlsb",
        "csv",
        "tsv",
        "json",
        "har",
        "txt",
        "doc",
        "docx",
        "docm",
        "rtf",
        "html",
        "htm",
        "xhtml",
        "xml",
        "mht",
        "php",
        "phtml",
        "asp",
        "aspx",
        "jsp",
        "js",
        "mjs",
        "vbs",
        "wsf",
        "hta",
        "ps1",
        "bat",
        "cmd",
        "com",
        "exe",
        "scr",
        "pif",
        "msi",
        "dll",
        "lnk",
        "url",
        "jar",
        "apk",
        "sh",
        "py",
        "pl",
        "cgi",
        "zip",
        "rar",
        "gz",
        "tgz",
        "tar",
        "bz2",
        "iso",
        "img",
        "cab",
        "swf",
        "reg",
        "inf",
        "cpl",
    ]
)
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|conin\$|conout\$|clock\$|com[0-9¹²³]|lpt[0-9¹²³])\Z")
_FORBIDDEN = re.compile(r'[\\/:*?"<>|%;`$&\'{}~\x00-\x1f\x7f]')
_SERVED = re.compile(r"[a-z]+/[a-z0-9.+-]+\Z")


def safe_name(declared: str, extension: str) -> str:
    """Return a name that is safe on any system and ends in `extension`, keeping the readable stem.

    Folders, control characters, direction marks, reserved names and stacked extensions go away.

    >>> safe_name("../../Акт НРП.pdf.exe", ".pdf")
    'Акт НРП.pdf'
    >>> safe_name("CON.jpg", ".jpg")
    '_CON.jpg'
    """
    text = declared.encode("utf-8", "ignore").decode()
    text = re.split(r"[\\/]", text[:4096])[-1]
    text = "".join(" " if char.isspace() else char for char in text if not _is_hidden(char))
    text = unicodedata.normalize("NFC", text)
    stem = _without_known_suffixes(_FORBIDDEN.sub("_", text))
    stem = " ".join(stem.split()).strip(". ")
    stem = _cut(stem, extension).strip(". ") or _FALLBACK_STEM
    first = stem.split(".", 1)[0].strip()
    return f"{'_' if _RESERVED.match(first) else ''}{stem}{extension}"


def _is_hidden(char: str) -> bool:
    """Tell characters that print nothing: controls, direction marks, zero width, private use."""
    return unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Cn"} and not char.isspace()


def _without_known_suffixes(text: str) -> str:
    """Drop stacked extensions, the way `act.pdf.exe` hides what it is; other dots stay."""
    for _ in range(8):
        text = text.rstrip(". ")
        suffix = _SUFFIX.search(text)
        if suffix is None or suffix[0][1:].lower() not in _KNOWN_SUFFIXES:
            break
        text = text[: suffix.start()]
    return text


def _cut(stem: str, extension: str) -> str:
    room = NAME_MAX_BYTES - len(extension.encode()) - 1
    stem = stem[: NAME_MAX_CHARS - len(extension) - 1]
    return stem.encode()[:room].decode(errors="ignore")


def download_headers(name: str, mime: str) -> dict[str, str]:
    """Return the headers under which a kept file leaves: saved as a file, never run in a page.

    RFC 6266: a plain ASCII name for old programs and the real one in UTF-8.  An odd media type turns
    into bytes without a type.

    >>> download_headers("акт.pdf", "text/html;x")["Content-Type"]
    'application/octet-stream'
    """
    stem, dot, extension = name.rpartition(".")
    displayed = (
        safe_name(stem, f".{extension}") if dot and extension.isalnum() else safe_name(name, "")
    )
    plain = re.sub(r"[^A-Za-z0-9 ._()+,@-]", "_", displayed)
    return {
        "Content-Type": mime if _SERVED.match(mime) else "application/octet-stream",
        "Content-Disposition": (
            f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(displayed, safe='')}"
        ),
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "private, no-store",
    }
