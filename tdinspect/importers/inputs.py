"""``input`` and ``inputs``: names, shapes, dtypes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from keyword import iskeyword
from typing import Literal, get_args

from tdinspect.domain.expression import MAX_VALUE
from tdinspect.domain.location import Path
from tdinspect.domain.spec import InputSpec
from tdinspect.importers.collector import Collector, as_list, did_you_mean, shorten, whole
from tdinspect.importers.values import Constants, is_name, too_long

MAX_AXES = 64  # torch's own limit
MAX_INPUTS = 1000
Values = Literal["random", "zeros", "ones", "arange"]
OPTIONS = ("shape", "dtype", "high", "values")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
_FLOATS = ("float16", "float32", "float64", "bfloat16", "complex32", "complex64", "complex128")
_SMALL_FLOATS = ("float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu")
_ALIASES = {
    "half": "float16",
    "float": "float32",
    "double": "float64",
    "short": "int16",
    "int": "int32",
    "long": "int64",
    "chalf": "complex32",
    "cfloat": "complex64",
    "cdouble": "complex128",
}
DTYPES = {name: name for name in (*_FLOATS, *INTEGERS, "bool", *_SMALL_FLOATS)} | _ALIASES
_EXAMPLE = "input: [B, T, 3, 64, 64]"


@dataclass(frozen=True)
class Inputs:
    """The inputs as far as they could be read; ``complete`` is False when a wrong entry may have been a symbol."""

    inputs: tuple[InputSpec, ...]
    complete: bool

    @cached_property
    def symbols(self) -> Mapping[str, None]:
        """The symbols of all shapes, in the order in which they stand: a set that keeps it."""
        return dict.fromkeys(entry for one in self.inputs for entry in one.shape if isinstance(entry, str))


def parse_inputs(data: Mapping[str, object], constants: Constants) -> Inputs:
    """The spec's inputs, from exactly one of ``input`` and ``inputs``."""
    collector = constants.collector
    inputs: list[InputSpec] = []
    if "input" in data and "inputs" in data:
        message = "`input` and `inputs` are both here; a spec has one of them"
        help = "keep `input` for one input, `inputs` for several"
        collector.add("TD003", message, ("inputs",), on_key=True, help=help)
        constants.symbols_known = False
    if "input" in data:
        value = data["input"]
        if isinstance(value, Mapping) and any(isinstance(v, list) for k, v in value.items() if k != "shape"):
            collector.add(
                "TD003", "`input` is one input", ("input",), on_key=True, help="several stand under `inputs:`"
            )
            inputs.extend(_many_inputs(value, ("input",), constants))
        else:
            inputs.append(_one_input("input", value, ("input",), constants))
    elif "inputs" in data:
        inputs.extend(_many_inputs(data["inputs"], ("inputs",), constants))
    else:
        collector.add("TD003", "the input's shape is missing", (), help=_EXAMPLE)
    constants.symbols_known = constants.symbols_known and bool(inputs)
    return Inputs(tuple(inputs), complete=constants.symbols_known)


def _many_inputs(value: object, path: Path, constants: Constants) -> list[InputSpec]:
    collector = constants.collector
    if not isinstance(value, Mapping) or not value:
        help = "inputs: {a: [B, T, 8], b: [B, 4]}"
        help += "\none input stands under `input:`" if isinstance(value, list) else ""
        collector.wrong("a mapping of names to shapes", value, path, help=help)
        return []
    if len(value) > MAX_INPUTS:
        collector.add("TD008", f"{len(value):,} inputs; the limit is {MAX_INPUTS:,}", path, on_key=True)
        constants.symbols_known = False
        return []
    inputs = []
    for name, shape in value.items():
        if not is_name(name):
            message = f"`{shorten(name)}` is not a name: letters, digits and _ only, no digit first"
            collector.add("TD003", message, (*path, name), on_key=True)
        too_long(name, (*path, name), collector, on_key=True)
        inputs.append(_one_input(name, shape, (*path, name), constants))
    return inputs


def _one_input(name: str, value: object, path: Path, constants: Constants) -> InputSpec:
    if not isinstance(value, Mapping):
        return InputSpec(name, _shape(value, path, constants), path)
    collector = constants.collector
    if "shape" not in value:
        message = f"the shape of `{shorten(name)}` is missing"
        listed = "a shape stands in square brackets: [B, T, 3, 64, 64]"  # for `{B, T, 8}`
        bare = not any(value.values()) and not value.keys() & {*OPTIONS}
        collector.add("TD003", message, path, on_key=True, help=listed if bare else "shape: [B, T, 3, 64, 64]")
        return InputSpec(name, _unreadable(constants), path)
    collector.check_keys(value, OPTIONS, path, "of an input")
    dtype = _dtype(value.get("dtype", "float32"), (*path, "dtype"), collector)
    return InputSpec(
        name,
        _shape(value["shape"], (*path, "shape"), constants),
        path,
        dtype=dtype,
        high=_high(value, dtype, path, collector),
        values=_values(value.get("values", "ones" if dtype == "bool" else "random"), (*path, "values"), collector),
    )


def _shape(value: object, path: Path, constants: Constants) -> tuple[int | str, ...]:
    collector = constants.collector
    if not isinstance(value, list) or not value:
        alone = isinstance(value, str) or whole(value)
        help = as_list(str(value)) if alone else "[B, T, 3, 64, 64]"
        collector.wrong("a shape: a list of whole numbers and symbols", value, path, help=help)
        return _unreadable(constants)
    if len(value) > MAX_AXES:
        collector.add("TD008", f"a shape of {len(value)} axes; the limit is {MAX_AXES}", path)
        return _unreadable(constants)
    return tuple(_entry(entry, (*path, index), constants) for index, entry in enumerate(value))


def _unreadable(constants: Constants) -> tuple[int]:
    """A shape to go on with; its symbols, if it had any, are not known."""
    constants.symbols_known = False
    return (1,)


def _entry(entry: object, path: Path, constants: Constants) -> int | str:
    """A whole number above zero, or a symbol; 1 stands in for a wrong entry, so that reading goes on."""
    collector = constants.collector
    if isinstance(entry, str) and "$" in entry:
        text = constants.expression_text(entry, path)
        if text is not None and is_name(text) and text not in constants.vars:
            message = f"`{shorten(text)}` is no var"
            near = did_you_mean(collector.nearest(text, constants.vars))
            help = near or f"a symbol has no dollar here: `{shorten(text)}`"
            collector.add("TD006", message, path, help=help)
            return _unreadable(constants)[0]
        before = collector.count
        entry = None if text is None else constants.resolve(text, path)
        if text is None or collector.count > before:
            return 1
    if is_name(entry):
        if too_long(entry, path, constants.collector):
            return _unreadable(constants)[0]
        if iskeyword(entry):
            # Formulas of sizes are written, and read, as Python.
            help = "an open size is a symbol: `B`" if entry == "None" else "take another letter or word"
            collector.add("TD003", f"`{entry}` is a word of Python, so it cannot name an axis", path, help=help)
            return _unreadable(constants)[0]
        return entry
    if not isinstance(entry, int) or isinstance(entry, bool):
        collector.wrong("a whole number or a symbol", entry, path, help=_entry_help(entry))
        return 1 if isinstance(entry, bool | float) else _unreadable(constants)[0]
    if entry <= 0:
        collector.add("TD003", f"a size must be above zero, found {entry}", path, help="an open size is a symbol: `T`")
        return 1
    if entry > MAX_VALUE:
        collector.add("TD008", f"the size {shorten(str(entry))} is above 2**62", path)
        return 1
    return entry


def _entry_help(entry: object) -> str | None:
    if isinstance(entry, str) and entry.isdecimal():
        return f"without quotes: {shorten(entry)}"
    if isinstance(entry, float):
        return shorten(str(int(entry))) if entry.is_integer() else "`//` divides to a whole number"
    if not isinstance(entry, str):
        return "an open size is a symbol: `B`" if entry is None else None
    formula = "a formula cannot be an input's size; name the axis with a symbol"
    return formula if entry.isascii() else "a symbol has letters a-z, digits and _"


def _dtype(value: object, path: Path, collector: Collector) -> str:
    if isinstance(value, str) and value in DTYPES:
        return DTYPES[value]
    near = collector.nearest(value.removeprefix("torch."), DTYPES) if isinstance(value, str) else None
    collector.wrong("the name of a torch dtype", value, path, help=did_you_mean(near) or "dtype: int64")
    return "float32"


def _high(options: Mapping[str, object], dtype: str, path: Path, collector: Collector) -> int | None:
    high = options.get("high")
    if "high" not in options:
        return None
    if not isinstance(high, int) or isinstance(high, bool) or high < 1:
        collector.wrong("a whole number above zero", high, (*path, "high"))
    elif dtype not in INTEGERS:
        message = f"`high` bounds random whole numbers, and this input is {dtype}"
        collector.add("TD003", message, (*path, "high"), on_key=True, help="dtype: int64")
    else:
        return high
    return None


def _values(value: object, path: Path, collector: Collector) -> Values:
    choices: tuple[Values, ...] = get_args(Values)
    for choice in choices:
        if value == choice:
            return choice
    near = collector.nearest(value, get_args(Values)) if isinstance(value, str) else None
    collector.wrong("random, zeros, ones or arange", value, path, help=did_you_mean(near))
    return "random"
