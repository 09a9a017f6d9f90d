"""Puts a mutant into the program: into functions that are already loaded, or as a module is imported."""

from __future__ import annotations

import functools
import gc
import importlib.abc
import importlib.machinery
import sys
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, Final

from tests.mutants.heart import SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import ModuleType


class NotAlive(Exception):
    """The mutated code cannot be put into what is loaded; a program started anew has to import it."""


class Alive:
    """The functions of the heart as they are loaded, found wherever decorators have put them."""

    def __init__(self) -> None:
        self._functions: dict[tuple[str, str], list[FunctionType]] = {}
        self._stored: list[Any] = []
        for each in gc.get_objects():
            if isinstance(each, FunctionType) and each.__code__.co_filename.startswith(str(SOURCE)):
                key = (each.__code__.co_filename, each.__code__.co_qualname)
                self._functions.setdefault(key, []).append(each)
            elif isinstance(each, functools._lru_cache_wrapper):
                self._stored.append(each)

    def plant(self, module: str, inside: str, source: str) -> None:
        """Give the functions `inside` is the name of their mutated code, and forget what was counted before.

        Raises:
            NotAlive: there is no such function, or what it is bound to has changed.
        """
        path = str(SOURCE / module)
        made = next(
            (c for c in _codes(compile(source, path, "exec")) if c.co_qualname == inside), None
        )
        targets = self._functions.get((path, inside), [])
        if made is None or not targets:
            raise NotAlive(inside)
        for target in targets:
            try:
                target.__code__ = made
            except ValueError as error:
                raise NotAlive(inside) from error
        for each in self._stored:
            each.cache_clear()


def _codes(code: CodeType) -> Iterator[CodeType]:
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield each
            yield from _codes(each)


class _Planter(importlib.abc.MetaPathFinder, importlib.machinery.SourceFileLoader):
    """Finds one module and loads the mutant's text in its place."""

    def __init__(self, name: str, path: Path, text: str) -> None:
        super().__init__(name, str(path))
        self._text: Final = text

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self.name:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, origin=self.path)

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._text, self.path, "exec")


def plant_at_import(module: str, source: str) -> None:
    """Let the program import the mutant's text in place of the module, which is not loaded yet."""
    name = "qaitar." + module.removesuffix(".py").replace("/", ".")
    assert name not in sys.modules, "the mutant comes too late"
    sys.meta_path.insert(0, _Planter(name, SOURCE / module, source))
