"""Constants of a spec as Python code: written by us from their values, never taken over as text."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping

from tdinspect.domain.expression import python_expression
from tdinspect.domain.spec import Expression
from tdinspect.exporters.code import Code, Group, Item, Join, Text, sequence

_SIGNS: Mapping[type[ast.operator], tuple[str, int]] = {
    ast.Add: ("+", 1),
    ast.Sub: ("-", 1),
    ast.Mult: ("*", 2),
    ast.Div: ("/", 2),
    ast.FloorDiv: ("//", 2),
    ast.Mod: ("%", 2),
    ast.Pow: ("**", 4),
}
Size = Callable[[str], Code]


def text_of(value: str) -> str:
    """A text as a Python literal, in the quotes that formatters want."""
    written = repr(value)
    if written.startswith("'") and '"' not in written:
        written = f'"{written[1:-1]}"'
    return written


def literal(value: object) -> str:
    """A constant as a Python literal. Raises TypeError for what has none."""
    if isinstance(value, bool | int | None):
        return repr(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else f'float("{value}")'
    if isinstance(value, str):
        return text_of(value)
    if isinstance(value, tuple | list):
        inner = ", ".join(map(literal, value))
        if isinstance(value, list):
            return f"[{inner}]"
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{literal(key)}: {literal(item)}' for key, item in value.items())}}}"
    raise TypeError(f"no literal for {type(value).__name__}")


def constant(value: object, size: Size) -> Code:
    """A constant with the sizes that it reads; ``size`` gives the code of a symbol."""
    if isinstance(value, Expression):
        return expression(value.text, size)
    if isinstance(value, tuple | list) and any(map(_reads, value)):
        return sequence([constant(item, size) for item in value], "[]" if isinstance(value, list) else "()")
    if isinstance(value, Mapping) and any(map(_reads, value.values())):
        items = (Item(constant(item, size), literal(key)) for key, item in value.items())
        return Group(Text(""), tuple(items), "{}")
    return Text(literal(value))


def _reads(value: object) -> bool:
    if isinstance(value, tuple | list):
        return any(map(_reads, value))
    return isinstance(value, Expression)


def expression(text: str, size: Size) -> Code:
    """``$(T // 2)`` as Python; what it may contain was checked when the spec was read."""
    return _written(python_expression(text), 0, size)


def _written(node: ast.expr, around: int, size: Size) -> Code:
    match node:
        case ast.Constant(value=int() | float() as number):
            return Text(literal(number))
        case ast.Name(id=name):
            return size(name)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _bracketed(Join((Text("-"), _written(operand, 3, size))), around > 3)
        case ast.BinOp(left=left, op=op, right=right):
            sign, level = _SIGNS[type(op)]
            power = sign == "**"
            parts = (_written(left, level + power, size), _sign(sign, left, right), _written(right, level + 1, size))
            return _bracketed(Join(parts), level < around)
    raise TypeError(f"no arithmetic: {type(node).__name__}")


def _sign(sign: str, left: ast.expr, right: ast.expr) -> Text:
    simple = all(isinstance(side, ast.Name | ast.Constant) for side in (left, right))
    return Text(sign if sign == "**" and simple else f" {sign} ")


def _bracketed(code: Code, needed: bool) -> Code:
    return Join((Text("("), code, Text(")"))) if needed else code
