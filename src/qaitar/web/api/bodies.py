"""Reads a call's body within its limits: size, type, depth, and no characters that no table can hold."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal, InvalidOperation
from math import isinf
from typing import TYPE_CHECKING, Any, Final, NoReturn

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.core.files.uploadedfile import UploadedFile
from django.http import UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _
from ninja.parser import Parser
from typing_extensions import override

from qaitar.foundation.inbox.request_bodies import body_failure
from qaitar.web.api.operations import Body, Entry
from qaitar.web.api.problems import Turned, invalid, not_received

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest

DEPTH_MAX: Final = 32
DIGITS_MAX: Final = 40  # a whole number with more digits stays a float: none of ours has so many
PARSED: Final = "qaitar.json"
_JSON: Final = "application/json"
_FORM: Final = "multipart/form-data"


def query_check(request: HttpRequest, entry: Entry) -> None:
    """Check the parameters of the address.

    Raises:
        Turned: 422, one is unknown, given twice, or holds a character that cannot be kept.
    """
    for name, values in request.GET.lists():
        if name not in entry.query:
            raise _parameter(name, _("There is no such parameter."), "PARAMETER_UNKNOWN")
        if len(values) > 1:
            raise _parameter(name, _("Give this parameter once."), "PARAMETER_TWICE")
        if not _keepable(values[0]):
            raise _parameter(name, _("A NUL character cannot be kept."), "CHARACTER_REFUSED")


def body_read(request: HttpRequest, entry: Entry) -> None:
    """Read the body the way the call takes it.

    Raises:
        Turned: 400 unreadable, 408 or 503 not received, 413 too large, 415 another type, 422 characters that cannot be kept.
    """
    failure = body_failure(request)
    if failure is not None:
        raise not_received(failure)
    sent = _length(request, entry.bytes_max)
    match entry.body:
        case Body.JSON:
            _json_read(request)
        case Body.FORM:
            _form_read(request)
        case Body.RAW if request.content_type == _FORM:
            _form_read(request)
        case Body.RAW:
            _bytes(request)
        case Body.NONE:
            if sent and _bytes(request).strip() not in {b"", b"{}"}:
                raise invalid("#", _("This call takes no body."), code="NO_BODY_TAKEN")


def _length(request: HttpRequest, bytes_max: int) -> int:
    try:
        sent = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        raise Turned(400, "LENGTH_UNREADABLE", _("The length of the body is unreadable.")) from None
    if sent > bytes_max:
        raise _too_large(bytes_max)
    return sent


def _parameter(name: str, detail: str, code: str) -> Turned:
    errors = [{"parameter": name[:100], "detail": detail, "code": code}]
    return Turned(422, code, detail, extra={"errors": errors})


def _too_large(bytes_max: int) -> Turned:
    detail = _("The body is too large; at most %(limit)s bytes are taken.") % {"limit": bytes_max}
    return Turned(413, "BODY_TOO_LARGE", detail)


def _wrong_type(wanted: str) -> Turned:
    return Turned(415, "CONTENT_TYPE", _("Send it as %(type)s.") % {"type": wanted})


def _bytes(request: HttpRequest) -> bytes:
    try:
        return request.body
    except RequestDataTooBig:
        raise _too_large(8 * 1024 * 1024) from None
    except UnreadablePostError:
        raise Turned(400, "BODY_CUT", _("The body ended too early.")) from None


def _json_read(request: HttpRequest) -> None:
    body = _bytes(request)
    if not body:
        return
    if request.content_type != _JSON:
        raise _wrong_type(_JSON)
    request.META[PARSED] = json_parsed(body)


def json_parsed(body: bytes) -> Any:
    """Parse JSON strictly: UTF-8, no name twice, no NaN, at most 32 levels, no NUL and no lone half of a character.

    Raises:
        Turned: 400 where it is no JSON, 422 where it may not be taken.

    >>> json_parsed(b'{"a": [1]}')
    {'a': [1]}
    """
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_float=_number,
        )
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        raise Turned(400, "JSON_UNREADABLE", _("The body is not readable JSON.")) from None
    if body.count(b"{") + body.count(b"[") > DEPTH_MAX or b"\\u" in body:
        _walk(value)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name stands twice")
    return made


def _number(digits: str) -> int | float:
    """Take a whole number for what it is however it is written: `1.29999E9` is an integer to JSON Schema, too.

    >>> _number("1.29999E9"), _number("12.50")
    (1299990000, 12.5)
    """
    try:
        exact = Decimal(digits)
    except InvalidOperation as error:
        raise ValueError("a number beyond all bounds") from error
    if abs(exact.adjusted()) <= DIGITS_MAX and exact == (whole := exact.to_integral_value()):
        return int(whole)
    near = float(exact)
    if isinf(near):
        raise ValueError("a number beyond all bounds")
    return near


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _too_deep() -> Turned:
    detail = _("The body is nested deeper than %(limit)s levels.") % {"limit": DEPTH_MAX}
    return Turned(422, "JSON_TOO_DEEP", detail)


def _walk(value: Any) -> None:
    level, depth = [value], 0
    while level:
        if any(isinstance(each, str) and not _keepable(each) for each in level):
            detail = _("A NUL or half a character cannot be kept.")
            raise Turned(422, "CHARACTER_REFUSED", detail)
        if depth == DEPTH_MAX and any(isinstance(each, dict | list) for each in level):
            raise _too_deep()
        level, depth = [inner for each in level for inner in _members(each)], depth + 1


def _members(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _keepable(text: str) -> bool:
    """Tell whether a text can be kept: no NUL, no lone surrogate."""
    if "\0" in text:
        return False
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _form_read(request: HttpRequest) -> None:
    if request.content_type != _FORM:
        raise _wrong_type(_FORM)
    try:
        fields = list(request.POST.lists())
    except (TooManyFieldsSent, TooManyFilesSent, RequestDataTooBig):
        raise Turned(413, "BODY_TOO_LARGE", _("The form holds too much.")) from None
    except (MultiPartParserError, UnreadablePostError):
        raise Turned(400, "FORM_UNREADABLE", _("The form is not readable.")) from None
    for name, values in fields:
        if not all(_keepable(text) for text in (name, *values)):
            raise invalid("#/form", _("A NUL character cannot be kept."), code="CHARACTER_REFUSED")


def fingerprint(request: HttpRequest, entry: Entry) -> bytes:
    """Take the SHA-256 of what a call asks for: method, address and body, however the body is written.

    The order of names and the spaces of JSON do not count, nor the boundary of a form.
    """
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    if entry.body is Body.JSON and PARSED in request.META:
        content = json.dumps(request.META[PARSED], sort_keys=True, separators=(",", ":"))
        digest.update(content.encode())
    elif request.content_type == _FORM and entry.body in {Body.FORM, Body.RAW}:
        digest.update(json.dumps(sorted(request.POST.lists())).encode())
        for name, files in sorted(request.FILES.lists()):
            for file in files:
                assert isinstance(file, UploadedFile)
                digest.update(f"{name} {file.size}\n".encode())
                for chunk in file.chunks():
                    digest.update(chunk)
                file.seek(0)
    else:
        digest.update(request.body)
    return digest.digest()


class ReadBefore(Parser):
    """Hands ninja the JSON the door has read and checked."""

    @override
    def parse_body(self, request: HttpRequest) -> Any:
        """Return what was read."""
        return request.META[PARSED]
