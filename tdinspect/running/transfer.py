"""What one layer does to shapes: its real kernels are run at a few sizes, and the sizes of its outputs become formulas.

Each input axis with a symbol in its size is a variable; the layer is run again with one variable grown at a time, and
every output axis is written as a function of those that move it. Composing these over the layers of a model gives the
shapes of the whole model with the symbols kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import nn

from tdinspect.building.tensor_function import TensorFunction
from tdinspect.domain.size import Size
from tdinspect.domain.trace import Axis, TensorInfo
from tdinspect.domain.tree import Tree, leaves, map_tree
from tdinspect.layers import family_of
from tdinspect.running.engine import FULL, META, ONE_SAMPLE, ZERO_BATCH, Described, Engine
from tdinspect.running.fit import fit_joint, fit_single

_LARGE = 1 << 22  # elements of input above which a run without a batch to shrink goes to the meta device


class LayerError(Exception):
    """A layer raised at the spec's own sizes; ``text`` is the exception's type, a colon and its message."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


@dataclass(frozen=True, slots=True)
class World:
    """The sizes of every symbol in the pass, which are batch and time (``clocks``), and the sizes that functions read."""

    sizes: Mapping[str, int]
    batch: str | None
    run_sizes: dict[str, int]
    clocks: tuple[str, ...] = ()
    device: str = "auto"


@dataclass(frozen=True, slots=True)
class Variable:
    """What a rerun grows: all axes of one size, or (for functions that read ``$T``) a symbol."""

    size: Size
    symbol: str | None = None


def transfer(module: nn.Module, args: Tree, kwargs: Mapping[str, Tree], world: World) -> Tree:
    """The outputs of ``module`` as TensorInfo, for inputs as TensorInfo. Raises LayerError when the layer raises."""
    inputs = list(leaves((args, kwargs)))
    engine = _choose(module, inputs, world)
    call = _Call(module, args, kwargs, world, engine)
    try:
        base = call.run()
    except Exception as problem:  # any layer may raise anything; the spec's own sizes decide
        if engine.batch is None and engine.device == "cpu":
            raise LayerError(_text(problem)) from problem
        base, call = _at_full_size(call)
    _confirm(module, call, inputs)
    return _symbolic(call, base, inputs)


def error_at_full_size(module: nn.Module, args: Tree, kwargs: Mapping[str, Tree], world: World) -> str | None:
    """The layer's own words at the spec's own sizes, or None when it does not raise."""
    try:
        _Call(module, args, kwargs, world, FULL).run()
    except Exception as problem:
        return _text(problem)
    return None


def _text(problem: Exception) -> str:
    return f"{type(problem).__name__}: {problem}"


def _choose(module: nn.Module, inputs: Sequence[TensorInfo], world: World) -> Engine:
    if isinstance(module, nn.Flatten | nn.Unflatten) or (isinstance(module, TensorFunction) and module.is_view):
        return META
    if world.device == "meta":
        return META
    if not any(world.batch in axis.size.symbols for info in inputs for axis in info.axes):
        elements = sum(_elements(info, world.sizes) for info in inputs)
        return META if elements > _LARGE else FULL
    return ONE_SAMPLE if _needs_a_sample(module, inputs, world) else ZERO_BATCH


def _elements(info: TensorInfo, sizes: Mapping[str, int]) -> int:
    total = 1
    for size in info.shape(sizes):
        total *= size
    return total


def _needs_a_sample(module: nn.Module, inputs: Sequence[TensorInfo], world: World) -> bool:
    """True where an empty batch gives other shapes or lets mistakes pass."""
    if isinstance(module, nn.PixelUnshuffle):
        return True
    if not isinstance(module, TensorFunction):
        return False
    if module.name == "cat":
        dim = module.constants.get("dim", 0)
        axes = [info.axes[dim] for info in inputs if isinstance(dim, int) and -len(info.axes) <= dim < len(info.axes)]
        return any(len(info.axes) == 1 for info in inputs) or any(world.batch in axis.size.symbols for axis in axes)
    return module.name in ("scaled_dot_product_attention", "gather", "one_hot")


def _at_full_size(failed: _Call) -> tuple[Tree, _Call]:
    """The same call where the engine at hand raised: the real error, or a run that works."""
    error = error_at_full_size(failed.module, failed.args, failed.kwargs, failed.world)
    if error is not None:
        raise LayerError(error)
    for engine in (ONE_SAMPLE, FULL):
        call = _Call(failed.module, failed.args, failed.kwargs, failed.world, engine)
        try:
            return call.run(), call
        except Exception:  # one sample can be too few; the full size has just worked
            continue
    raise AssertionError("a call that had worked at its own sizes raised when it was repeated")


def _confirm(module: nn.Module, call: _Call, inputs: Sequence[TensorInfo]) -> None:
    """Look for what an empty batch lets pass, at the smallest shape that shows it."""
    witness = family_of(type(module).__name__).witness
    if witness is None or not inputs:
        return
    small = Described(witness(inputs[0].shape(call.world.sizes)), inputs[0].dtype)
    try:
        FULL.run(module, (small,), {})
    except Exception as problem:
        error = error_at_full_size(module, call.args, call.kwargs, call.world)
        raise LayerError(error or _text(problem)) from problem


class _Call:
    """One layer on its inputs, to be run at any sizes of the variables."""

    def __init__(self, module: nn.Module, args: Tree, kwargs: Mapping[str, Tree], world: World, engine: Engine) -> None:
        self.module, self.args, self.kwargs, self.world, self.engine = module, args, kwargs, world, engine

    def is_batch(self, size: Size) -> bool:
        """True for a size that holds the batch symbol, where the engine gives the batch a size of its own."""
        return self.engine.batch is not None and self.world.batch in size.symbols

    def base(self, size: Size) -> int:
        """The number that stands for a size in a run where nothing is grown."""
        if self.is_batch(size):
            assert self.engine.batch is not None
            return self.engine.batch
        return size.value(self.world.sizes)

    def run(self, variable: Variable | None = None, by: int = 0) -> Tree:
        """Described outputs, with ``variable`` grown by ``by``."""
        sizes = dict(self.world.sizes)
        if variable is not None and variable.symbol is not None:
            sizes[variable.symbol] += by

        def number(size: Size) -> int:
            if variable is not None and variable.symbol is None and size == variable.size:
                return self.base(size) + by
            return self.base(size) if self.is_batch(size) else size.value(sizes)

        def describe(info: TensorInfo) -> Described:
            return Described(tuple(number(axis.size) for axis in info.axes), info.dtype)

        if self.engine.batch is not None and self.world.batch is not None:
            sizes[self.world.batch] = self.engine.batch
        self.world.run_sizes.update(sizes)
        return self.engine.run(self.module, map_tree(describe, self.args), map_tree(describe, self.kwargs))

    def shapes(self, variable: Variable, by: int) -> list[tuple[int, ...]] | None:
        """The shapes of the outputs with a variable grown, or None where the layer refuses."""
        try:
            return [found.shape for found in leaves(self.run(variable, by)) if isinstance(found, Described)]
        except Exception:  # this layer takes one size only, or only some sizes
            return None


def _symbolic(call: _Call, base: Tree, inputs: Sequence[TensorInfo]) -> Tree:
    found = [leaf for leaf in leaves(base) if isinstance(leaf, Described)]
    moves = {variable: _Movement(call, variable, found) for variable in _variables(call, inputs)}
    described = iter(range(len(found)))

    def info(leaf: object) -> object:
        if not isinstance(leaf, Described):
            return leaf
        index = next(described)
        axes = tuple(_axis(call, moves, inputs, index, j, size) for j, size in enumerate(leaf.shape))
        return TensorInfo(axes, leaf.dtype)

    return map_tree(info, base)


def _variables(call: _Call, inputs: Sequence[TensorInfo]) -> list[Variable]:
    sizes = dict.fromkeys(axis.size for info in inputs for axis in info.axes if not axis.size.is_number)
    module = call.module
    if isinstance(module, TensorFunction) and module.reads_sizes:
        symbols = dict.fromkeys(symbol for size in sizes for symbol in sorted(size.symbols))
        return [Variable(Size.symbol(s), s) for s in symbols if s != call.world.batch or call.engine.batch is None]
    return [Variable(size) for size in sizes if call.engine.batch != 0 or not call.is_batch(size)]


def _longest_stride(module: nn.Module) -> int:
    stride = getattr(module, "stride", None)
    return max((n for n in leaves(stride) if isinstance(n, int)), default=1)


class _Movement:
    """How the outputs of a call move when one variable grows."""

    def __init__(self, call: _Call, variable: Variable, base: Sequence[Described]) -> None:
        self.variable = variable
        self.start = call.base(variable.size) if variable.symbol is None else variable.size.value(call.world.sizes)
        self.samples: dict[int, list[tuple[int, ...]]] = {0: [leaf.shape for leaf in base]}
        self.call = call
        # Far enough to cross the next stride; not for the batch, whose size is memory.
        far = () if call.is_batch(variable.size) else (max(64, 2 * _longest_stride(call.module)),)
        for by in (1, 2, 3, *far):
            self.sample(by)
        self.refused = len(self.samples) == 1

    def sample(self, by: int) -> None:
        """Run once more, with the variable grown by ``by``."""
        if by in self.samples:
            return
        shapes = self.call.shapes(self.variable, by)
        if shapes is not None and [len(shape) for shape in shapes] == [len(shape) for shape in self.samples[0]]:
            self.samples[by] = shapes

    def points(self, index: int, axis: int) -> dict[int, int]:
        """The sizes of one output axis by the size of the variable."""
        return {self.start + by: shapes[index][axis] for by, shapes in self.samples.items()}

    def moves(self, index: int, axis: int) -> bool:
        """True when the output axis follows the variable."""
        return len(set(self.points(index, axis).values())) > 1

    def fit(self, index: int, axis: int) -> Size | None:
        """The output axis as a formula of the variable, sampled more densely until one holds everywhere."""
        for dense in (4, 16, 64, 512):
            if dense > 4 and len(self.samples) < dense // 8:  # the layer refuses most sizes
                return None
            for by in range(dense):
                self.sample(by)
            formula = fit_single(self.points(index, axis))
            if formula is not None:
                return formula
        return None


def _axis(
    call: _Call,
    moves: Mapping[Variable, _Movement],
    inputs: Sequence[TensorInfo],
    index: int,
    axis: int,
    size: int,
) -> Axis:
    """One output axis: which variables it follows, and how."""
    if size == 0 and call.engine.batch == 0:
        return _batch_axis(call, inputs, axis)
    moving = [movement for movement in moves.values() if movement.moves(index, axis)]
    if not moving:
        return _still_axis(call, moves, inputs, axis, size)
    carries = _carried(moving, inputs)
    if len(moving) == 1:
        formula = moving[0].fit(index, axis)
        found = None if formula is None else formula.substitute("n", moving[0].variable.size)
    else:
        points = [(m.variable.size, m.start, m.points(index, axis)) for m in moving]
        found = fit_joint(points, size)
    if found is None:
        return Axis(Size.number(size), carries)
    if _is_view(call.module) and not any(found == info_axis.size for info in inputs for info_axis in info.axes):
        carries = carries if found.symbols and _is_fold(found, carries) else frozenset()
    return Axis(found, carries)


def _is_view(module: nn.Module) -> bool:
    return isinstance(module, nn.Flatten | nn.Unflatten) or (isinstance(module, TensorFunction) and module.is_view)


def _is_fold(size: Size, carries: frozenset[str]) -> bool:
    """True for a product of just the carried symbols: a fold of time and batch, and nothing else in it."""
    product = Size.number(1)
    for symbol in carries:
        product = product * Size.symbol(symbol)
    return size == product


def _carried(moving: Sequence[_Movement], inputs: Sequence[TensorInfo]) -> frozenset[str]:
    carried: frozenset[str] = frozenset()
    for movement in moving:
        for info in inputs:
            for axis in info.axes:
                if axis.size == movement.variable.size:
                    carried |= axis.carries
    return carried


def _batch_axis(call: _Call, inputs: Sequence[TensorInfo], axis: int) -> Axis:
    """An output axis that the empty batch left empty: it is the batch axis of an input."""
    empty = [info_axis for info in inputs for info_axis in info.axes if call.is_batch(info_axis.size)]
    if len({info_axis.size for info_axis in empty}) > 1:
        in_place = [info.axes[axis] for info in inputs if axis < len(info.axes) and info.axes[axis] in empty]
        empty = in_place or empty
    return empty[0]


def _still_axis(
    call: _Call, moves: Mapping[Variable, _Movement], inputs: Sequence[TensorInfo], axis: int, size: int
) -> Axis:
    """An axis that no variable moves: a number, unless the layer took one size only and the axis stands where it was."""
    for info in inputs:
        for candidate in info.axes[axis : axis + 1]:
            refused = any(m.refused and m.variable.size == candidate.size for m in moves.values())
            if refused and call.base(candidate.size) == size:
                return candidate
    return Axis(Size.number(size))
