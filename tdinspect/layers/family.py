"""What a family's file says about its layers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from torch import nn

from tdinspect.layers.axis_use import Axes
from tdinspect.layers.work import Macs


@dataclass(frozen=True, slots=True)
class Source:
    """The axis of an incoming tensor that tells a size; ``name`` is the keyword that the input may come under."""

    axis: int = -1
    input: int = 0
    name: str = "input"


def generic_formula(module: nn.Module) -> str:
    """The sum over the module's tensors of the products of their sizes, equal ones together: ``16*3*3*3 + 16``."""
    products = Counter("*".join(str(size) for size in tensor.shape) or "1" for tensor in module.parameters())
    return " + ".join(product if times == 1 else f"{times} * {product}" for product, times in products.items())


def torch_count(module: nn.Module) -> int:
    """Keras counts this layer as torch does."""
    return sum(parameter.numel() for parameter in module.parameters(recurse=False))


@dataclass(frozen=True, slots=True)
class Smaller:
    """Arguments of a layer with fewer features; ``widths`` says which sizes of a last axis became which."""

    arguments: Mapping[str, object]
    widths: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Family:
    """``formula(module)`` gives the parameter count as an expression with the numbers in it.

    ``keras_params(module)`` counts what the Keras layer of the same sizes reports, the module's own tensors only.
    ``witness(shape)`` shrinks an input shape to the smallest that still shows whether it suits the layer, for layers
    whose mistakes a zero-size batch lets pass. ``steps(module, ndim)`` is the axis of an input of ``ndim`` axes that
    the layer walks along step by step, giving as many steps as it gets: its length is never run.
    ``indices(module)`` bounds the whole numbers that it takes. ``most`` limits arguments whose kernel does something
    for each one in turn, even on an empty batch. ``axes(module, shapes)`` says what becomes of each axis of each input;
    ``unseen`` has the pairs of an output and an input that do not meet. ``smaller(arguments)`` are the arguments of a
    layer with fewer features that does the same to all other axes. ``macs(module, work)`` are the multiply-adds of one
    call (``layers/work.py``); without it they are not known.
    """

    classes: tuple[str, ...]
    sources: Mapping[str, Source] = field(default_factory=dict)
    formula: Callable[[nn.Module], str] = generic_formula
    keras_params: Callable[[nn.Module], int] = torch_count
    witness: Callable[[tuple[int, ...]], tuple[int, ...]] | None = None
    steps: Callable[[nn.Module, int], int] | None = None
    indices: Callable[[nn.Module], int] | None = None
    most: Mapping[str, int] = field(default_factory=dict)
    axes: Axes | None = None
    unseen: frozenset[tuple[int, int]] = frozenset()
    smaller: Callable[[Mapping[str, object]], Smaller | None] | None = None
    macs: Macs | None = None
