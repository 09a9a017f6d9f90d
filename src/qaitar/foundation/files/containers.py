"""Walks the outer boxes of videos and HEIC photos, without decoding anything.  Pure and bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator

BOXES_MAX = 20_000
_PROPERTIES_MAX_BYTES = 1024 * 1024
_HEAD_BYTES = 8
_LONG_HEAD_BYTES = 16
_SEF_HEAD, _SEF_TAIL = b"SEFH", b"SEFT"


class BrokenContainer(Exception):
    """Boxes overrun the file, are too many, or a part every honest file has is missing."""


def boxes(
    file: BinaryIO, start: int, end: int, *, trailer: bool = False
) -> Iterator[tuple[bytes, int, int]]:
    """Yield (type, first byte of the content, end) of each ISO box between two offsets.

    With `trailer`, the data Samsung's cameras put behind the boxes (blocks, then a directory ``SEFH … SEFT``, as
    read by ExifTool's Samsung module) ends the boxes: it belongs to no box and is not read.

    Raises:
        BrokenContainer: a box is shorter than its own head, overruns `end`, or there are too many.
    """
    at = start
    for _ in range(BOXES_MAX):
        if at == end:
            return
        file.seek(at)
        head = file.read(_LONG_HEAD_BYTES)
        if len(head) < _HEAD_BYTES or at + _HEAD_BYTES > end:
            raise BrokenContainer("rest shorter than a box")
        if trailer and _is_samsung_trailer(file, head, end):
            return
        size, content = int.from_bytes(head[:4], "big"), at + _HEAD_BYTES
        if size == 0:
            size = end - at
        elif size == 1:
            size, content = int.from_bytes(head[8:16], "big"), at + _LONG_HEAD_BYTES
        if content - at > size or at + size > end:
            raise BrokenContainer("box overruns the file")
        yield head[4:8], content, at + size
        at += size
    raise BrokenContainer("too many boxes")


def _is_samsung_trailer(file: BinaryIO, head: bytes, end: int) -> bool:
    """Tell Samsung's trailer from a box: it ends with its mark, and what begins it is no name of a box."""
    if head[:4] != _SEF_HEAD and all(32 <= byte < 127 for byte in head[4:8]):  # noqa: PLR2004  printable ASCII
        return False
    file.seek(end - len(_SEF_TAIL))
    return file.read(len(_SEF_TAIL)) == _SEF_TAIL


def check_movie(file: BinaryIO, size: int) -> None:
    """Make sure an MP4 or MOV is whole: boxes cover the file, an index and media are there.

    Raises:
        BrokenContainer: something is cut off, overruns or is missing.
    """
    kinds = {kind for kind, _, _ in boxes(file, 0, size, trailer=True)}
    if b"moov" not in kinds or not kinds & {b"mdat", b"moof"}:
        raise BrokenContainer("no index or no media")


def heic_size(file: BinaryIO, size: int) -> tuple[int, int]:
    """Return width and height of a HEIC photo: the largest image it declares, in pixels.

    Raises:
        BrokenContainer: boxes do not cover the file, or no size is declared.
    """
    found = {kind: (start, end) for kind, start, end in boxes(file, 0, size, trailer=True)}
    if b"meta" not in found:
        raise BrokenContainer("no description of the image")
    start, end = found[b"meta"]
    area = (start + 4, end)  # version and flags come first
    for kind in (b"iprp", b"ipco"):
        inside = {name: (first, last) for name, first, last in boxes(file, *area)}
        if kind not in inside:
            raise BrokenContainer("no properties of the image")
        area = inside[kind]
    sizes = [_extents(file, first) for kind, first, last in boxes(file, *area) if kind == b"ispe"]
    if not sizes:
        raise BrokenContainer("no size of the image")
    return max(sizes, key=lambda pair: pair[0] * pair[1])


def _extents(file: BinaryIO, start: int) -> tuple[int, int]:
    file.seek(start + 4)
    raw = file.read(8)
    return int.from_bytes(raw[:4], "big"), int.from_bytes(raw[4:], "big")


def check_webm(file: BinaryIO, size: int) -> None:
    """Make sure a WEBM is whole: a head, then one segment reaching exactly to the end of the file.

    A segment of unknown size (a live recording by a browser) is taken as reaching to the end.

    Raises:
        BrokenContainer: the segment is missing, is cut off, or something follows it.
    """
    _, content, length = _element(file, 0)
    if length is None:
        raise BrokenContainer("head without size")
    at = content + length
    while at < size:
        name, content, length = _element(file, at)
        if name == b"\x18\x53\x80\x67":
            if length is not None and content + length != size:
                raise BrokenContainer("segment does not end with the file")
            return
        if name != b"\xec" or length is None:  # only padding may stand between
            raise BrokenContainer("no segment after the head")
        at = content + length
    raise BrokenContainer("no segment")


def _element(file: BinaryIO, at: int) -> tuple[bytes, int, int | None]:
    """Read an EBML element's name, where its content starts, and its size (None = unknown)."""
    file.seek(at)
    raw = file.read(12)
    name_bytes = _leading_zeros(raw[:1]) + 1
    size_first = raw[name_bytes : name_bytes + 1]
    size_bytes = _leading_zeros(size_first) + 1
    field = raw[name_bytes : name_bytes + size_bytes]
    if name_bytes > 4 or size_bytes > 8 or len(field) < size_bytes:  # noqa: PLR2004  RFC 8794 limits
        raise BrokenContainer("unreadable element")
    bits = 7 * size_bytes
    value = int.from_bytes(field, "big") & ((1 << bits) - 1)
    unknown = value == (1 << bits) - 1
    return raw[:name_bytes], at + name_bytes + size_bytes, None if unknown else value


def _leading_zeros(first: bytes) -> int:
    return 8 - first[0].bit_length() if first else 8
