"""YAML 1.2 core scalars: what a plain (unquoted) text stands for."""

from __future__ import annotations

import re

MAX_DIGITS = 100  # of one number; no size, seed or factor has more

_CONSTANTS: dict[str, bool | float | None] = {
    "": None,
    **dict.fromkeys(("~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **{sign + text: float(sign + "inf") for sign in ("", "+", "-") for text in (".inf", ".Inf", ".INF")},
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_DIGITS = r"[0-9]+(?:_[0-9]+)*"
_INTEGER = re.compile(rf"[-+]?{_DIGITS}")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(rf"[-+]?(?:\.{_DIGITS}|{_DIGITS}(?:\.(?:{_DIGITS})?)?)(?:[eE][-+]?[0-9]+)?")
_FIRST = frozenset("0123456789+-.")


class TooLong(ValueError):
    """A number of more than MAX_DIGITS characters."""


def plain_scalar(text: str) -> bool | int | float | str | None:
    """The value of a plain scalar; TooLong for a number of absurd length."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    return _number(text) if text[0] in _FIRST else text


def _number(text: str) -> int | float | str:
    if _INTEGER.fullmatch(text):
        return int(_limited(text))
    if _BASED.fullmatch(text):
        return int(_limited(text), 0)
    return float(_limited(text)) if _FLOAT.fullmatch(text) else text


def _limited(text: str) -> str:
    if len(text) > MAX_DIGITS:
        raise TooLong
    return text
