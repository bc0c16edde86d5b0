"""TimeDistributed in Keras: inside, layers are wrapped one by one, and values keep their time axis."""

from __future__ import annotations

from tdinspect.domain.spec import Step
from tdinspect.exporters.axes import Held, Lines
from tdinspect.exporters.identifiers import is_default
from tdinspect.exporters.layers import NoCode
from tdinspect.running.folding import Fold
from tdinspect.time_distributed.folding import folded_axes, unfolded_axes


def folded(value: Held, fold: Fold, axes: tuple[int, int], lines: Lines) -> Held:
    """What enters a TimeDistributed, as its layers see it; ``axes`` are those of time and batch."""
    at_batch, at_time = folded_axes(value.ndim, *axes)
    if value.order[0] != at_batch:
        raise NoCode("it folds another axis than Keras's batch")
    rest = [axis for axis in value.order[1:] if axis != at_time]
    if not value.unread and value.order[1] != at_time:
        value = lines.ordered(value, (at_batch, at_time, *rest))
    inner = [axis for axis in range(value.ndim) if axis not in (at_batch, at_time)]
    order = (0, *(1 + inner.index(axis) for axis in rest))
    made = Held(value.hint, value.named, fold.inside(value.known), order=order)
    texts = value.known.symbols(lines.sizes)
    made.front = (*(value.front or (texts[at_batch],)), texts[at_time])
    if value.unread:
        made.unread, made.folds = True, (value, at_batch, at_time)
    made.same = value.same or value
    return made


def unfolded(value: Held, fold: Fold, axes: tuple[int, int], step: Step, lines: Lines) -> Held:
    """What a TimeDistributed gives, as the steps around see it."""
    value = lines.read(value)
    info = fold.outside(value.known, lines.sizes)
    at = unfolded_axes(len(info.axes), fold.ndim, *axes)
    others = [axis for axis in range(len(info.axes)) if axis not in at]
    order = (*at, *(others[axis - 1] for axis in value.order[1:]))
    root = value.same or value
    if not root.named and not is_default(step):
        root.hint, root.named = step.name, True
    return Held(step.name, not is_default(step), info, order=order, front=value.front[:-1], same=root)
