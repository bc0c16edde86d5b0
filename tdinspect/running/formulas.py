"""Output sizes as formulas of the input sizes, found by growing one variable of a call at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import nn

from tdinspect.building.sources import TensorSource
from tdinspect.building.tensor_function import TensorFunction
from tdinspect.domain.size import Size
from tdinspect.domain.trace import Axis, TensorInfo
from tdinspect.domain.tree import Tree, leaves, map_tree
from tdinspect.running.call import Call, Variable, is_view, merges_axes
from tdinspect.running.engine import Described
from tdinspect.running.fit import fit_joint, fit_single


def symbolic(call: Call, base: Tree, inputs: Sequence[TensorInfo]) -> Tree:
    """The outputs of ``call`` with their sizes as formulas; ``base`` is what it gave with nothing grown."""
    found = [leaf for leaf in leaves(base) if isinstance(leaf, Described)]
    moves = {variable: _Movement(call, variable, found) for variable in _variables(call, inputs)}
    described = iter(range(len(found)))
    rearranged = inputs[0] if inputs and is_view(call.module) else TensorInfo(())

    def info(leaf: object) -> object:
        if not isinstance(leaf, Described):
            return leaf
        index = next(described)
        axes = tuple(_axis(call, moves, inputs, index, j, size) for j, size in enumerate(leaf.shape))
        return TensorInfo(axes, leaf.dtype, rearranged.origin, rearranged.high)

    return map_tree(info, base)


def _variables(call: Call, inputs: Sequence[TensorInfo]) -> list[Variable]:
    sizes = dict.fromkeys(axis.size for info in inputs for axis in info.axes if not axis.size.is_number)
    module = call.module
    if isinstance(module, TensorFunction) and module.reads:
        symbols = dict.fromkeys([*(s for size in sizes for s in sorted(size.symbols)), *sorted(module.reads)])
        read = [Variable(Size.symbol(s), s) for s in symbols if s != call.world.batch or call.engine.batch is None]
        return [*read, *(Variable(size) for size in sizes if call.engine.batch and call.is_batch(size))]
    return [Variable(size) for size in sizes if call.engine.batch != 0 or not call.is_batch(size)]


def _longest_stride(module: nn.Module) -> int:
    stride = getattr(module, "stride", None)
    return max((n for n in leaves(stride) if isinstance(n, int)), default=1)


class _Movement:
    """How the outputs of a call move when one variable grows."""

    def __init__(self, call: Call, variable: Variable, base: Sequence[Described]) -> None:
        self.variable = variable
        self.start = call.base(variable.size) if variable.symbol is None else variable.size.value(call.world.sizes)
        self.samples: dict[int, list[tuple[int, ...]]] = {0: [leaf.shape for leaf in base]}
        self.call = call
        self.ran = False
        # Far enough to cross the next stride; not for the batch, whose size is memory.
        far = () if call.is_batch(variable.size) else (max(64, 2 * _longest_stride(call.module)),)
        for by in (1, 2, 3, *far):
            self.sample(by)
        self.refused = not self.ran

    def sample(self, by: int) -> None:
        """Run once more, with the variable grown by ``by``."""
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
        return Axis(Size.number(call.full_shapes()[index][axis]), carries)
    if merges_axes(call.module) and not any(found == info_axis.size for info in inputs for info_axis in info.axes):
        carries = carries if found.symbols and _is_fold(found, carries) else frozenset()
    if isinstance(call.module, TensorSource) and not _is_fold(found, carries):
        carries = frozenset()
    return Axis(found, carries)


def _one(movement: _Movement, index: int, axis: int) -> Size | None:
    formula = movement.fit(index, axis)
    return None if formula is None else formula.substitute("n", movement.variable.size)


def _several(call: Call, moving: Sequence[_Movement], index: int, axis: int, size: int) -> Size | None:
    """A formula of several variables, which must also hold where they grow together."""
    names = [f"#{i}" for i in range(len(moving))]
    points = [(Size.symbol(name), m.start, m.points(index, axis)) for name, m in zip(names, moving, strict=True)]
    found = fit_joint(points, size)
    grown = {m.variable: by for by, m in enumerate(moving, start=1)}
    shapes = call.shapes(grown)
    together = {name: m.start + grown[m.variable] for name, m in zip(names, moving, strict=True)}
    if found is None or shapes is None or shapes[index][axis] != found.value(together):
        return None
    for name, movement in zip(names, moving, strict=True):
        found = found.substitute(name, movement.variable.size)
    return found


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
