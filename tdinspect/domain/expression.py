"""The arithmetic of ``$(...)`` and of shape formulas: numbers and names with ``+ - * / // % **``, nothing else.

Python's own parser reads the text; only the nodes named here are evaluated, and every number stays small.
"""

from __future__ import annotations

import ast
import math
import operator
import warnings
from collections.abc import Callable, Mapping
from functools import lru_cache

Number = int | float

MAX_LENGTH = 500  # characters of one expression
MAX_DEPTH = 40  # operators inside operators
MAX_VALUE = 2**62  # whole numbers stay below what a tensor's size can hold

_OPERATORS: dict[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


class ExpressionError(ValueError):
    """An expression that cannot be read or evaluated; ``code`` is the rule, ``name`` the unknown name if that is it."""

    def __init__(self, code: str, message: str, name: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.name = name


def names_in(text: str) -> frozenset[str]:
    """The names that an expression reads; ExpressionError when it is not one."""
    return _parse(text)[1]


def evaluate(text: str, names: Mapping[str, Number]) -> Number:
    """The value of an expression (``//`` of whole numbers is whole); ExpressionError where it has none."""
    return _value(_parse(text)[0], names)


def substitute(text: str, values: Mapping[str, Number]) -> str:
    """The expression with these names replaced by their numbers; the others stay. ExpressionError past a limit."""
    if not values:
        return unparse(_parse(text)[0])
    written = unparse(_Substitution(values).visit(python_expression(text)))
    _parse(written)  # with the numbers in it, it may pass a limit
    return written


def python_expression(text: str) -> ast.expr:
    """What Python's parser makes of a text, nothing of it run; ValueError when it is no expression."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python warns about texts like `1if`
            return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, MemoryError, RecursionError) as error:
        raise ValueError(str(error)) from error


def unparse(node: ast.AST) -> str:
    """The node as Python writes it; ``…`` where it nests too deep for that."""
    try:
        return ast.unparse(node)
    except RecursionError:
        return "…"


@lru_cache(maxsize=1024)
def _parse(text: str) -> tuple[ast.expr, frozenset[str]]:
    if len(text) > MAX_LENGTH:
        raise ExpressionError("TD008", f"an expression of {len(text):,} characters; the limit is {MAX_LENGTH}")
    try:
        tree = python_expression(text)
    except ValueError as error:
        raise ExpressionError("TD003", f"`{_shown(text)}` is not an expression") from error
    names: set[str] = set()
    _check(tree, names, 0)
    return tree, frozenset(names)


def _check(node: ast.expr, names: set[str], depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ExpressionError("TD008", f"an expression nested more than {MAX_DEPTH} deep")
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            _limited(value)
        case ast.Name(id=name):
            names.add(name)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            _check(operand, names, depth + 1)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS or isinstance(op, ast.Pow):
            _check(left, names, depth + 1)
            _check(right, names, depth + 1)
        case _:
            raise _not_arithmetic(node)


def _not_arithmetic(node: ast.expr) -> ExpressionError:
    return ExpressionError(
        "TD003", f"`{_shown(node)}` is not allowed here: only numbers, names and + - * / // % ** ( )"
    )


def _shown(part: ast.expr | str) -> str:
    text = ascii(part)[1:-1] if isinstance(part, str) and not part.isprintable() else part
    text = text if isinstance(text, str) else unparse(text)
    return text if len(text) <= 60 else text[:59] + "…"


def _value(node: ast.expr, names: Mapping[str, Number]) -> Number:
    match node:
        case ast.Constant(value=value) if isinstance(value, int | float):
            return value
        case ast.Name(id=name):
            if name not in names:
                raise ExpressionError("TD006", f"nothing defines `{name}`", name)
            return _limited(names[name])
        case ast.UnaryOp(operand=operand):
            return -_value(operand, names)
        case ast.BinOp(left=left, op=op, right=right):
            return _apply(op, _value(left, names), _value(right, names), node)
    raise _not_arithmetic(node)


def _apply(op: ast.operator, left: Number, right: Number, node: ast.expr) -> Number:
    try:
        result = _power(left, right) if isinstance(op, ast.Pow) else _OPERATORS[type(op)](left, right)
    except ZeroDivisionError as error:
        raise ExpressionError("TD003", f"`{_shown(node)}` divides by zero") from error
    except OverflowError as error:
        raise ExpressionError("TD008", f"`{_shown(node)}` is too big a number") from error
    if isinstance(result, complex):
        raise ExpressionError("TD003", f"`{_shown(node)}` is not a real number")
    return _limited(result)


def _power(base: Number, exponent: Number) -> Number:
    # Refused before it is worked out: 2**10**9 would take minutes and all the memory.
    if isinstance(base, int) and abs(base) > 1 and exponent * math.log2(abs(base)) > math.log2(MAX_VALUE):
        raise OverflowError
    if isinstance(base, int) and isinstance(exponent, int) and base in (-1, 0, 1) and exponent > 0:
        return base if exponent % 2 else abs(base)
    result: Number = base**exponent
    return result


def _limited(value: Number) -> Number:
    if isinstance(value, float) and not math.isfinite(value):
        raise ExpressionError("TD003", "an expression has no infinite number")
    if abs(value) > MAX_VALUE:
        raise ExpressionError("TD008", "a number in an expression is above 2**62")
    return value


class _Substitution(ast.NodeTransformer):
    def __init__(self, values: Mapping[str, Number]) -> None:
        self.values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Replace a known name; a negative number as `-n`, so that `n**2` keeps its meaning."""
        value = self.values.get(node.id)
        if value is None:
            return node
        number = ast.Constant(abs(_limited(value)))
        return ast.UnaryOp(ast.USub(), number) if value < 0 else number
