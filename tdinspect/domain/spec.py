"""A spec as typed, frozen data: what the file says, before anything is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from tdinspect.domain.expression import evaluate
from tdinspect.domain.location import Path
from tdinspect.domain.tree import Tree, map_tree

Scalar = bool | int | float | str | None
# A constant as it stands in the file; an Expression inside it is evaluated when the step is built or run.
Value = "Scalar | Expression | tuple[Value, ...] | Mapping[str, Value]"
# `from` and `as` nest: a name, or a tuple of names and tuples.
Names = "str | tuple[Names, ...]"
Wiring = "Names | Mapping[str, Names]"

CONTAINERS = ("TimeDistributed", "Sequential")


@dataclass(frozen=True, slots=True)
class Expression:
    """``$name`` or ``$(expression)``: parsed and checked, with ``vars`` already known; ``text`` is without the ``$``.

    ``symbols`` are the sizes it reads; when there are none, the parser has already replaced it by its value.
    """

    text: str
    symbols: frozenset[str]


@dataclass(frozen=True, slots=True)
class Arguments:
    """An operation's value: one scalar, or keyword arguments, or nothing.

    ``wrong``: it could not be read, a finding says why, and nothing should be said to be missing.
    """

    scalar: object = None  # Value; meaningful when has_scalar
    has_scalar: bool = False
    named: Mapping[str, object] = field(default_factory=dict)
    wrong: bool = False


@dataclass(frozen=True, slots=True)
class Layer:
    """A class of torch.nn by its name (``Conv2d``), or a dotted path (``mypkg.Net``)."""

    type: str
    args: Arguments


@dataclass(frozen=True, slots=True)
class Function:
    """A function of tensors from the allow-list (``softmax``)."""

    type: str
    args: Arguments


@dataclass(frozen=True, slots=True)
class Container:
    """Steps under one name; ``options`` are those written beside ``layers`` (``time_axis``, ``mode`` ...)."""

    type: str
    steps: tuple[Step, ...]
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Share:
    """The module of an earlier step, used again."""

    target: str


Operation = Layer | Function | Container | Share


@dataclass(frozen=True, slots=True)
class Step:
    """One step. ``path`` is the step's own place, ``op_path`` the operation key's (a bare name: the step itself)."""

    name: str
    operation: Operation
    path: Path
    op_path: Path
    source: object = None  # Wiring, or None for the step before
    parts: object = None  # Names, or None
    call: Mapping[str, object] = field(default_factory=dict)
    trainable: bool | None = None
    time: str | None = None


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One input. ``shape`` holds whole numbers and symbols; the axes are indices into it, or None."""

    name: str
    shape: tuple[int | str, ...]
    path: Path
    dtype: str = "float32"
    high: int | None = None
    values: Literal["random", "zeros", "ones", "arange"] = "random"
    time_axis: int | None = None
    batch_axis: int | None = None


@dataclass(frozen=True, slots=True)
class Expect:
    """What ``tdinspect check`` must find true. Shapes are tuples of numbers, symbols, formulas, ``_`` and ``...``."""

    outputs: Mapping[str, tuple[int | str, ...]] = field(default_factory=dict)
    layers: Mapping[str, tuple[int | str, ...]] = field(default_factory=dict)
    # params, trainable_params, keras_params, macs, param_bytes, activation_bytes -> (min, max); None is open
    counts: Mapping[str, tuple[int | None, int | None]] = field(default_factory=dict)
    free: tuple[str, ...] = ()
    causal: bool | None = None
    batch_independent: bool | None = None
    fails: tuple[str, str | None] | None = None  # code, exact error text


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A whole spec. ``sizes`` has a number for every symbol; those that tdinspect chose are in ``defaults`` too.

    ``time_axis`` and ``batch_axis`` are for the report: a symbol, an index, or None. ``notes`` says what was assumed.
    """

    name: str
    inputs: tuple[InputSpec, ...]
    steps: tuple[Step, ...]
    sizes: Mapping[str, int]
    defaults: Mapping[str, int] = field(default_factory=dict)
    description: str | None = None
    time_axis: str | int | None = None
    batch_axis: str | int | None = None
    vars: Mapping[str, object] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    expect: Expect | None = None
    notes: tuple[str, ...] = ()


def resolved(constants: Tree, sizes: Mapping[str, int]) -> Tree:
    """The constants, every Expression as its value at these sizes. Raises ExpressionError where one has none."""
    return map_tree(lambda value: evaluate(value.text, sizes) if isinstance(value, Expression) else value, constants)


def show(value: object) -> str:
    """A value as a spec writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "null"
    if isinstance(value, tuple | list):
        return f"[{', '.join(show(item) for item in value)}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {show(item)}' for key, item in value.items())}}}"
    if isinstance(value, Expression):
        return f"${value.text}" if value.text.isidentifier() else f"$({value.text})"
    return repr(value) if isinstance(value, str) else str(value)
