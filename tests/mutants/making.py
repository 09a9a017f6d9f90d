"""Makes the mutants of a module: mutmut's operators, and rows taken out of tables."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final

import libcst as cst
from libcst.metadata import ByteSpanPositionProvider, MetadataWrapper, PositionProvider
from mutmut.mutation import mutators
from typing_extensions import TypeIs

from tests.mutants.explaining import named
from tests.mutants.heart import SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterator

# What stands outside functions is made once, at import: of it constants and tables are mutated.
_IN_TABLES: Final = {
    mutators.operator_number,
    mutators.operator_name,
    mutators.operator_keywords,
    mutators.operator_swap_op,
    mutators.operator_remove_unary_ops,
}
# Annotations and imports decide nothing; an assertion states what cannot happen, so no test can see it loosened, and
# neither can it see that of `zip`, `strict`; a decorator says how a thing is kept, not what it does.
_TABLES: Final = (cst.Tuple, cst.List, cst.Set, cst.Dict)
_PASSED_BY: Final = (cst.Annotation, cst.Import, cst.ImportFrom, cst.Assert, cst.Decorator)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault: where it is, what stood there, what stands there now, and the module's whole new text."""

    module: str
    inside: str
    """The outermost function or method; empty for what is done at import."""
    line: int
    before: str
    after: str
    source: str = field(repr=False)

    @property
    def name(self) -> str:
        """Name it so that it is found again after lines have moved."""
        return named(self.module, self.inside, self.before, self.after)


def mutants_of(module: str) -> list[Mutant]:
    """Make all mutants of a module that compile, differ from it and from each other, in the order of the text."""
    text = (SOURCE / module).read_text(encoding="utf-8")
    finder = _Finder(module, text)
    MetadataWrapper(cst.parse_module(text)).visit(finder)
    seen, stored = {ast.dump(ast.parse(text))}, list[Mutant]()
    for mutant in finder.found:
        try:
            shape = ast.dump(ast.parse(mutant.source))
            compile(mutant.source, module, "exec")
        except SyntaxError:
            continue
        if shape not in seen:
            seen.add(shape)
            stored.append(mutant)
    return stored


class _Finder(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (ByteSpanPositionProvider, PositionProvider)

    def __init__(self, module: str, text: str) -> None:
        self.module, self.text, self.raw = module, text, text.encode()
        self.lines = text.splitlines()
        self.scope: list[tuple[str, bool]] = []
        self.tables = self.defaults = 0
        self.types: list[cst.CSTNode] = []
        self.found: list[Mutant] = []
        super().__init__()

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, _PASSED_BY) or _for_types_only(node) or _for_programmers(node):
            return False
        if _is_strict(node) or node in self.types:
            return False
        if _is_cast(node):
            self.types.append(node.args[0])
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            self.scope.append((node.name.value, isinstance(node, cst.FunctionDef)))
        for changed in self._changed(node):
            if not _only_less_strict(node, changed):
                self._keep(node, changed)
        self.tables += isinstance(node, _TABLES)
        self.defaults += isinstance(node, cst.Parameters)
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if isinstance(original_node, cst.FunctionDef | cst.ClassDef):
            self.scope.pop()
        self.tables -= isinstance(original_node, _TABLES)
        self.defaults -= isinstance(original_node, cst.Parameters)

    def _changed(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        if self._inside():
            yield from _changed(node, in_function=True)
            return
        yield from _changed(node, in_function=False)
        if not self.tables:
            yield from _rows_out(node)
            yield from _cells_from_next_row(node)

    def _inside(self) -> str:
        if self.defaults:
            return ""  # a default is made once, at import
        names: list[str] = []
        for name, function in self.scope:
            names.append(name)
            if function:
                return ".".join(names)
        return ""

    def _keep(self, node: cst.CSTNode, changed: cst.CSTNode) -> None:
        span = self.get_metadata(ByteSpanPositionProvider, node)
        line = self.get_metadata(PositionProvider, node).start.line
        if getattr(changed, "lpar", ()) and getattr(node, "lpar", ()):
            changed = changed.with_changes(lpar=(), rpar=())  # they stand outside the span
        new = cst.Module(()).code_for_node(changed).strip()
        source = (
            self.raw[: span.start] + new.encode() + self.raw[span.start + span.length :]
        ).decode()
        before, after = _differing(self.text, source)
        self.found.append(Mutant(self.module, self._inside(), line, before, after, source))


def _differing(old: str, new: str) -> tuple[str, str]:
    """Return the lines that differ, each as one line without its layout."""
    was, now = old.splitlines(), new.splitlines()
    head = next(
        (at for at, pair in enumerate(zip(was, now, strict=False)) if pair[0] != pair[1]), 0
    )
    tail = 0
    while tail < min(len(was), len(now)) - head and was[-1 - tail] == now[-1 - tail]:
        tail += 1
    return tuple(" ".join(" ".join(x[head : len(x) - tail]).split()) for x in (was, now))


def _for_types_only(node: cst.CSTNode) -> bool:
    """Tell whether it is read by type checkers only."""
    return isinstance(node, cst.If) and cst.Module(()).code_for_node(node.test) == "TYPE_CHECKING"


def _for_programmers(node: cst.CSTNode) -> bool:
    """Tell whether it lists the names of a module, or words a `ValueError`: that one is raised is what counts."""
    if isinstance(node, cst.Assign):
        return cst.Module(()).code_for_node(node.targets[0].target) == "__all__"
    return (
        isinstance(node, cst.Raise)
        and isinstance(node.exc, cst.Call)
        and isinstance(node.exc.func, cst.Name)
        and node.exc.func.value == "ValueError"
    )


def _only_less_strict(node: cst.CSTNode, changed: cst.CSTNode) -> bool:
    """Tell whether nothing but the `strict=True` of a `zip` is changed: it states that two things are of one length."""
    if not (isinstance(node, cst.Call) and isinstance(changed, cst.Call)):
        return False
    stored = [[a for a in call.args if not _is_strict(a)] for call in (node, changed)]
    return len(stored[0]) < len(node.args) and [_written(each) for each in stored[0]] == [
        _written(each) for each in stored[1]
    ]


def _is_strict(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Arg) and node.keyword is not None and node.keyword.value == "strict"


def _written(argument: cst.Arg) -> str:
    return cst.Module(()).code_for_node(argument.with_changes(comma=cst.MaybeSentinel.DEFAULT))


def _is_cast(node: cst.CSTNode) -> TypeIs[cst.Call]:
    return (
        isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value == "cast"
    )


def _changed(node: cst.CSTNode, *, in_function: bool) -> Iterator[cst.CSTNode]:
    if isinstance(node, cst.SimpleString) and node.value.startswith(('"""', "'''")):
        return
    if _is_cast(node):
        return
    for kind, operator in mutators.mutation_operators:
        if isinstance(node, kind) and (in_function or operator in _IN_TABLES):
            # Of the three ways to change a text one is enough: who reads it notices any.
            one = 1 if operator is mutators.operator_string else None
            yield from islice(operator(node), one)


def _rows_out(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Take each row out of a table of two or more."""
    if isinstance(node, _TABLES) and len(node.elements) > 1:
        if _is_word_list(node):
            return
        rows = node.elements
        for at in range(len(rows)):
            yield node.with_changes(elements=[*rows[:at], *rows[at + 1 :]])


def _is_word_list(table: cst.Tuple | cst.List | cst.Set | cst.Dict) -> bool:
    """Tell whether it lists words of a people's language: a test of each would be the list again."""
    texts = [each.value for each in table.elements]
    return all(isinstance(each, cst.SimpleString) for each in texts) and any(
        isinstance(each, cst.SimpleString) and not each.value.isascii() for each in texts
    )


def _cells_from_next_row(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Where the rows of a table are calls, write into each cell in turn what stands in the next row there."""
    if not isinstance(node, cst.Tuple):
        return
    rows = node.elements
    for at, row in enumerate(rows):
        after = rows[(at + 1) % len(rows)].value
        if not (isinstance(row.value, cst.Call) and isinstance(after, cst.Call)):
            continue
        for cell, (mine, theirs) in enumerate(zip(row.value.args, after.args, strict=False)):
            if mine.keyword is None and theirs.keyword is None and not mine.deep_equals(theirs):
                args = list(row.value.args)
                args[cell] = mine.with_changes(value=theirs.value)
                changed = row.with_changes(value=row.value.with_changes(args=args))
                yield node.with_changes(elements=[*rows[:at], changed, *rows[at + 1 :]])
