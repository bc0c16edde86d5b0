"""``vars``, ``--set``, and constants with ``$name`` and ``$(expression)`` in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from typing import TypeGuard

from tdinspect.domain.expression import MAX_LENGTH, ExpressionError, evaluate, names_in, substitute
from tdinspect.domain.location import Path
from tdinspect.domain.spec import Expression
from tdinspect.importers.collector import Collector, describe, shorten, whole

MAX_NAME = 100  # characters
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER = "a number, or a `$name` of `vars`"
_WORD = re.compile(r"(?<![\w.])[A-Za-z_]\w*")
_BRACKETED = re.compile(r"\W*([A-Za-z_][A-Za-z0-9_]*)\W*")
_NAME_IN_TEXT = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")


def is_name(value: object) -> TypeGuard[str]:
    """True for a text that can name a symbol, a var or a step; ``_`` is none."""
    return isinstance(value, str) and value != "_" and NAME.fullmatch(value) is not None


def too_long(name: str, path: Path, collector: Collector, on_key: bool = False) -> bool:
    """True, with a finding, for a name that no table has room for."""
    if len(name) > MAX_NAME:
        message = f"a name of {len(name):,} characters; the limit is {MAX_NAME}"
        collector.add("TD008", message, path, on_key=on_key)
    return len(name) > MAX_NAME


class Constants:
    """Reads constants: vars are put in at once; what reads a size stays an Expression.

    ``symbols`` are the sizes that may be read; ``batch`` and ``time`` those that only the run knows. Inside a block
    ``vars`` are the block's params as well; ``spec_vars`` are the spec's own.
    """

    def __init__(self, collector: Collector, vars: dict[str, object]) -> None:
        self.collector = collector
        self.vars: Mapping[str, object] = vars
        self.spec_vars = vars
        self.symbols: Mapping[str, None] = {}  # a set that keeps the order of the shapes
        self.symbols_known = True  # False when a shape is broken: then an unknown name may be one of its symbols
        self.sizes: Mapping[str, int] = {}  # those given
        self.batch: frozenset[str] = frozenset()
        self.time: frozenset[str] = frozenset()
        self.wrapped = False  # under TimeDistributed
        self.single: frozenset[str] = frozenset()  # the time symbols of which a Recurrent around shows one step
        self._instead = _NUMBER  # what stands for a size that cannot be read
        self.computed: set[int] = set()  # whole numbers that expressions gave
        self.expressions: list[tuple[Expression, Path, tuple[Path, ...]]] = []  # those that read sizes, and where

    @contextmanager
    def of_function(self) -> Iterator[None]:
        """While it lasts, the constants are those of a function, which sees the sizes of the run."""
        self._instead = "-1"
        yield
        self._instead = _NUMBER

    def value(self, value: object, path: Path, entry: bool = False) -> object:
        """A constant of the domain: tuples for lists, Expressions where a size is read; ``entry``: it is in a list."""
        if isinstance(value, str):
            return self._text(value, path, entry) if "$" in value else value
        if isinstance(value, list):
            return tuple(self.value(v, (*path, i), entry=True) for i, v in enumerate(value))
        if isinstance(value, Mapping):
            return {key: self.value(v, (*path, key)) for key, v in value.items()}
        return value

    def param(self, value: object, path: Path) -> object:
        """The value of a block's param: which sizes it may read shows where the block reads it."""
        if isinstance(value, str):
            text = self.expression_text(value, path) if "$" in value else None
            return _plain(value) if text is None else self.resolve(text, path)
        if isinstance(value, list):
            return tuple(self.param(v, (*path, i)) for i, v in enumerate(value))
        if isinstance(value, Mapping):
            return {key: self.param(v, (*path, key)) for key, v in value.items()}
        return value

    def _text(self, text: str, path: Path, entry: bool) -> object:
        expression = self.expression_text(text, path)
        if expression is None:
            return _plain(text)
        result = self.resolve(expression, path)
        self._check_sizes(result, path, entry)
        return result

    def expression_text(self, text: str, path: Path) -> str | None:
        """What stands behind the ``$``; None for a text without one (``$$`` is a dollar)."""
        if "$" not in text.replace("$$", ""):
            return None
        if text.startswith("$(") and text.endswith(")") and text[2:-1].strip():
            return text[2:-1]
        if _NAME_IN_TEXT.fullmatch(text):
            return text[1:]
        help = f"{_meant(text)}a plain dollar is `$$`"
        self.collector.add("TD003", f"`{shorten(text)}` is neither `$name` nor `$(expression)`", path, help=help)
        return None

    def resolve(self, text: str, path: Path) -> object:
        """The value of an expression, or an Expression when it reads sizes or (with a finding) is wrong."""
        if text in self.vars:  # `$name` alone: any kind of value
            return self._var(self.vars[text])
        try:
            names = names_in(text)
            unknown = sorted(name for name in names if name not in self.symbols and name not in self.vars)
            if unknown:
                self._unknown(unknown[0], path)
                return Expression(text, frozenset())
            return self._read(text, names, path)
        except ExpressionError as error:
            self.collector.add(error.code, str(error), path)
        return Expression(text, frozenset())

    def _read(self, text: str, names: frozenset[str], path: Path) -> object:
        known = {name: self.vars[name] for name in sorted(names) if name in self.vars}
        formulas = {name: value for name, value in known.items() if isinstance(value, Expression)}
        numbers = {name: self._number(name) for name in known if name not in formulas}
        if names <= numbers.keys():
            return self._computed(evaluate(text, numbers))
        written = _put_in(substitute(text, numbers), formulas)
        if not all(formula.symbols for formula in formulas.values()):  # a wrong one; a finding says so
            return Expression(written, frozenset())
        symbols = frozenset(name for name in names if name not in known)
        reads_sizes = Expression(written, symbols.union(*(formula.symbols for formula in formulas.values())))
        self.expressions.append((reads_sizes, path, self.collector.uses))
        return reads_sizes

    def _var(self, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value

    def _computed(self, value: int | float) -> int | float:
        if isinstance(value, int):
            self.computed.add(value)
        return value

    def _number(self, name: str) -> int | float:
        value = self.vars[name]
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value
        raise ExpressionError("TD003", f"`{shorten(name)}` is {describe(value)}, no number to reckon with")

    def _unknown(self, name: str, path: Path) -> None:
        if self.symbols_known:
            kinds = (
                "neither a param, a var nor a size" if self.vars is not self.spec_vars else "neither a var nor a size"
            )
            message = f"`{shorten(name)}` is {kinds}"
            none = f"define it: `vars: {{{shorten(name)}: ...}}`"
            self.collector.unknown_name(message, name, chain(self.vars, self.symbols), path, none=none)

    def unknown_symbol(self, name: str, path: Path) -> None:
        """Note a symbol that no input's shape has, unless a broken shape may have had it."""
        if self.symbols_known:
            message = f"no input's shape has the symbol `{shorten(name)}`"
            self.collector.unknown_name(message, name, self.symbols, path)

    def check_expressions(self, sizes: Mapping[str, int]) -> None:
        """Note each expression that has no value at these sizes, as one that divides by zero."""
        for expression, path, uses in self.expressions:
            try:
                evaluate(expression.text, sizes)
            except ExpressionError as error:
                with self.collector.inside(uses):
                    self.collector.add(error.code, f"{error} at the spec's sizes", path)

    def _check_sizes(self, value: object, path: Path, entry: bool) -> None:
        """Note a size that is read where only the run knows it."""
        if isinstance(value, tuple):
            for item in value:
                self._check_sizes(item, path, True)
        if not isinstance(value, Expression):
            return
        hidden = sorted(value.symbols & (self.batch | self.time)) if self.wrapped else []
        single = sorted(value.symbols & self.single)
        batch = sorted(value.symbols & self.batch)
        if hidden:
            message = f"under TimeDistributed batch and time are one folded axis, so `{hidden[0]}` cannot be read"
            self.collector.add("TD003", message, path, help=f"write {self._instead}")
        elif single:
            message = f"Recurrent shows its steps one step of time, so `{single[0]}` cannot be read"
            self.collector.add(
                "TD003", message, path, help=f"write {self._instead}; or do it before or after the Recurrent"
            )
        elif batch and not (entry and value.text == batch[0]):
            message = f"the batch size `{batch[0]}` can be read only alone, as an entry of a shape"
            help = f"`[${batch[0]}, -1]`; where `{batch[0]}` is no batch axis, say `batch_axis: none`"
            self.collector.add("TD003", message, path, help=help)


def _plain(text: str) -> object:
    """A text with its `$$` read; a wrong expression where a lone `$` is left, of which a finding tells."""
    return Expression("0", frozenset()) if "$" in text.replace("$$", "") else text.replace("$$", "$")


def _meant(text: str) -> str:
    """The words that tell what to write for a wrong `$`, or none."""
    if not text.isascii():
        return "a name has letters a-z, digits and _; "
    name = _BRACKETED.fullmatch(text)
    if name:
        return f"write `${name[1]}`; "
    inner = _NAME_IN_TEXT.sub(r"\1", text) if len(text) <= MAX_LENGTH else "$"
    return "" if "$" in inner else f"write `$({inner})`; "


def _put_in(text: str, formulas: Mapping[str, Expression]) -> str:
    """The expression with these names replaced by the formulas that they stand for."""
    if not formulas:
        return text
    written = _WORD.sub(lambda word: f"({formulas[word[0]].text})" if word[0] in formulas else word[0], text)
    return substitute(written, {})


def parse_vars(value: object, collector: Collector) -> dict[str, object]:
    """``vars``: names of constants, each a scalar or a list of scalars."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        collector.wrong("a mapping of names to constants", value, ("vars",), help="vars: {hidden: 128}")
        return {}
    result: dict[str, object] = {}
    for name, constant in value.items():
        path: Path = ("vars", name)
        result[name] = constant  # kept even when wrong, so that its uses are not unknown names as well
        if not is_name(name):
            message = f"`{shorten(name)}` cannot be read as `$name`: letters, digits and _ only, no digit first"
            collector.add("TD003", message, path, on_key=True)
        if not _check_constant(constant, path, collector):
            result[name] = Expression("0", frozenset())  # a wrong one: nothing more is said where it is used
    return result


def _check_constant(value: object, path: Path, collector: Collector) -> bool:
    """True for a scalar or a list of scalars; else a finding."""
    items = value if isinstance(value, list) else [value]
    if any(isinstance(item, list | Mapping) for item in items):
        collector.wrong("a constant or a list of constants", value, path)
    elif any(isinstance(item, str) and "$" in item for item in items):
        collector.add(
            "TD003", "vars are constants; `$` is not read here", path, help="write the `$(...)` where the var is used"
        )
    else:
        return True
    return False


def positive(value: object) -> TypeGuard[int]:
    """True for a whole number above zero."""
    return whole(value) and value > 0
