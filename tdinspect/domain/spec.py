"""A spec as typed, frozen data: what the file says, before anything is built."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
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

CONTAINERS = ("TimeDistributed", "Sequential", "Residual", "Recurrent")
SOURCES = ("parameter", "zeros", "ones", "full", "arange", "causal_mask")


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
    """A class of torch.nn by its name (``Conv2d``), or a dotted path (``mypkg.Net``).

    An argument that is a module is a Layer in ``args`` itself. ``path`` is that of its operation key then.
    ``make`` is what builds it: known once the spec has been checked.
    """

    type: str
    args: Arguments
    path: Path = ()
    make: Callable[..., object] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Function:
    """A function of tensors from the allow-list (``softmax``)."""

    type: str
    args: Arguments


@dataclass(frozen=True, slots=True)
class Source:
    """A tensor that no input gives: ``parameter`` (learned), or a constant (``zeros``, ``causal_mask`` ...)."""

    type: str
    args: Arguments


@dataclass(frozen=True, slots=True)
class Container:
    """Steps under one name; ``options`` are those written beside ``layers`` (``time_axis``, ``mode`` ...).

    ``TimeDistributed`` and ``Sequential`` are plain ones; the kinds below say what else is done with the steps.
    """

    type: str
    steps: tuple[Step, ...]
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Block(Container):
    """One use of a block, ``type`` its name: its steps with the params of this use put in.

    ``inputs`` are the names of the entering values inside. The result is the value of the name in ``outputs``, a tuple
    of several; of the last step when there are none. A block used twice is two Blocks.
    """

    inputs: tuple[str, ...] = ("input",)
    outputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Repeat(Container):
    """Copies of one operation in a row, named ``0``, ``1`` ...; each takes the one before as its first input."""


@dataclass(frozen=True, slots=True)
class Residual(Container):
    """``shortcut(x) + f(x)``; the shortcut is one step (a Sequential named ``shortcut``), or None for ``x`` itself."""

    shortcut: Step | None = None


@dataclass(frozen=True, slots=True)
class Recurrent(Container):
    """Steps that run once per time step, in order.

    ``state`` has the shape of each state without the batch: whole numbers, symbols, Expressions. ``next`` names the
    inner value that a state takes for the following step, ``initial`` the outer value it starts from (else zeros).
    """

    state: Mapping[str, tuple[object, ...]] = field(default_factory=dict)
    next: Mapping[str, str] = field(default_factory=dict)
    initial: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Share:
    """The module of an earlier step, used again."""

    target: str


Operation = Layer | Function | Source | Container | Share


@dataclass(frozen=True, slots=True)
class Step:
    """One step. ``path`` is the step's own place, ``op_path`` the operation key's (a bare name: the step itself).

    ``uses`` are the places of the block uses that lead to it, the outermost first: its paths are in the block.
    ``entering`` are the names that a container's inputs have inside, where they are not those of its own ``from``: of a
    copy those of the repeat, of a shared use those of the first.
    """

    name: str
    operation: Operation
    path: Path
    op_path: Path
    source: object = None  # Wiring, or None for the step before
    parts: object = None  # Names, or None
    call: Mapping[str, object] = field(default_factory=dict)
    trainable: bool | None = None
    time: str | None = None
    uses: tuple[Path, ...] = ()
    entering: object = None


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
    blocks: Mapping[str, Path] = field(default_factory=dict)  # where each block's key stands
    outputs: tuple[str, ...] = ()
    expect: Expect | None = None
    notes: tuple[str, ...] = ()


def inner_steps(operation: Operation) -> tuple[Step, ...]:
    """The steps inside an operation, a shortcut last; none for anything but a container."""
    if not isinstance(operation, Container):
        return ()
    shortcut = operation.shortcut if isinstance(operation, Residual) else None
    return operation.steps if shortcut is None else (*operation.steps, shortcut)


def all_steps(steps: Iterable[Step]) -> Iterator[Step]:
    """The steps with those inside containers, in the order of the file."""
    for step in steps:
        yield step
        yield from all_steps(inner_steps(step.operation))


def map_steps(change: Callable[[Step], Step], steps: Iterable[Step]) -> tuple[Step, ...]:
    """The steps with ``change`` of each, those inside containers first."""
    return tuple(
        change(replace(step, operation=_map_inner(change, step.operation)))
        if isinstance(step.operation, Container)
        else change(step)
        for step in steps
    )


def _map_inner(change: Callable[[Step], Step], operation: Container) -> Container:
    inner = map_steps(change, operation.steps)
    if isinstance(operation, Residual) and operation.shortcut is not None:
        return replace(operation, steps=inner, shortcut=map_steps(change, (operation.shortcut,))[0])
    return replace(operation, steps=inner)


_SIMPLE = (int, float, bool, str)


def resolved(constants: Tree, sizes: Mapping[str, int]) -> Tree:
    """The constants, every Expression as its value at these sizes. Raises ExpressionError where one has none."""
    if isinstance(constants, dict) and all(type(value) in _SIMPLE for value in constants.values()):
        return constants.copy()  # most layers
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
    if isinstance(value, Layer):
        arguments = show(value.args.scalar if value.args.has_scalar else dict(value.args.named))
        return value.type if arguments == "{}" else f"{{{value.type}: {arguments}}}"
    if isinstance(value, Expression):
        return f"${value.text}" if value.text.isidentifier() else f"$({value.text})"
    return repr(value) if isinstance(value, str) else str(value)
