"""One sentence for each comparison: why the sides differ, with the numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tdinspect.domain.sequence import SEQUENCE
from tdinspect.domain.size import readable
from tdinspect.domain.trace import Outcome, Side, Verdict
from tdinspect.layers import family_of, inferred_from, uses_of
from tdinspect.running.call import World
from tdinspect.running.comparison.independence import Behaviour, spatial_axes
from tdinspect.running.folding import Fold
from tdinspect.running.sides import Leaf, infos_of, map_infos, outside_flow

# What train mode does that eval mode does not, by the words of ``train_crosses``.
IN_TRAIN_MODE = {
    "batch statistics": "its statistics are taken over other axes",
    "own statistics": "its statistics are taken over other axes",
    "whole frames": "it drops whole steps",
}

# The arguments that say how long an axis of the input is, and what that axis is called.
_CHANNELS = ("in_channels", "num_features", "num_channels", "num_parameters")
_FEATURES = ("in_features", "input_size", "embed_dim", "d_model", "in1_features", "normalized_shape")
_PARALLEL = ("channels", "features")


@dataclass(frozen=True, slots=True)
class Compared:
    """A layer's two sides as they were seen; ``across``: it works across time by nature."""

    leaf: Leaf
    fold: Fold
    world: World
    across: bool
    bare: Outcome
    wrapped: Outcome
    bare_behaviour: Behaviour | None = None
    wrapped_behaviour: Behaviour | None = None

    def reason(self, verdict: Verdict, side: Side) -> str:
        """Why ``side`` is right."""
        if verdict == "same":
            return self._why_the_same()
        if verdict == "both_error":
            return "it raises on both sides"
        if side == "bare":
            return self._why_bare()
        if side == "wrapped":
            return self._why_wrapped()
        return f"without the wrapper {self._of('bare')}; with it {self._of('wrapped')}"

    def _why_the_same(self) -> str:
        fold = self.fold
        alone = self.across and fold.batch_axis is not None and fold.lead[0].size.value(self.world.sizes) == 1
        return "with one sample the fold is that one sequence" if alone else "the wrapper changes nothing"

    def _why_bare(self) -> str:
        if self.wrapped.error is not None:
            return self._why_wrapped_raises()
        if self.wrapped_behaviour is not None and self.wrapped_behaviour.mixes_samples:
            return f"wrapped, {self._of('wrapped')}"
        if self.across:
            return "it works across time, and wrapped it sees one step at a time"
        return f"wrapped, {self._fault('wrapped') or 'the axes are read otherwise'}"

    def _why_wrapped_raises(self) -> str:
        taken = self._taken("bare")
        if taken:
            return f"{taken}, and still every step is on its own; wrapped, it raises"
        if not self._share_the_fold():
            return "not all of its inputs have these samples and steps, as the wrapper asks"
        if self.across:
            return "it needs the time axis, which the wrapper takes away"
        if self.fold.batch_axis is None:
            return "wrapped, the time axis comes first, where the layer does not leave it as it is"
        inside = self.fold.ndim - 1
        return f"wrapped, it gets {inside} {'axis' if inside == 1 else 'axes'} instead of {self.fold.ndim}"

    def _why_wrapped(self) -> str:
        if self.bare.error is not None:
            misplaced = self._misplaced()
            return f"without it, {misplaced}" if misplaced else "it takes one step at a time"
        return f"without it, {self._fault('bare') or self._counted() or 'other axes are taken for channels or space'}"

    def _counted(self) -> str | None:
        """An argument that counts axes from the front, where the wrapper takes one away."""
        for name in ("dim", "start_dim"):
            value = self.leaf.settings.get(name)
            if type(value) is int and value >= 0:
                return f"{name}={value} is another axis"
        return None

    def _of(self, side: Literal["bare", "wrapped"]) -> str:
        outcome = self.bare if side == "bare" else self.wrapped
        if outcome.error is not None:
            return self._misplaced() or "it raises" if side == "bare" else "it raises"
        return self._fault(side) or "steps stay on their own"

    def _fault(self, side: Literal["bare", "wrapped"]) -> str | None:
        behaviour = self.bare_behaviour if side == "bare" else self.wrapped_behaviour
        if behaviour is None or (behaviour.per_step and not self._taken(side)):
            return None
        known = self._taken(side) or self._sequence(side, behaviour) or self._read_as(side, behaviour)
        return known or self._seen(side, behaviour)

    def _seen(self, side: Literal["bare", "wrapped"], behaviour: Behaviour) -> str | None:
        if behaviour.mixes_samples:
            shape, batch = self.bare.shape or (), self.fold.batch_axis or 0
            merged = side == "bare" and shape[batch : batch + 1] != (self._sizes()["B"],)
            return "samples do not keep their own axis" if merged else "samples mix"
        if not behaviour.keeps_axes:
            return "time does not keep its own axis"
        if behaviour.mixes_steps:
            return "steps mix"
        return None if behaviour.alike else "steps are treated unlike each other"

    def _sequence(self, side: Literal["bare", "wrapped"], behaviour: Behaviour) -> str | None:
        """A recurrence or an attention that runs along the batch, or along the fold."""
        if self.leaf.type not in SEQUENCE or not behaviour.mixes_samples:
            return None
        if side == "wrapped":
            return f"it reads all {self._lead} folded steps as one sequence"
        first = bool(self.leaf.settings.get("batch_first"))
        if self.fold.ndim != 3 or self.fold.batch_axis != int(first):
            return None
        return f"it runs along the B={self._sizes()['B']} samples, because batch_first is {str(first).lower()}"

    def _read_as(self, side: Literal["bare", "wrapped"], behaviour: Behaviour) -> str | None:
        """What its family does to the axis that goes wrong."""
        sizes = self._sizes()
        places = [("B", "samples", self.fold.batch_axis)] if behaviour.mixes_samples else []
        places += [] if behaviour.mixes_samples else [("T", "steps", self.fold.time_axis)]
        if side == "wrapped":
            places = [("fold", "folded steps", 0)]
        for symbol, word, axis in places:
            why = self._why(side, axis)
            count = f"the {symbol}={sizes[symbol]} {word}"
            if symbol == "fold":
                count = f"the {self._lead}={sizes[symbol]} {word}" if behaviour.mixes_samples else f"the {word}"
            if why in _PARALLEL:
                return f"{count} are taken for {why}"
            if why == "normalised":
                return f"it normalises over {count}"
            if why == "reduced":
                return f"it reduces {count}"
        return None

    def _why(self, side: Literal["bare", "wrapped"], axis: int | None) -> str | None:
        flow = outside_flow(self.leaf, self.world)
        flow = map_infos(self.fold.inside, flow) if side == "wrapped" else flow
        uses = uses_of(self.leaf.module, tuple(info.shape(self.world.sizes) for info in infos_of(flow)))
        if axis is None or uses is None or not uses or axis >= len(uses[0]):
            return None
        use = uses[0][axis]
        return None if use is None else use.why

    def _taken(self, side: Literal["bare", "wrapped"]) -> str | None:
        """The samples, the steps or the fold that happen to have the size of the channels, and stand there."""
        sizes = self._sizes()
        places = {self.fold.batch_axis: "B", self.fold.time_axis: "T"} if side == "bare" else {0: "fold"}
        for axis, size, word in self._told(self.fold.ndim if side == "bare" else self._ndim_inside):
            symbol = places.get(axis)
            if symbol is not None and sizes[symbol] == size:
                name = self._lead if symbol == "fold" else symbol
                return f"{name}={size} is taken for the {size} {word}"
        return None

    def _misplaced(self) -> str | None:
        """Samples or steps that stand where the bare layer looks for its channels, and do not have their size."""
        space = spatial_axes(self.leaf.type)
        if space and self.fold.ndim > space + 2:  # refused for its axes already
            return None
        sizes = self._sizes()
        places = {self.fold.batch_axis: "B", self.fold.time_axis: "T"}
        for axis, size, word in self._told(self.fold.ndim):
            symbol = places.get(axis)
            if symbol is not None and sizes[symbol] != size:
                return f"{symbol}={sizes[symbol]} stands where it looks for its {size} {word}"
        return None

    def _told(self, ndim: int) -> list[tuple[int, int, str]]:
        """The axes of the first input whose sizes the arguments tell: which of ``ndim``, how long, and of what."""
        found: list[tuple[int, int, str]] = []
        shared = self.leaf.type == "PReLU" and self.leaf.settings.get("num_parameters", 1) == 1
        if shared or not self._is_known():
            return found
        for name in (*_CHANNELS, *_FEATURES):
            value = self.leaf.settings.get(name)
            values = [one for one in (value if isinstance(value, tuple | list) else [value]) if isinstance(one, int)]
            axis = 1 if name == "num_parameters" else inferred_from(self.leaf.type, name).axis
            first = (axis if axis >= 0 else ndim + axis) - (len(values) - 1)
            word = "channels" if name in _CHANNELS else "features"
            found += [(first + i, one, word) for i, one in enumerate(values) if 0 <= first + i < ndim]
        return found

    def _is_known(self) -> bool:
        """A module of the user's may have arguments of the same names, and mean something else."""
        return self.leaf.type == "PReLU" or family_of(self.leaf.type).axes is not None

    def _share_the_fold(self) -> bool:
        try:
            map_infos(self.fold.inside, outside_flow(self.leaf, self.world))
        except ValueError:
            return False
        return True

    @property
    def _ndim_inside(self) -> int:
        return self.fold.ndim - len(self.fold.lead) + 1

    @property
    def _lead(self) -> str:
        return "*".join(readable(axis.size, self.world.sizes) for axis in self.fold.lead)

    def _sizes(self) -> dict[str, int]:
        counts = [axis.size.value(self.world.sizes) for axis in self.fold.lead]
        return {"B": counts[0], "T": counts[-1], "fold": self.fold.axis.size.value(self.world.sizes)}
