"""``vars``, ``--set``, and constants with ``$name`` and ``$(expression)`` in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import chain
from typing import TypeGuard

from tdinspect.domain.expression import ExpressionError, evaluate, names_in, substitute
from tdinspect.domain.location import Path
from tdinspect.domain.spec import Expression
from tdinspect.importers.collector import Collector, describe, shorten, whole

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAME_IN_TEXT = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")


def is_name(value: object) -> TypeGuard[str]:
    """True for a text that can name a symbol, a var or a step; ``_`` is none."""
    return isinstance(value, str) and value != "_" and NAME.fullmatch(value) is not None


class Constants:
    """Reads constants: vars are put in at once; what reads a size stays an Expression.

    ``symbols`` are the sizes that may be read; ``batch`` and ``time`` those that only the run knows.
    """

    def __init__(self, collector: Collector, vars: Mapping[str, object]) -> None:
        self.collector = collector
        self.vars = vars
        self.symbols: Mapping[str, None] = {}  # a set that keeps the order of the shapes
        self.symbols_known = True  # False when a shape is broken: then an unknown name may be one of its symbols
        self.batch: frozenset[str] = frozenset()
        self.time: frozenset[str] = frozenset()
        self.computed: set[int] = set()  # whole numbers that expressions gave
        self.expressions: list[tuple[Expression, Path]] = []  # those that read sizes

    def value(self, value: object, path: Path, *, wrapped: bool = False, entry: bool = False) -> object:
        """A constant of the domain: tuples for lists, Expressions where a size is read.

        ``wrapped`` is True under TimeDistributed; ``entry`` for an entry of a list, as in a shape.
        """
        if isinstance(value, str):
            return self._text(value, path, wrapped, entry) if "$" in value else value
        if isinstance(value, list):
            return tuple(self.value(v, (*path, i), wrapped=wrapped, entry=True) for i, v in enumerate(value))
        if isinstance(value, Mapping):
            return {key: self.value(v, (*path, key), wrapped=wrapped) for key, v in value.items()}
        return value

    def _text(self, text: str, path: Path, wrapped: bool, entry: bool) -> object:
        expression = self.expression_text(text, path)
        if expression is None:
            return text.replace("$$", "$")
        result = self.resolve(expression, path)
        if isinstance(result, Expression):
            self._check_sizes(result, path, wrapped, entry)
        return result

    def expression_text(self, text: str, path: Path) -> str | None:
        """What stands behind the ``$``; None for a text without one (``$$`` is a dollar)."""
        if "$" not in text.replace("$$", ""):
            return None
        if text.startswith("$(") and text.endswith(")"):
            return text[2:-1]
        if _NAME_IN_TEXT.fullmatch(text):
            return text[1:]
        inner = _NAME_IN_TEXT.sub(r"\1", text)
        help = f"write `$({inner})`; a plain dollar is `$$`" if "$" not in inner else "a plain dollar is `$$`"
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
            numbers = {name: self._number(name) for name in sorted(names) if name in self.vars}
            if names <= numbers.keys():
                return self._computed(evaluate(text, numbers))
            reads_sizes = Expression(substitute(text, numbers), names - numbers.keys())
            self.expressions.append((reads_sizes, path))
            return reads_sizes
        except ExpressionError as error:
            self.collector.add(error.code, str(error), path)
        return Expression(text, frozenset())

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
        raise ExpressionError("TD003", f"the var `{shorten(name)}` is {describe(value)}, no number to reckon with")

    def _unknown(self, name: str, path: Path) -> None:
        if self.symbols_known:
            message = f"`{shorten(name)}` is neither a var nor a size"
            none = f"define it: `vars: {{{shorten(name)}: ...}}`"
            self.collector.unknown_name(message, name, chain(self.vars, self.symbols), path, none=none)

    def unknown_symbol(self, name: str, path: Path) -> None:
        """Note a symbol that no input's shape has, unless a broken shape may have had it."""
        if self.symbols_known:
            message = f"no input's shape has the symbol `{shorten(name)}`"
            self.collector.unknown_name(message, name, self.symbols, path)

    def check_expressions(self, sizes: Mapping[str, int]) -> None:
        """Note each expression that has no value at these sizes, as one that divides by zero."""
        for expression, path in self.expressions:
            try:
                evaluate(expression.text, sizes)
            except ExpressionError as error:
                self.collector.add(error.code, f"{error} at the spec's sizes", path)

    def _check_sizes(self, expression: Expression, path: Path, wrapped: bool, entry: bool) -> None:
        hidden = sorted(expression.symbols & (self.batch | self.time)) if wrapped else []
        if hidden:
            message = f"under TimeDistributed batch and time are one folded axis, so `{hidden[0]}` cannot be read"
            self.collector.add("TD003", message, path, help="write -1")
            return
        batch = sorted(expression.symbols & self.batch)
        if batch and not (entry and expression.text == batch[0]):
            message = f"the batch size `{batch[0]}` can be read only alone, as an entry of a shape"
            help = f"`[${batch[0]}, -1]`; where `{batch[0]}` is no batch axis, say `batch_axis: none`"
            self.collector.add("TD003", message, path, help=help)


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
        _check_constant(constant, path, collector)
    return result


def _check_constant(value: object, path: Path, collector: Collector) -> None:
    items = value if isinstance(value, list) else [value]
    if any(isinstance(item, list | Mapping) for item in items):
        collector.wrong("a constant or a list of constants", value, path)
    elif any(isinstance(item, str) and "$" in item for item in items):
        collector.add(
            "TD003", "vars are constants; `$` is not read here", path, help="write the `$(...)` where the var is used"
        )


def positive(value: object) -> TypeGuard[int]:
    """True for a whole number above zero."""
    return whole(value) and value > 0
