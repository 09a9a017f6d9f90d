"""The subset of `$filter` the stand-in understands: comparisons, and/or/not, guid, datetime, cast."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qaitar.sandbox.onec.model import Entity

Row = dict[str, Any]

_TOKEN = re.compile(
    r"\s*(?:(?P<guid>guid'[0-9a-fA-F-]{36}')|(?P<datetime>datetime'[0-9T:.-]+')"
    r"|(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<mark>[(),])|(?P<word>[^\s(),']+))"
)
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda left, right: bool(left == right),
    "ne": lambda left, right: bool(left != right),
    "gt": lambda left, right: bool(left > right),
    "ge": lambda left, right: bool(left >= right),
    "lt": lambda left, right: bool(left < right),
    "le": lambda left, right: bool(left <= right),
}


class BadFilter(Exception):
    """The filter cannot be read or compares what 1C does not compare; `code` is the OData error code."""

    def __init__(self, code: str, message: str) -> None:
        """Keep the error code beside the words."""
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class _Literal:
    kind: str
    value: Any
    type_name: str = ""


class _Reader:
    """Reads one filter text against one entity."""

    def __init__(self, text: str, entity: Entity) -> None:
        self._entity = entity
        self._tokens = self._split(text)
        self._at = 0

    @staticmethod
    def _split(text: str) -> list[tuple[str, str]]:
        tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(text.rstrip()):
            match = _TOKEN.match(text, at)
            if match is None or match.lastgroup is None:
                raise BadFilter("14", f"Ошибка разбора $filter: {text[at:]}")
            tokens.append((match.lastgroup, match.group(match.lastgroup)))
            at = match.end()
        return tokens

    def whole(self) -> Callable[[Row], bool]:
        test = self._either()
        if self._at != len(self._tokens):
            raise BadFilter("14", "Лишние символы в $filter")
        return test

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise BadFilter("14", "Неожиданный конец $filter")
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, word: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at][1] == word:
            self._at += 1
            return True
        return False

    def _expect(self, mark: str) -> None:
        if not self._take(mark):
            raise BadFilter("14", f"Ожидается {mark}")

    def _either(self) -> Callable[[Row], bool]:
        tests = [self._both()]
        while self._take("or"):
            tests.append(self._both())
        return lambda row: any(test(row) for test in tests)

    def _both(self) -> Callable[[Row], bool]:
        tests = [self._one()]
        while self._take("and"):
            tests.append(self._one())
        return lambda row: all(test(row) for test in tests)

    def _one(self) -> Callable[[Row], bool]:
        if self._take("not"):
            inner = self._one()
            return lambda row: not inner(row)
        if self._take("("):
            inner = self._either()
            self._expect(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Callable[[Row], bool]:
        kind, name = self._next()
        if kind != "word":
            raise BadFilter("14", "Слева от сравнения должно быть свойство")
        if name not in self._entity.attributes:
            raise BadFilter("10", f"Свойство {name} не найдено")
        operation = self._next()[1]
        if operation not in _COMPARISONS:
            raise BadFilter("14", f"Неизвестная операция {operation}")
        literal = self._literal()
        self._check(name, literal)
        compare = _COMPARISONS[operation]
        if literal.type_name:
            wanted = (literal.value, "StandardODATA." + literal.type_name)
            return lambda row: compare((row[name], row[name + "_Type"]), wanted)
        return lambda row: compare(_plain(row[name]), _plain(literal.value))

    def _check(self, name: str, literal: _Literal) -> None:
        kind = self._entity.attributes[name]
        if kind == "text":
            raise BadFilter("14", f"Нельзя сравнивать поля неограниченной длины: {name}")
        if kind == "guid" and literal.kind != "guid":
            raise BadFilter("14", f"Несоответствие типов: {name}")
        if kind == "datetime" and literal.kind != "datetime":
            raise BadFilter("14", f"Несоответствие типов: {name}")
        if literal.type_name and kind != "any":
            raise BadFilter("14", f"Несоответствие типов: {name}")

    def _literal(self) -> _Literal:
        kind, text = self._next()
        if kind in {"guid", "datetime"}:
            return _Literal(
                kind, text[len(kind) + 1 : -1].lower() if kind == "guid" else text[9:-1]
            )
        if kind == "text":
            return _Literal("text", text[1:-1].replace("''", "'"))
        if kind == "number":
            return _Literal("number", float(text))
        if text in {"true", "false"}:
            return _Literal("bool", text == "true")
        if text == "cast":
            self._expect("(")
            inner = self._literal()
            self._expect(",")
            type_name = self._literal()
            self._expect(")")
            return _Literal(inner.kind, inner.value, str(type_name.value))
        raise BadFilter("14", f"Непонятное значение {text}")


def _plain(value: object) -> object:
    return value.rstrip() if isinstance(value, str) else value


def compile_filter(text: str, entity: Entity) -> Callable[[Row], bool]:
    """Turn a `$filter` text into a test of one row of `entity`.

    Raises:
        BadFilter: the text cannot be read, names an unknown property or compares unlike types.
    """
    return _Reader(text, entity).whole()
