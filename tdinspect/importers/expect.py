"""``expect``: what ``tdinspect check`` must find true."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction

from tdinspect.domain.expression import MAX_VALUE, ExpressionError, names_in
from tdinspect.domain.finding import RULES
from tdinspect.domain.location import Path
from tdinspect.domain.spec import Expect, Expression
from tdinspect.importers.collector import as_list, describe, shorten, true_or_false, whole
from tdinspect.importers.scopes import Scope
from tdinspect.importers.values import Constants, is_name

COUNTS = ("params", "trainable_params", "keras_params", "macs", "param_bytes", "activation_bytes")
_FLAGS = ("causal", "batch_independent")
KEYS = ("output", "layers", *COUNTS, "free", *_FLAGS, "fails")
AMOUNT = re.compile(r"([0-9][0-9_]*(?:\.[0-9]+)?)\s*([kKMGT]?)(i?)(B?)")
_POWERS = {"": 0, "k": 1, "K": 1, "M": 2, "G": 3, "T": 4}
_PATH: Path = ("expect",)

Bounds = tuple[int | None, int | None]
Shape = tuple[int | str, ...]


def parse_expect(value: object, outputs: tuple[str, ...], scope: Scope, constants: Constants) -> Expect | None:
    """The expectations that could be read; None without any."""
    if value is None:
        return None
    if not isinstance(value, Mapping):
        constants.collector.wrong("a mapping", value, _PATH, help="expect: {output: [B, T, 10]}")
        return None
    constants.collector.check_keys(value, KEYS, _PATH, "of expect")
    reader = _Reader(constants, scope)
    counts = {key: bounds for key in COUNTS if key in value and (bounds := reader.count(value[key], (*_PATH, key)))}
    return Expect(
        outputs=reader.outputs(value["output"], outputs) if "output" in value else {},
        layers=reader.layers(value["layers"]) if "layers" in value else {},
        counts=counts,
        free=reader.free(value["free"]) if "free" in value else (),
        causal=reader.flag(value, "causal"),
        batch_independent=reader.flag(value, "batch_independent"),
        fails=reader.fails(value["fails"]) if "fails" in value else None,
    )


class _Reader:
    def __init__(self, constants: Constants, scope: Scope) -> None:
        self.constants = constants
        self.collector = constants.collector
        self.scope = scope

    def outputs(self, value: object, outputs: tuple[str, ...]) -> Mapping[str, Shape]:
        """``output``: one shape, or a shape for each name in ``outputs``."""
        path: Path = (*_PATH, "output")
        known = outputs or ("output",)
        if not isinstance(value, Mapping):
            if len(known) == 1:
                return {known[0]: self.shape(value, path)}
            help = "{" + ", ".join(f"{name}: [...]" for name in known) + "}"
            self.collector.wrong("a mapping, as the spec has several outputs", value, path, help=help)
            return {}
        for name in value:
            if name not in known:
                message = f"`{shorten(name)}` is not one of the outputs"
                self.collector.unknown_name(message, name, known, (*path, name))
        return {name: self.shape(shape, (*path, name)) for name, shape in value.items() if name in known}

    def layers(self, value: object) -> Mapping[str, Shape]:
        """``layers``: a shape for each step's name."""
        path: Path = (*_PATH, "layers")
        if not isinstance(value, Mapping):
            help = "layers: {lstm_1: [B, T, 32]}"
            self.collector.wrong("a mapping of steps' names to shapes", value, path, help=help)
            return {}
        for name in value:
            if self.scope.value(name) is None:
                message = f"no step is named `{shorten(name)}`"
                self.collector.unknown_name(message, name, self.scope.like(name), (*path, name))
        return {name: self.shape(shape, (*path, name)) for name, shape in value.items()}

    def shape(self, value: object, path: Path) -> Shape:
        """A shape of numbers, symbols, formulas, ``_`` and ``...``."""
        if not isinstance(value, list):
            help = as_list(value) if isinstance(value, str) else None
            self.collector.wrong("a shape: a list", value, path, help=help)
            return ("...",)
        if value.count("...") > 1:
            self.collector.add("TD003", "`...` stands for any number of axes; a shape has it once", path)
        return tuple(self._entry(entry, (*path, index)) for index, entry in enumerate(value))

    def _entry(self, entry: object, path: Path) -> int | str:
        text = self.constants.expression_text(entry, path) if isinstance(entry, str) and "$" in entry else None
        if text is not None:
            before = self.collector.count
            entry = self.constants.resolve(text, path)
            if self.collector.count > before:
                return "_"
            entry = entry.text if isinstance(entry, Expression) else entry
        if whole(entry) and entry >= 0:
            return entry
        if isinstance(entry, str):
            return entry if entry in ("_", "...") or self._formula(entry, path) else "_"
        self.collector.wrong("a whole number, a symbol, a formula, `_` or `...`", entry, path)
        return "_"

    def _formula(self, text: str, path: Path) -> bool:
        try:
            names = names_in(text)
        except ExpressionError as error:
            self.collector.add(error.code, str(error), path)
            return False
        unknown = sorted(name for name in names if name not in self.constants.symbols)
        if unknown:
            self.constants.unknown_symbol(unknown[0], path)
        return not unknown

    def count(self, value: object, path: Path) -> Bounds | None:
        """A number, exactly, or ``{min, max}``."""
        if not isinstance(value, Mapping):
            amount = self._amount(value, path)
            return None if amount is None else (amount, amount)
        self.collector.check_keys(value, ("min", "max"), path, "of a bound")
        low, high = (self._amount(value[k], (*path, k)) if k in value else None for k in ("min", "max"))
        if "min" not in value and "max" not in value:
            self.collector.add("TD003", "neither `min` nor `max` is here", path, help="{max: 5M}")
        elif low is not None and high is not None and low > high:
            self.collector.add("TD003", f"min {low:,} is above max {high:,}", path)
        return low, high

    def _amount(self, value: object, path: Path) -> int | None:
        number = amount(value)
        if number is None:
            self.collector.wrong("a number, as `5M`, `2.5G`, `20MiB` or 448", value, path)
        elif number.denominator != 1 or number > MAX_VALUE:
            self.collector.add("TD003", f"expected a whole number up to 2**62, found {describe(value)}", path)
        else:
            return int(number)
        return None

    def free(self, value: object) -> tuple[str, ...]:
        """``free``: symbols of the inputs."""
        path: Path = (*_PATH, "free")
        if not isinstance(value, list):
            help = f"[{shorten(value)}]" if is_name(value) else "[B, T]"
            self.collector.wrong("a list of symbols", value, path, help=help)
            return ()
        for index, symbol in enumerate(value):
            if not isinstance(symbol, str):
                self.collector.wrong("a symbol", symbol, (*path, index))
            elif symbol not in self.constants.symbols:
                self.constants.unknown_symbol(symbol, (*path, index))
        return tuple(s for s in value if isinstance(s, str) and s in self.constants.symbols)

    def flag(self, value: Mapping[str, object], key: str) -> bool | None:
        """``true`` or ``false``; None when the key is not there."""
        if key not in value:
            return None
        flag = value[key]
        if isinstance(flag, bool):
            return flag
        self.collector.wrong("true or false", flag, (*_PATH, key), help=true_or_false(flag))
        return None

    def fails(self, value: object) -> tuple[str, str | None] | None:
        """``fails``: a code, or ``{code, error}``."""
        path: Path = (*_PATH, "fails")
        code, error, place = value, None, path
        if isinstance(value, Mapping):
            self.collector.check_keys(value, ("code", "error"), path, "of fails")
            code, error, place = value.get("code"), value.get("error"), (*path, "code")
        if error is not None and not isinstance(error, str):
            self.collector.wrong("the exact text of the error", error, (*path, "error"))
            error = None
        if isinstance(code, str) and code in RULES:
            return code, error
        self.collector.wrong("the code of a rule", code, place, help="fails: TD102")
        return None


def amount(value: object) -> Fraction | None:
    """The number that a text like ``2.5G`` or ``20MiB`` stands for; None for anything else."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Fraction(value) if 0 <= value < float("inf") else None
    match = AMOUNT.fullmatch(value) if isinstance(value, str) and len(value) <= 40 else None
    if match is None or (match[3] and not match[2]):
        return None
    unit: int = (1024 if match[3] else 1000) ** _POWERS[match[2]]
    return Fraction(match[1].replace("_", "")) * unit
