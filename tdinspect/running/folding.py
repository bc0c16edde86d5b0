"""TimeDistributed and Recurrent over shapes: which axes they fold or cut, and how a shape looks inside and outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

from tdinspect.domain.finding import Finding
from tdinspect.domain.spec import Container, Step
from tdinspect.domain.trace import Axis, TensorInfo
from tdinspect.running.call import World
from tdinspect.time_distributed.folding import check_folded, folded_axes, unfolded_axes


class Frame(Protocol):
    """How shapes look inside a container that folds or cuts the time axis; ``outer`` is the one around it."""

    @property
    def outer(self) -> Frame | None:
        """The frame around it."""

    @property
    def folds(self) -> bool:
        """True inside a TimeDistributed, however deep."""

    def inside(self, info: TensorInfo) -> TensorInfo:
        """What enters, as the steps inside see it. Raises ValueError where it does not suit."""

    def outside(self, info: TensorInfo, sizes: Mapping[str, int]) -> TensorInfo:
        """What the steps inside give, as the steps around see it. Raises ValueError where it does not suit."""

    def seen(self, info: TensorInfo, sizes: Mapping[str, int]) -> TensorInfo:
        """The view of the model outside every frame, as far as there is one."""


@dataclass(frozen=True, slots=True)
class Cut:
    """One time step of a Recurrent: the axis that carries ``clock`` is gone inside."""

    clock: str
    time_axis: int
    time: Axis
    outer: Frame | None = None

    @property
    def folds(self) -> bool:
        """True inside a TimeDistributed, however deep."""
        return self.outer is not None and self.outer.folds

    def axis(self, info: TensorInfo) -> int | None:
        """The axis along which an entering value is cut; None for one that enters whole."""
        found = info.axis_of(self.clock)
        if found is None and self.time_axis < len(info.axes) and info.axes[self.time_axis] == self.time:
            return self.time_axis
        return found

    def inside(self, info: TensorInfo) -> TensorInfo:
        """One step of a sequence, ``(B, T, ...)`` as ``(B, ...)``; anything else whole."""
        axis = self.axis(info)
        return info if axis is None else replace(info, axes=(*info.axes[:axis], *info.axes[axis + 1 :]))

    def outside(self, info: TensorInfo, sizes: Mapping[str, int]) -> TensorInfo:
        """All steps stacked, ``(B, ...)`` as ``(B, T, ...)``."""
        at = min(self.time_axis, len(info.axes))
        return replace(info, axes=(*info.axes[:at], self.time, *info.axes[at:]))

    def seen(self, info: TensorInfo, sizes: Mapping[str, int]) -> TensorInfo:
        """The view of the model outside every frame."""
        stacked = self.outside(info, sizes)
        return stacked if self.outer is None else self.outer.seen(stacked, sizes)


@dataclass(frozen=True)  # without slots: the folded axis is asked for again and again
class Fold:
    """The axes that a TimeDistributed folds, seen on its first input of ``ndim`` axes."""

    time_axis: int
    batch_axis: int | None
    ndim: int
    lead: tuple[Axis, ...]  # the batch (if any), then time
    outer: Frame | None = None

    @property
    def folds(self) -> bool:
        """True inside a TimeDistributed, however deep."""
        return True

    @staticmethod
    def of(info: TensorInfo, time_axis: int, batch_axis: int | None) -> Fold:
        """The fold of these axes of ``info``. Raises ValueError when it lacks one."""
        axes = folded_axes(len(info.axes), time_axis, batch_axis)
        lead = tuple(info.axes[axis] for axis in axes)
        return Fold(axes[-1], axes[0] if len(axes) > 1 else None, len(info.axes), lead)

    @cached_property
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


def choose_cut(step: Step, info: TensorInfo, world: World, nested: bool) -> Cut | Finding:
    """The axis along which a Recurrent step walks: the one it names, else the one that carries time here."""
    time = _chosen_time(step, info, world, nested)
    if time is None or not 0 <= time < len(info.axes):
        return _no_time(step, info, world, nested)
    axis = info.axes[time]
    return Cut(next(iter(axis.carries), ""), time, axis)


def choose_fold(step: Step, info: TensorInfo, world: World, nested: bool) -> Fold | Finding:
    """The axes a TimeDistributed step folds: those it names, else the ones that carry time and batch here."""
    assert isinstance(step.operation, Container)
    options = step.operation.options
    time = _chosen_time(step, info, world, nested)
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


def _chosen_time(step: Step, info: TensorInfo, world: World, nested: bool) -> int | None:
    assert isinstance(step.operation, Container)
    options = step.operation.options
    if "time_axis" in options:
        return _named_axis(options["time_axis"], info)
    return None if nested else info.time_axis(world.clocks)


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
    assert isinstance(step.operation, Container)
    kind = step.operation.type
    text = f"say which: `{kind}: {{time_axis: 1, ...}}`"
    if not nested and not world.clocks:
        text = f"write `time_axis: 1` at the top of the spec, or {text}"
    elif not nested and not carrying:
        text = f"put it before the step that takes time away, or {text}"
    does = "which axis to fold" if kind == "TimeDistributed" else "which axis the steps are on"
    return Finding("TD003", f"{kind} does not know {does}: {reason}", step.op_path, True, text)
