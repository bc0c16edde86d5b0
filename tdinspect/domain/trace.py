"""What a build and a pass leave behind: rows with shapes and parameters, no tensor and no module."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from tdinspect.domain.cost import Cost
from tdinspect.domain.effect import AxisEffect, Effect, ModelAxes, TimeEffect
from tdinspect.domain.location import Path
from tdinspect.domain.size import Size, readable

Verdict = Literal["same", "values_differ", "shape_differs", "bare_error", "wrapped_error", "both_error"]
How = Literal["wrapped", "bare", "changed", "moved", "unsqueezed", "framed", "permuted"]
Side = Literal["wrapped", "bare", "either", "neither"]


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a value: its size, and the time and batch symbols that it carries.

    ``T//2`` after a stride carries T; ``T*64`` after a Flatten carries nothing; a fold ``B*T`` carries both.
    ``unclear`` has the symbols that the size follows, where no formula says how: ``size`` is a number then.
    """

    size: Size
    carries: frozenset[str] = frozenset()
    unclear: frozenset[str] = frozenset()


@dataclass(frozen=True)  # without slots: the hash is asked for again and again
class TensorInfo:
    """The shape and dtype (a torch name such as ``float32``) of one value, with the symbols kept.

    ``origin`` names the input whose own values these are, however folded or rearranged, and ``high`` bounds them where
    the spec does.
    """

    axes: tuple[Axis, ...]
    dtype: str = "float32"
    origin: str | None = None
    high: int | None = None

    @cached_property
    def _hash(self) -> int:
        return hash((self.axes, self.dtype, self.origin, self.high))

    def __hash__(self) -> int:
        return self._hash

    def shape(self, sizes: Mapping[str, int]) -> tuple[int, ...]:
        """Its shape where the symbols have these sizes."""
        return tuple(axis.size.value(sizes) for axis in self.axes)

    def axis_of(self, symbol: str | None) -> int | None:
        """The index of the one axis that carries just ``symbol``; None when no axis or several do."""
        found = [i for i, axis in enumerate(self.axes) if axis.carries == {symbol}]
        return found[0] if len(found) == 1 else None

    def time_axis(self, clocks: Iterable[str]) -> int | None:
        """The index of the axis that carries the first of these symbols that one axis carries."""
        return next((axis for axis in map(self.axis_of, clocks) if axis is not None), None)

    def symbols(self, sizes: Mapping[str, int]) -> tuple[str, ...]:
        """Its sizes as reports write them: ``B``, ``H//2``, ``64``; numbers of the spec stay numbers."""
        return tuple(readable(axis.size, sizes) for axis in self.axes)

    def text(self, sizes: Mapping[str, int]) -> str:
        """Its shape as reports write it: ``(B, T, 64)``."""
        return f"({', '.join(self.symbols(sizes))})"


@dataclass(frozen=True, slots=True)
class ParameterInfo:
    """One parameter tensor. ``key`` is the same for every use of the same tensor, so that it is counted once."""

    name: str
    shape: tuple[int, ...]
    bytes: int
    trainable: bool
    key: int

    @property
    def count(self) -> int:
        """How many numbers it holds."""
        total = 1
        for size in self.shape:
            total *= size
        return total


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one side of a comparison gave: a shape or an error, never both.

    ``symbols`` is the shape as a report writes it, ``time`` the axis that carries time in it.
    """

    shape: tuple[int, ...] | None
    error: str | None
    symbols: tuple[str, ...] = ()
    time: int | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A layer bare on the whole tensor, beside the plain fold of it."""

    verdict: Verdict
    right: Side
    reason: str
    bare: Outcome
    wrapped: Outcome
    max_abs_diff: float | None
    train: Comparison | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A layer raised. ``error`` is the exception's type, a colon and its text at the spec's own sizes.

    ``other_side`` is what the layer gave the other way (with TimeDistributed when it ran bare, bare when it ran under
    it), or None when there is no other way or it raises as well. ``reported``: a finding says it already.
    ``contradiction`` is the given size that the shapes contradict, in a sentence that names both.
    """

    error: str
    other_side: TensorInfo | None = None
    in_time_distributed: bool = False
    reported: bool = False
    contradiction: str | None = None


@dataclass(frozen=True, slots=True)
class Fix:
    """A change of one step that was tried at the spec's own sizes, and after which it does what the layer is for.

    ``how``: ``wrapped`` in a TimeDistributed, ``bare`` outside of it, ``changed`` arguments, ``moved`` between two
    transposes of ``axes``, ``permuted`` behind one of them, ``unsqueezed`` before it at ``axes[0]``, or ``framed``:
    that inside a TimeDistributed.
    ``given`` are its arguments then, ``type`` its operation where that is another, ``gives`` what it gives.
    """

    how: How
    gives: TensorInfo
    given: Mapping[str, object] = field(default_factory=dict)
    axes: tuple[int, ...] = ()
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules ask about a step beyond its row; gathered where they are asked for.

    ``used``: something of it reaches an output of the model. ``dropped`` is how many parts of its result nothing
    names. ``norm`` is the normalisation that takes its bias out again, ``last_step_of`` the bidirectional recurrence
    that it takes the last step of. ``needless``: a TimeDistributed whose steps do the same without it. ``train`` is
    what its train mode does across steps (``running.effects.train_crosses``). ``takes_time_for_channels``: time stands
    where it has its channels or features, and it does harm.

    Of steps that only rearrange: ``joins_samples`` where an axis of the result has the samples among other things, so
    that they are apart and nobody knows where; ``steps_meet`` where steps run into each other. ``samples_meet``: it
    keeps the samples of its input apart, and with the steps before it they mix. ``time`` is what a container does to
    time.
    """

    used: bool = True
    dropped: int = 0
    norm: str | None = None
    last_step_of: str | None = None
    needless: bool = False
    train: str | None = None
    takes_time_for_channels: bool = False
    joins_samples: bool = False
    samples_meet: bool = False
    steps_meet: bool = False
    time: TimeEffect | None = None
    fixes: tuple[Fix, ...] = ()

    def fix(self, *how: str) -> Fix | None:
        """The first fix of these kinds; the best known stands first."""
        return next((fix for fix in self.fixes if fix.how in how), None)


@dataclass(frozen=True)
class LayerRecord:
    """One row: a leaf layer, a function, or a container (then ``parameters`` is empty; its children have them).

    ``op_path`` is the place of the operation's key, ``uses`` those of the blocks' uses that lead to it,
    ``keys`` are the step keys that the spec has beside it.
    ``arguments`` are the telling ones for a person, ``given`` those of the spec, ``inferred`` those that shapes told;
    ``kernel`` is the window of a convolution, a pool and the like, one size for each axis that it slides along;
    ``depends_on`` has the symbols that the layer's own sizes follow, ``sized_by`` the formulas of the inferred ones.
    ``cost`` is None where it is not known; of a container it is what the container does itself, None where that is
    nothing.
    """

    name: str
    type: str
    path: Path
    depth: int
    op_path: Path = ()
    uses: tuple[Path, ...] = ()
    keys: Mapping[str, object] = field(default_factory=dict)
    container: bool = False
    function: bool = False
    time_distributed: bool = False
    arguments: str = ""
    kernel: tuple[int, ...] | None = None
    given: Mapping[str, object] = field(default_factory=dict)
    inferred: Mapping[str, int] = field(default_factory=dict)
    depends_on: frozenset[str] = frozenset()
    sized_by: Mapping[str, Size] = field(default_factory=dict)
    inputs: tuple[TensorInfo, ...] = ()
    outputs: tuple[TensorInfo, ...] = ()
    parameters: tuple[ParameterInfo, ...] = ()
    formula: str | None = None
    keras_params: int = 0
    shared_with: str | None = None
    steps: Size | None = None  # of a TimeDistributed: how often its layers run
    times: Size = Size.number(1)  # how often a pass calls the layer: once for each step of a Recurrent around it
    time: str | None = None  # what the spec says the step is meant to do to the time axis
    cost: Cost | None = None
    failure: Failure | None = None
    comparison: Comparison | None = None
    effect: Effect | None = None
    axes: AxisEffect | None = None
    facts: Facts = field(default_factory=Facts)

    def with_more(self, **known: object) -> LayerRecord:
        """The same row with more known of it: as ``dataclasses.replace``, which reads every field to set a few."""
        twin = object.__new__(LayerRecord)
        vars(twin).update(vars(self), **known)
        return twin

    @property
    def mixes_samples(self) -> bool:
        """True where one sample of a result follows another sample, in eval mode."""
        return self.effect is not None and any(self.effect.mixes_batch or ())

    @property
    def mixes_slices(self) -> bool:
        """True where a layer under TimeDistributed does not keep the folded samples and steps apart."""
        if not self.time_distributed or self.axes is None:
            return False
        return self.mixes_samples or (self.axes.batch is None and self.axes.time not in (None, "per_step"))


@dataclass(frozen=True, slots=True)
class FirstFailure:
    """Where the model without its wrappers stops."""

    name: str
    type: str
    path: Path
    error: str


@dataclass(frozen=True, slots=True)
class Trace:
    """A whole pass, in the order of the forward pass, up to a failure."""

    layers: tuple[LayerRecord, ...]
    outputs: Mapping[str, TensorInfo]
    values: Mapping[str, TensorInfo] = field(default_factory=dict)  # every name of the outermost scope
    unwrapped_failure: FirstFailure | None = None
    axes: ModelAxes | None = None
    cost: Cost | None = None  # what the model does outside of its layers; None where that is nothing
    peak_bytes: int | None = None  # what values take at one time, at most, in a pass without gradients
    looked_at: Mapping[str, int] = field(default_factory=dict)  # the sizes at which effects and axes were seen
