"""``TimeDistributed``: run a module on every time step with the same weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.compiler import is_compiling

from tdinspect.time_distributed.call import Call
from tdinspect.time_distributed.guard import state_depths
from tdinspect.time_distributed.modes import check_mode
from tdinspect.time_distributed.places import argument_names, check_names, has_places, labels
from tdinspect.time_distributed.trees import PLAIN_TYPES, unfolded_parts

_REMEMBERED = 256  # sizes per step that the guard has seen
_READ_OFF = frozenset({"module", "time_axis", "batch_axis", "mode", "passthrough"})
_NOTHING = object()  # no input by position; torch.export wants to see the first one in the signature


class TimeDistributed(nn.Module):
    """Apply ``module`` to every time step: ``(B, T, ...) -> (B, T, ...)``.

    The time and batch axes of each input are folded to one leading axis, ``(B*T, ...)``, the module runs once, and each
    output is unfolded again, with the two axes where the input's were. Folding contiguous input copies nothing.

    Args:
        module: what runs on ``(B*T, ...)``; any ``nn.Module``.
        time_axis: the axis of the steps in each input; a negative one counts from each input's own end.
        batch_axis: the axis of the samples; ``None`` when an input is one unbatched sample, ``(T, ...)``.
        mode: ``"fold"``: all steps in one call of the module. ``"loop"``: one step a call, ``"chunk"``: ``chunk_size``
            steps a call (with all samples), for less memory. In eval mode all three give the same values. In train mode
            BatchNorm normalises over what runs together and updates its running statistics once a call: once, T times,
            ``ceil(T / chunk_size)`` times. Dropout draws a mask for each step and sample in every mode.
        chunk_size: how many steps ``mode="chunk"`` takes at a time.
        guard: refuse input that a layer inside would read as one unbatched sample, mixing samples and steps. It is
            looked at on the first call for each size of a step (again after ``train()`` and ``eval()``), and under
            ``torch.compile`` and ``torch.export`` for the first layer only.
        transparent: ``state_dict`` and ``load_state_dict`` use the keys of ``module``, without the prefix ``module.``.
        passthrough: the names of arguments of the module that are handed on as they are, unfolded.
        fill_value: what outputs hold at steps that a mask or lengths leave out.

    Calling it:
        ``m(x, other, key=z)``: every tensor, also inside tuples, lists, dicts, named tuples and dataclasses, is folded
        and must share (B, T); what is no tensor is handed on. Outputs keep their structure and types.

        ``m(x, mask=valid)``: ``valid`` is (B, T), whatever the axes, boolean; only steps where it is True are run, so
        padding never enters BatchNorm statistics. ``m(x, lengths=n)``: likewise, with n (B,) whole numbers. A mask or
        lengths with more axes, or of a name that ``forward`` cannot do without, are the module's own, and are folded
        like any other input.

        ``m(packed)``: a ``PackedSequence`` in gives one out, packed alike; its valid steps are all that runs.

        States of recurrences, ``(layers, B*T, F)``, become ``(layers, B, T, F)``. A recurrence, attention or
        Transformer that is itself ``module`` and has ``batch_first=False`` gets its input ``(B, T, L, F)`` as
        ``(L, B*T, F)``: there is no other right reading.

    Raises:
        TypeError: ``module`` is no ``nn.Module``, or an axis no whole number.
        ValueError: the two axes are the same, the mode or chunk size is none, ``module`` takes no argument of a name in
            ``passthrough``; on a call: an input lacks the axes or its
            (B, T) differs from the first input's, an output does not have ``B*T`` as its first axis, a mask or lengths
            do not fit, or the guard refuses. The text names the argument and the shapes.

    Source: the layer of the same name in Keras (keras.layers.TimeDistributed), whose results it gives.
    """

    folds_time = True  # the guard of a TimeDistributed around this one leaves what is inside to it

    def __init__(
        self,
        module: nn.Module,
        *,
        time_axis: int = 1,
        batch_axis: int | None = 0,
        mode: str = "fold",
        chunk_size: int | None = None,
        guard: bool = True,
        transparent: bool = False,
        passthrough: Iterable[str] = (),
        fill_value: float = 0.0,
    ) -> None:
        super().__init__()
        if not isinstance(module, nn.Module):
            raise TypeError(f"TimeDistributed wraps an nn.Module, not {type(module).__name__}")
        for name, axis in (("time_axis", time_axis), ("batch_axis", batch_axis)):
            if not isinstance(axis, int) and not (axis is None and name == "batch_axis"):
                raise TypeError(f"{name} is a whole number, not {axis!r}")
        if time_axis == batch_axis:
            raise ValueError(f"time_axis and batch_axis are both {time_axis}")
        check_mode(mode, chunk_size)
        self.time_axis = time_axis
        self.batch_axis = batch_axis
        self.mode = mode
        self.chunk_size = chunk_size
        self.guard = guard
        self.transparent = transparent
        self.passthrough: tuple[str, ...] = passthrough  # type: ignore[assignment]  # see __setattr__
        check_names(module, self.passthrough)
        self.fill_value = fill_value
        self.module = module
        if transparent:
            self._loading: tuple[str, list[str]] = "", []
            self.register_load_state_dict_post_hook(_told_without_prefix)  # type: ignore[no-untyped-call]

    @classmethod
    def batch_first(cls, module: nn.Module, **options: Any) -> TimeDistributed:
        """For inputs ``(B, T, ...)``, as without a word about axes."""
        return cls(module, batch_axis=0, time_axis=1, **options)

    @classmethod
    def time_first(cls, module: nn.Module, **options: Any) -> TimeDistributed:
        """For inputs ``(T, B, ...)``."""
        return cls(module, time_axis=0, batch_axis=1, **options)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "passthrough":
            value = (value,) if isinstance(value, str) else tuple(value)
        super().__setattr__(name, value)
        if name in _READ_OFF and "module" in self._modules:
            self._read_off(self.module)

    def add_module(self, name: str, module: nn.Module | None) -> None:
        """As of every module."""
        super().add_module(name, module)
        if name == "module":
            self._read_off(self.module)

    def _read_off(self, module: nn.Module) -> None:
        """What follows from the module and the options, so that a call need not find it out."""
        self._seen: set[tuple[Any, ...]] = set()
        self._names = argument_names(module)
        self._depths = state_depths(module)
        leading = (self.time_axis, self.batch_axis) in ((1, 0), (0, 1))
        by_position = (i for i, label in enumerate(labels(self._names, 99)) if label in self.passthrough)
        self._first_kept = next(by_position, 99)
        self._short = (
            leading and self.mode == "fold" and self._first_kept > 0 and not has_places(module) and not self._depths
        )

    def train(self, mode: bool = True) -> TimeDistributed:
        """As of every module; the guard looks again, as another branch may run."""
        self._seen.clear()
        return super().train(mode)

    def forward(self, input: Any = _NOTHING, /, *others: Any, **named: Any) -> Any:
        """The module on every step: ``(B, T, ...) -> (B, T, ...)``; see the class."""
        if not self._short or is_compiling():
            return Call(self, others if input is _NOTHING else (input, *others), named).run()
        if not others and not named and type(input) is Tensor:
            shape, strides = input.shape, input.stride()
            if len(shape) < 2 or (self.guard and shape[2:] not in self._seen):
                return Call(self, (input,), named).run()
            if strides[0] != shape[1] * strides[1]:
                return self._swapped(input)
            y = self._modules["module"](input.flatten(0, 1))  # type: ignore[misc]
            inputs: tuple[Any, ...] = (input,)
        else:
            inputs = others if input is _NOTHING else (input, *others)
            rows = self._rows(inputs, named)
            if rows is None or "mask" in named or "lengths" in named:
                return Call(self, inputs, named).run()
            shape, values, by_name = rows
            module: Any = self._modules["module"]  # half a microsecond less than self.module
            y = module(*values, **by_name) if by_name else module(*values)
        first, second = shape[0], shape[1]
        if type(y) is Tensor and y.ndim and y.shape[0] == first * second:
            return torch.unflatten(y, 0, (first, second))
        unfolded = unfolded_parts(y, first, second)
        return Call(self, inputs, named).restored(y) if unfolded is None else unfolded

    def _swapped(self, x: Tensor) -> Any:
        """A tensor whose second axis comes first in memory: the rows are in that order."""
        shape, strides = x.shape, x.stride()
        if strides[1] != shape[0] * strides[0] or 0 in shape[:2]:
            return Call(self, (x,), {}).run()
        y = self.module(x.transpose(0, 1).flatten(0, 1))
        if type(y) is Tensor and y.ndim and y.shape[0] == shape[0] * shape[1]:
            return torch.unflatten(y, 0, (shape[1], shape[0])).transpose(0, 1)
        return Call(self, (x,), {}).restored(y)

    def _rows(
        self, inputs: tuple[Any, ...], named: Mapping[str, Any]
    ) -> tuple[torch.Size, list[Any], Mapping[str, Any]] | None:
        """The first tensor's shape, and all folded; None unless that is a view of each, and the guard knows them."""
        count = len(inputs)
        if count > self._first_kept:
            return None
        names = []
        if named:
            names = [n for n, value in named.items() if type(value) not in PLAIN_TYPES and n not in self.passthrough]
        lead: torch.Size | None = None
        keys: list[torch.Size] = []
        rows: list[Any] = []
        for value in (*inputs, *[named[name] for name in names]) if names else inputs:
            if type(value) is Tensor:
                shape, strides = value.shape, value.stride()
                if len(shape) < 2 or strides[0] != shape[1] * strides[1] or (lead and shape[:2] != lead):
                    return None
                lead = lead or shape[:2]
                keys.append(shape[2:])
                rows.append(value.flatten(0, 1))
            elif type(value) in PLAIN_TYPES:
                rows.append(value)
            else:
                return None
        if lead is None or (self.guard and (keys[0] if len(keys) == 1 else tuple(keys)) not in self._seen):
            return None
        if not names:
            return lead, rows, named
        return lead, rows[:count], {**named, **dict(zip(names, rows[count:], strict=True))}

    def remember(self, key: tuple[Any, ...]) -> None:
        """The guard let steps of these sizes through."""
        if len(self._seen) >= _REMEMBERED:
            self._seen.clear()
        self._seen.add(key)

    def extra_repr(self) -> str:
        """The axes, and every option that is not as usual."""
        usual: Mapping[str, object] = {
            "mode": "fold", "chunk_size": None, "guard": True, "transparent": False, "passthrough": (),
            "fill_value": 0.0,
        }  # fmt: skip
        said = [f"{name}={getattr(self, name)!r}" for name, value in usual.items() if getattr(self, name) != value]
        return ", ".join([f"time_axis={self.time_axis}", f"batch_axis={self.batch_axis}", *said])

    def state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """As of every module; ``transparent``: under the keys of the wrapped module."""
        return self.module.state_dict(*args, **kwargs) if self.transparent else super().state_dict(*args, **kwargs)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        if self.transparent:  # what is loaded into the module next is picked from this same dict by its prefix
            self._loading = prefix, args[-1]
            for key in [key for key in state_dict if key.startswith(prefix)]:
                state_dict[f"{prefix}module.{key[len(prefix) :]}"] = state_dict.pop(key)
        super()._load_from_state_dict(state_dict, prefix, *args)


def _told_without_prefix(wrapper: nn.Module, keys: Any) -> None:
    """After loading: the keys that are missing, too many or of another size, as the caller's dict has them."""
    assert isinstance(wrapper, TimeDistributed)
    prefix, errors = wrapper._loading
    before = f"{prefix}module."
    for names in (keys.missing_keys, keys.unexpected_keys):
        names[:] = [prefix + name.removeprefix(before) if name.startswith(before) else name for name in names]
    errors[:] = [error.replace(f" {before}", f" {prefix}") for error in errors]
    wrapper._loading = "", []
