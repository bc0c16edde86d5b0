"""TimeDistributed over shapes: which axes it folds, and how a shape looks inside and outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tdinspect.building.time_distributed import check_folded, folded_axes, unfolded_axes
from tdinspect.domain.finding import Finding
from tdinspect.domain.spec import Container, Step
from tdinspect.domain.trace import Axis, TensorInfo
from tdinspect.running.call import World


@dataclass(frozen=True, slots=True)
class Fold:
    """The axes that a TimeDistributed folds, seen on its first input of ``ndim`` axes."""

    time_axis: int
    batch_axis: int | None
    ndim: int
    lead: tuple[Axis, ...]  # the batch (if any), then time
    outer: Fold | None = None  # that of the TimeDistributed around

    @staticmethod
    def of(info: TensorInfo, time_axis: int, batch_axis: int | None) -> Fold:
        """The fold of these axes of ``info``. Raises ValueError when it lacks one."""
        axes = folded_axes(len(info.axes), time_axis, batch_axis)
        lead = tuple(info.axes[axis] for axis in axes)
        return Fold(axes[-1], axes[0] if len(axes) > 1 else None, len(info.axes), lead)

    @property
    def axis(self) -> Axis:
        """The folded axis, first inside."""
        folded = self.lead[0]
        for axis in self.lead[1:]:
            folded = Axis(folded.size * axis.size, folded.carries | axis.carries)
        return folded

    def inside(self, info: TensorInfo) -> TensorInfo:
        """``(B, T, ...)`` as the wrapped module sees it: ``(B*T, ...)``. Raises ValueError for another (B, T)."""
        axes = folded_axes(len(info.axes), self.time_axis, self.batch_axis)
        lead = tuple(info.axes[axis] for axis in axes)
        if [axis.size for axis in lead] != [axis.size for axis in self.lead]:
            raise ValueError(f"inputs of TimeDistributed differ in (B, T): {_sizes(self.lead)} and {_sizes(lead)}")
        rest = tuple(axis for i, axis in enumerate(info.axes) if i not in axes)
        return replace(info, axes=(self.axis, *rest))

    def outside(self, info: TensorInfo, sizes: Mapping[str, int]) -> TensorInfo:
        """``(B*T, ...)`` as the model outside sees it. Raises ValueError when the folded axis is not first any more."""
        if not info.axes or info.axes[0].size != self.axis.size:
            check_folded(info.shape(sizes), self.axis.size.value(sizes))
            if not info.axes[0].size.is_number:
                raise ValueError(f"the first axis, {info.axes[0].size}, is no longer the folded {self.axis.size}")
        axes = list(info.axes[1:])
        where = unfolded_axes(len(axes) + len(self.lead), self.ndim, self.time_axis, self.batch_axis)
        for index, axis in sorted(zip(where, self.lead, strict=True), key=lambda pair: pair[0]):
            axes.insert(index, axis)
        return replace(info, axes=tuple(axes))

    def seen(self, info: TensorInfo, sizes: Mapping[str, int]) -> TensorInfo:
        """The view of the model outside every TimeDistributed, as far as there is one."""
        try:
            unfolded = self.outside(info, sizes)
        except ValueError:
            return info
        return unfolded if self.outer is None else self.outer.seen(unfolded, sizes)


def _sizes(lead: Sequence[Axis]) -> str:
    return f"({', '.join(str(axis.size) for axis in lead)})"


def choose_fold(step: Step, info: TensorInfo, world: World, nested: bool) -> Fold | Finding:
    """The axes a TimeDistributed step folds: those it names, else the ones that carry time and batch here."""
    assert isinstance(step.operation, Container)
    options = step.operation.options
    time = _named_axis(options["time_axis"], info) if "time_axis" in options else None
    if time is None and not nested and "time_axis" not in options:
        time = info.time_axis(world.clocks)
    if time is None:
        return _no_time(step, info, world, nested)
    given = "batch_axis" in options
    sample = _named_axis(options["batch_axis"], info) if given else _batch_axis(info, world.batch, nested)
    if sample == time:
        sample = None
    try:
        return Fold.of(info, time, sample)
    except ValueError as problem:
        return Finding("TD003", str(problem), step.op_path, on_key=True)


def _batch_axis(info: TensorInfo, batch: str | None, nested: bool) -> int | None:
    """The axis that carries the batch; inside another TimeDistributed the fold stands in its place."""
    return 0 if nested else info.axis_of(batch)


def _named_axis(given: object, info: TensorInfo) -> int | None:
    if isinstance(given, int) and not isinstance(given, bool):
        return given % len(info.axes) if -len(info.axes) <= given < len(info.axes) else given
    found = [i for i, axis in enumerate(info.axes) if str(axis.size) == given or axis.carries == {given}]
    return found[0] if len(found) == 1 else None


def _no_time(step: Step, info: TensorInfo, world: World, nested: bool) -> Finding:
    shape = info.text(world.sizes)
    carrying = [axis for axis in info.axes if axis.carries & set(world.clocks)]
    if nested:
        reason = "inside another TimeDistributed the time axis must be named"
    elif not world.clocks:
        reason = "the spec has no time_axis"
    elif not carrying:
        reason = f"no axis of {shape} carries time here"
    else:
        reason = f"several axes of {shape} carry time here, or time is merged with another axis"
    text = "say which: `TimeDistributed: {time_axis: 1, layers: [...]}`"
    return Finding("TD003", f"TimeDistributed does not know what to fold: {reason}", step.op_path, True, text)
