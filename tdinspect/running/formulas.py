"""Output sizes as formulas of the input sizes, found by growing one variable of a call at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from torch import nn

from tdinspect.building.sources import TensorSource
from tdinspect.building.tensor_function import TensorFunction
from tdinspect.domain.size import Size
from tdinspect.domain.trace import Axis, TensorInfo
from tdinspect.domain.tree import Tree, leaves, map_tree
from tdinspect.layers import uses_of
from tdinspect.layers.axis_use import Each
from tdinspect.running.call import STEPS, Call, Variable, is_view, merges_axes
from tdinspect.running.engine import Described
from tdinspect.running.fit import fit_joint, fit_single

# How far a variable is grown step by step, until a formula goes through all points.
_DENSE = (4, 16, 64, 512)
# Sizes so far apart at most are looked for where a layer refuses those between.
_COARSEST = 64
_SHUFFLES = frozenset(("PixelUnshuffle", "PixelShuffle", "ChannelShuffle", "pixel_unshuffle", "pixel_shuffle"))
# Where several variables are grown at once: the first by so much, each further one by a step more.
_TOGETHER = ((1, 1), (6, 5), (16, 16))


def symbolic(call: Call, base: Tree, inputs: Sequence[TensorInfo]) -> Tree:
    """The outputs of ``call`` with their sizes as formulas; ``base`` is what it gave with nothing grown."""
    found = [leaf for leaf in leaves(base) if isinstance(leaf, Described)]
    kept = _kept(call, base, inputs)
    others = [axis.size for info in inputs for i, axis in enumerate(info.axes) if i not in kept]
    variables = [variable for variable in _variables(call, inputs) if not kept or variable.size in others]
    moves = {variable: _Movement(call, variable, found) for variable in variables}
    described = iter(range(len(found)))
    rearranged = inputs[0] if inputs and is_view(call.module) else TensorInfo(())

    def info(leaf: object) -> object:
        if not isinstance(leaf, Described):
            return leaf
        index = next(described)
        axes = tuple(kept.get(j) or _axis(call, moves, inputs, index, j, size) for j, size in enumerate(leaf.shape))
        return TensorInfo(axes, leaf.dtype, rearranged.origin, rearranged.high)

    return map_tree(info, base)


def _kept(call: Call, base: Tree, inputs: Sequence[TensorInfo]) -> Mapping[int, Axis]:
    """The output axes that are the input's own, position by position, as the layer's family says: none need grow."""
    if not isinstance(base, Described) or len(inputs) != 1 or len(inputs[0].axes) != len(base.shape):
        return {}
    axes = inputs[0].axes
    uses = uses_of(call.module, (inputs[0].shape(call.world.sizes),))
    found = {i: axes[i] for i, use in enumerate(uses[0] if uses else ()) if isinstance(use, Each)}
    return found if all(call.base(axis.size) == base.shape[i] for i, axis in found.items()) else {}


def _variables(call: Call, inputs: Sequence[TensorInfo]) -> list[Variable]:
    sizes = dict.fromkeys(axis.size for info in inputs for axis in info.axes if not axis.size.is_number)
    module = call.module
    if isinstance(module, TensorFunction) and module.reads:
        symbols = _moving_with(module.reads, sizes)
        read = [Variable(Size.symbol(s), s) for s in symbols if s != call.world.batch or call.engine.batch is None]
        others = [s for s in sizes if (call.engine.batch if call.is_batch(s) else not s.symbols & symbols.keys())]
        return [*read, *map(Variable, others)]
    return [Variable(size) for size in sizes if call.engine.batch != 0 or not call.is_batch(size)]


def _moving_with(read: Iterable[str], sizes: Iterable[Size]) -> dict[str, None]:
    """The symbols that a function reads, with those that stand in one size with them; all others move by themselves."""
    found = set(read)
    while more := {symbol for size in sizes if size.symbols & found for symbol in size.symbols} - found:
        found |= more
    return dict.fromkeys(sorted(found))


def _longest_stride(module: nn.Module) -> int:
    stride = getattr(module, "stride", None)
    return max((n for n in leaves(stride) if isinstance(n, int)), default=1)


def _rounds(module: nn.Module) -> bool:
    """True where sizes are multiplied by a fraction that no binary number holds: they are rounded, up or down."""
    settings = module.constants if isinstance(module, TensorFunction) else vars(module)
    factors = [factor for factor in leaves(settings.get("scale_factor")) if isinstance(factor, float)]
    return any(factor * 64 != int(factor * 64) for factor in factors)


class _Movement:
    """How the outputs of a call move when one variable grows."""

    def __init__(self, call: Call, variable: Variable, base: Sequence[Described]) -> None:
        self.variable = variable
        self.start = call.base(variable.size) if variable.symbol is None else variable.size.value(call.world.sizes)
        self.samples: dict[int, list[tuple[int, ...]]] = {0: [leaf.shape for leaf in base]}
        self.call = call
        self.ran = False
        # Far enough to cross the next stride; not for the batch, whose size is memory, nor steps, which take time.
        near = call.is_batch(variable.size) or variable.size == STEPS
        self.unit = variable.size.unit
        self.unit *= 1 if near else self._step()
        self.far = None if near else max(5, -(-max(64, 2 * _longest_stride(call.module)) // self.unit))
        for by in (1, 2, 3) if self.far is None else (1, 2, 3, self.far):
            self.sample(by)
        self.refused = not self.ran

    def _step(self) -> int:
        """How far apart the sizes are that it takes: a reshape to ``(H//16, 16)`` takes every 16th."""
        module = self.call.module
        name = module.name if isinstance(module, TensorFunction) else type(module).__name__
        if not merges_axes(module) and name not in _SHUFFLES:
            return 1
        grown = range(1, _COARSEST + 1)
        return next((by for by in grown if self.call.shapes({self.variable: by * self.unit}) is not None), 1)

    def sample(self, by: int) -> None:
        """Run once more, with the variable grown by so many units: ``8*H`` takes multiples of 8 only."""
        by *= self.unit
        if by in self.samples:
            return
        shapes = self.call.shapes({self.variable: by})
        self.ran |= shapes is not None
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
        for dense in _DENSE:
            if not self.sample_to(dense):
                return None
            points = self.points(index, axis)
            near = {n: size for n, size in points.items() if n < self.start + dense * self.unit}
            formula = fit_single(near)
            if formula is not None and self._holds(formula, index, axis, dense):
                return formula
        return None

    def sample_to(self, dense: int) -> bool:
        """Run with the variable grown by each number below ``dense``; False where the layer refuses most sizes."""
        if dense > 4 and len(self.samples) < dense // 8:
            return False
        for by in range(dense):
            self.sample(by)
        return True

    def _holds(self, formula: Size, index: int, axis: int, dense: int) -> bool:
        """True where the formula is right at the sizes that it was not found from, as far as the layer runs there."""
        if dense > _DENSE[0] and self.far is not None:
            for by in (self.far + 1, self.far + dense // 2 + 1):
                self.sample(by)
        return all(size == formula.value({"n": n}) for n, size in self.points(index, axis).items())


def _axis(
    call: Call,
    moves: Mapping[Variable, _Movement],
    inputs: Sequence[TensorInfo],
    index: int,
    axis: int,
    size: int,
) -> Axis:
    """One output axis: which variables it follows, and how."""
    if size == 0 and call.engine.batch == 0:
        return _batch_axis(call, inputs, axis)
    if not moves:
        return Axis(Size.number(size))
    moving = [movement for movement in moves.values() if movement.moves(index, axis)]
    if not moving:
        return _still_axis(call, moves, inputs, axis, size)
    carries = _carried(call, moving, inputs)
    found = _one(moving[0], index, axis) if len(moving) == 1 else _several(call, moving, index, axis, size)
    if found is None:
        carries = frozenset() if merges_axes(call.module) else carries
        follows = frozenset().union(*(movement.variable.size.symbols for movement in moving))
        return Axis(Size.number(call.full_shapes()[index][axis]), carries, follows)
    if merges_axes(call.module) and not any(found == info_axis.size for info in inputs for info_axis in info.axes):
        carries = carries if found.symbols and _is_fold(found, carries) else frozenset()
    if isinstance(call.module, TensorSource) and not _is_fold(found, carries):
        carries = frozenset()
    return Axis(found, carries)


def _one(movement: _Movement, index: int, axis: int) -> Size | None:
    formula = None if _rounds(movement.call.module) else movement.fit(index, axis)
    return None if formula is None else formula.substitute("n", movement.variable.size)


def _several(call: Call, moving: Sequence[_Movement], index: int, axis: int, size: int) -> Size | None:
    """A formula of several variables, which must also hold where they grow together."""
    names = [f"#{i}" for i in range(len(moving))]

    def holds(found: Size) -> bool:
        """True at sizes that it was not found from; the layer must run at one of them."""
        seen = 0
        for first, step in _TOGETHER:
            grown = {m.variable: m.unit * (first + step * i) for i, m in enumerate(moving)}
            shapes = call.shapes(grown)
            if shapes is None:
                continue
            seen += 1
            sizes = {name: m.start + grown[m.variable] for name, m in zip(names, moving, strict=True)}
            if shapes[index][axis] != found.value(sizes):
                return False
        return seen > 0

    for dense in _DENSE[:3]:
        if not all(movement.sample_to(dense) for movement in moving):
            return None
        points = [(Size.symbol(name), m.start, m.points(index, axis)) for name, m in zip(names, moving, strict=True)]
        found = fit_joint(points, size, holds)
        if found is not None:
            for name, movement in zip(names, moving, strict=True):
                found = found.substitute(name, movement.variable.size)
            return found
    return None


def _is_fold(size: Size, carries: frozenset[str]) -> bool:
    """True for a product of just the carried symbols: a fold of time and batch, and nothing else in it."""
    product = Size.number(1)
    for symbol in carries:
        product = product * Size.symbol(symbol)
    return size == product


def _carried(call: Call, moving: Sequence[_Movement], inputs: Sequence[TensorInfo]) -> frozenset[str]:
    carried: frozenset[str] = frozenset()
    if isinstance(call.module, TensorSource):  # an axis as long as the batch or time is made to stand for it
        followed = {movement.variable.symbol for movement in moving}
        return frozenset(s for s in (call.world.batch, *call.world.clocks) if s is not None and s in followed)
    for movement in moving:
        for info in inputs:
            for axis in info.axes:
                if axis.size == movement.variable.size:
                    carried |= axis.carries
                elif movement.variable.symbol is not None:  # one symbol of a fold, taken out of it again
                    carried |= axis.carries & {movement.variable.symbol} & axis.size.symbols
    return carried


def _batch_axis(call: Call, inputs: Sequence[TensorInfo], axis: int) -> Axis:
    """An output axis that the empty batch left empty: it is the batch axis of an input."""
    empty = [info_axis for info in inputs for info_axis in info.axes if call.is_batch(info_axis.size)]
    if len({info_axis.size for info_axis in empty}) > 1:
        in_place = [info.axes[axis] for info in inputs if axis < len(info.axes) and info.axes[axis] in empty]
        empty = in_place or empty
    size = empty[0].size  # a constant as long as the batch stands for it as soon as it meets it
    return Axis(size, frozenset().union(*(found.carries for found in empty if found.size == size)))


def _still_axis(
    call: Call, moves: Mapping[Variable, _Movement], inputs: Sequence[TensorInfo], axis: int, size: int
) -> Axis:
    """A number, unless the layer takes one size only and the axis stands where it was."""
    # The axis that such a layer refuses to grow is not the one that stands in its place afterwards.
    remakes = any(hasattr(call.module, name) for name in ("out_channels", "out_features"))
    for info in inputs:
        for candidate in info.axes[axis : axis + 1]:
            refused = any(m.refused and m.variable.size == candidate.size for m in moves.values())
            if refused and not remakes and call.base(candidate.size) == size:
                return candidate
    return Axis(Size.number(size))
