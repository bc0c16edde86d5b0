"""A copy of a module to look at: the user's own is never run and never written to."""

from __future__ import annotations

import copy
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from torch import Tensor, nn
from torch.nn.parameter import UninitializedBuffer

from tdinspect.domain.tree import leaves


def copied(module: nn.Module) -> nn.Module:
    """The same module on the CPU, in eval mode, with weights of its own and no gradients.

    Raises ValueError for one that holds what cannot be copied.
    """
    memo: dict[int, Any] = {id(value): _on_cpu(value) for value in _tensors(module)}
    memo |= {id(value): _empty(value) for value in module.buffers() if isinstance(value, UninitializedBuffer)}
    try:
        twin = copy.deepcopy(module, memo)
    except Exception as problem:  # a lock, an open file, a generator
        words = f"{type(problem).__name__}: {problem}"
        text = f"{type(module).__name__} cannot be copied, and inspect runs a copy, so that yours stays as it is"
        raise ValueError(f"{text}: {words}") from problem
    return twin.eval()


def _tensors(module: nn.Module) -> list[Tensor]:
    """Every tensor that its modules hold, each once, also in lists and dicts; lazy parameters copy themselves."""
    found: dict[int, Tensor] = {}
    for part in module.modules():
        for name, held in vars(part).items():
            with suppress(RecursionError):  # a dict that holds itself
                inside = leaves(held) if name != "_modules" else ()
                found |= {id(value): value for value in inside if type(value) in (Tensor, nn.Parameter)}
    return [*found.values()]


def _empty(value: UninitializedBuffer) -> UninitializedBuffer:
    """A lazy buffer like it: unlike lazy parameters, those do not copy themselves."""
    make: Callable[..., UninitializedBuffer] = UninitializedBuffer  # whose types lack its arguments
    return make(device=value.device, dtype=value.dtype)


def _on_cpu(value: Tensor) -> Tensor:
    own = value.detach().to("cpu", copy=True) if not value.is_meta else value.detach().clone()
    if isinstance(value, nn.Parameter):
        return nn.Parameter(own, value.requires_grad)
    return own


@contextmanager
def draws_kept() -> Iterator[None]:
    """The random states of Python and NumPy are as before when it ends (those of torch are kept by ``inspecting``)."""
    numpy: Any = sys.modules.get("numpy")
    state, other = random.getstate(), numpy.random.get_state() if numpy else None
    try:
        yield
    finally:
        random.setstate(state)
        if numpy:
            numpy.random.set_state(other)


def with_no_values(module: nn.Module, *, few_steps: bool = False) -> nn.Module | None:
    """The module with weights that are shapes alone, to run on shapes; None where it cannot be so.

    With ``few_steps`` recurrences take one step and show the length of all: the others would tell nothing new.
    """
    memo: dict[int, Any] = {}
    for value in _tensors(module):
        bare = value.detach().to("meta")
        memo[id(value)] = nn.Parameter(bare, value.requires_grad) if isinstance(value, nn.Parameter) else bare
    try:
        twin = copy.deepcopy(module, memo).to("meta")
    except Exception:
        return None
    for part in twin.modules():
        if few_steps and isinstance(part, nn.RNNBase) and type(part).__module__.startswith("torch.nn."):
            part.forward = _OneStep(part)
    return twin


class _OneStep:
    """The forward of a recurrence on shapes."""

    def __init__(self, part: nn.RNNBase) -> None:
        self.part, self.forward = part, part.forward

    def __call__(self, input: Any, hx: Any = None) -> Any:
        """The outputs of one step for each step, and the states after it."""
        axis = 1 if isinstance(input, Tensor) and input.ndim == 3 and self.part.batch_first else 0
        if not isinstance(input, Tensor) or input.ndim not in (2, 3) or input.shape[axis] == 0:
            return self.forward(input, hx)
        output, states = self.forward(input.narrow(axis, 0, 1), hx)
        shape = [*output.shape]
        shape[axis] = input.shape[axis]
        return output.new_empty(shape), states
