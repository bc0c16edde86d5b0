"""The axis guard: layers that would read the folded ``(B*T, ...)`` as one unbatched sample and mix its slices.

Which layers do that was found by changing one (sample, step) of the input and watching the others, over the classes of
torch.nn; what they read is in the documentation of each ("input: (N, C, H, W) or (C, H, W)"). Pools, padding and
InstanceNorm read such input too, but keep its slices apart, and are let through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from torch import Tensor, nn
from torch.nn.modules.rnn import RNNCellBase


class Reading(NamedTuple):
    """What a layer takes the folded tensor for, and what to do instead."""

    text: str
    fix: str


UNSURE = Reading("", "")  # sizes coincide: this call does not show which axis is the folded one

Rule = Callable[[Any, Tensor, bool], Reading | None]


def _conv(layer: Any, x: Tensor, sure: bool) -> Reading | None:
    axes = len(layer.kernel_size)
    if x.ndim != axes + 1:
        return None
    rest = ("L", "H, W", "D, H, W")[axes - 1]
    return Reading("the channels of one unbatched sample", f"give each step its channels: (B, T, C, {rest})")


def _rank_three(layer: Any, x: Tensor, sure: bool) -> Reading | None:
    if x.ndim != 3:
        return None
    return Reading("the channels of one unbatched sample", "give each step its channels: (B, T, C, H, W)")


def _softmax(layer: Any, x: Tensor, sure: bool) -> Reading | None:
    dim = (0 if x.ndim in (0, 1, 3) else 1) if layer.dim is None else layer.dim
    if dim % max(x.ndim, 1) != 0:
        return None
    return (
        Reading("the axis to normalise over", "give it `dim` counted from the end, such as dim=-1") if sure else UNSURE
    )


def _vector(layer: Any, x: Tensor, sure: bool) -> Reading | None:
    if x.ndim != 1:
        return None
    return Reading("one vector of features", "give each step an axis of features: (B, T, F)")


def _norm(layer: Any, x: Tensor, sure: bool) -> Reading | None:
    if len(layer.normalized_shape) < x.ndim:
        return None
    return Reading("an axis to normalise over", "leave batch and time out of normalized_shape")


def _sequence(layer: Any, x: Tensor, sure: bool) -> Reading | None:
    if x.ndim == 2:
        fix = "give each step a sequence, (B, T, L, F); to run along T, call the layer without TimeDistributed"
        return Reading("the steps of one unbatched sequence", fix)
    if x.ndim != 3 or batch_first(layer):
        return None
    return Reading("the steps of one sequence", "make the layer with batch_first=True") if sure else UNSURE


def batch_first(layer: Any) -> bool:
    """``batch_first`` of a recurrence, an attention, or the attention in a Transformer."""
    found = getattr(layer, "batch_first", None)
    if found is None and hasattr(layer, "layers"):
        layer = next(iter(layer.layers), None)
    if found is None and hasattr(layer, "self_attn"):
        found = layer.self_attn.batch_first
    return bool(found)


ATTENTION = (
    nn.MultiheadAttention,
    nn.TransformerEncoderLayer,
    nn.TransformerDecoderLayer,
    nn.TransformerEncoder,
    nn.TransformerDecoder,
    nn.Transformer,
)
_CONVS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_RULES: tuple[tuple[tuple[type[nn.Module], ...], Rule], ...] = (
    (_CONVS, _conv),
    ((nn.Softmax2d, nn.PixelShuffle, nn.PixelUnshuffle), _rank_three),
    ((nn.Softmax, nn.LogSoftmax, nn.Softmin), _softmax),
    ((nn.Linear, nn.Bilinear, RNNCellBase), _vector),
    (tuple(c for c in (nn.LayerNorm, getattr(nn, "RMSNorm", None)) if c is not None), _norm),
    ((nn.RNNBase, *ATTENTION), _sequence),
)
_GUARDED = tuple(kind for kinds, _ in _RULES for kind in kinds)


def read_as_one_sample(layer: nn.Module, x: object, rows: int, certain: bool = False) -> Reading | None:
    """What ``layer`` takes ``x`` for when it would mix the ``rows`` folded slices; None where it keeps them apart.

    ``certain``: the rows are known to be the first axis. Else that is read off the sizes, and ``UNSURE`` comes back
    where another axis is as long.
    """
    if not isinstance(x, Tensor) or not x.ndim:
        return None
    if not certain and (x.shape[0] != rows or isinstance(x, nn.Parameter)):  # a parameter has no rows
        return None
    for kinds, rule in _RULES:
        if isinstance(layer, kinds):
            return rule(layer, x, certain or rows not in x.shape[1:])
    return None


def check(layer: nn.Module, x: object, rows: int, path: str = "", certain: bool = False) -> bool:
    """Raise ValueError when ``layer`` would mix the folded slices of ``x``. True when that was certain to be seen."""
    reading = read_as_one_sample(layer, x, rows, certain)
    if reading is None or reading is UNSURE:
        return reading is None
    assert isinstance(x, Tensor)
    where = f" ({path})" if path else ""
    raise ValueError(
        f"{type(layer).__name__}{where} would take the folded axis of {tuple(x.shape)} for {reading.text}, and mix "
        f"different samples and steps: {reading.fix} (guard=False lets it pass)"
    )


class Watch:
    """Hooks on the layers inside, for one call: the guard, and which tensors are states of a recurrence.

    ``conclusive``: whether the guard need not look again at input of the same sizes per step.
    """

    def __init__(self, module: nn.Module, rows: int, *, guard: bool, states: bool, direct: bool) -> None:
        self.rows = rows
        self.conclusive = True
        self.states: list[Tensor] = []
        self._certain = module if direct else None
        self._handles = []
        for path, layer in layers_in(module):
            if guard and isinstance(layer, _GUARDED):
                hook = self._checker(path)
                self._handles.append(layer.register_forward_pre_hook(hook, with_kwargs=True))
            if states and isinstance(layer, nn.RNNBase):
                self._handles.append(layer.register_forward_hook(self._note))

    def _checker(self, path: str) -> Callable[[nn.Module, tuple[Any, ...], dict[str, Any]], None]:
        def before(layer: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            x = args[0] if args else next(iter(kwargs.values()), None)
            self.conclusive &= check(layer, x, self.rows, path, layer is self._certain)

        return before

    def _note(self, layer: nn.Module, args: object, output: Any) -> None:
        states = output[1]
        self.states += [states] if isinstance(states, Tensor) else states

    def is_state(self, y: Tensor) -> bool:
        """True for a tensor that a recurrence gave as its state."""
        return any(y is state for state in self.states)

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *error: object) -> None:
        for handle in self._handles:
            handle.remove()


def layers_in(module: nn.Module, path: str = "") -> Iterator[tuple[str, nn.Module]]:
    """The module and those in it, with their paths, but nothing inside another TimeDistributed or a compiled module."""
    yield path, module
    if getattr(module, "folds_time", False) or hasattr(module, "_orig_mod"):
        return
    for name, child in module.named_children():
        yield from layers_in(child, f"{path}.{name}" if path else name)


def state_depths(module: nn.Module) -> frozenset[int]:
    """The first axes that states of the recurrences inside have: layers times directions."""
    found = [layer for layer in module.modules() if isinstance(layer, nn.RNNBase)]
    return frozenset(layer.num_layers * (2 if layer.bidirectional else 1) for layer in found)


def first_layer(module: nn.Module) -> nn.Module:
    """The layer that gets the input: of a Sequential its first, however deep."""
    while isinstance(module, nn.Sequential) and len(module):
        module = module[0]
    return module
