"""How one call of a layer is run to see its shapes: which device, and what size the batch has meanwhile.

``ZERO_BATCH`` runs the real CPU kernels on tensors without samples: nothing is computed and nothing is kept.
``ONE_SAMPLE`` is for what a zero-size batch cannot see; ``META`` for views, and for what would not fit.
``FULL`` runs at the spec's own sizes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor, nn

from tdinspect.building.construct import is_weightless, quiet
from tdinspect.building.sources import TensorSource
from tdinspect.domain.tree import Tree, map_tree


@dataclass(frozen=True, slots=True)
class Engine:
    """``batch`` is the size of the batch during the run; None: the spec's own."""

    device: str
    batch: int | None

    def run(self, module: nn.Module, args: Tree, kwargs: Tree) -> Tree:
        """The shapes and dtypes that ``module`` gives for inputs described by (shape, dtype) pairs."""
        if isinstance(module, TensorSource):
            return Described(module.shape(), module.dtype)
        inputs = [map_tree(self._tensor, tree) for tree in (args, kwargs)]
        if self.device == "meta" or is_weightless(module):
            weights = {name: self._weight(value) for name, value in _state(module)}
            result = torch.func.functional_call(module, weights, tuple(inputs[0]), inputs[1])
        else:
            result = module(*inputs[0], **inputs[1])
        return map_tree(_describe, result)

    def _weight(self, value: Tensor) -> Tensor:
        if self.device == "meta":
            return value.to("meta")
        return torch.zeros((), dtype=value.dtype).expand(value.shape) if value.is_meta else value

    def _tensor(self, described: object) -> object:
        if not isinstance(described, Described):
            return described
        shape, dtype = described.shape, getattr(torch, described.dtype)
        if self.device == "meta" or 0 in shape:
            return torch.empty(shape, dtype=dtype, device=self.device)
        if dtype.is_floating_point and prod(shape) <= _ADDRESSABLE:
            return torch.empty(shape, dtype=dtype)  # memory that nobody touches is not taken
        # One zero seen from everywhere: a layer that refuses the shape says so before it computes.
        return torch.zeros((), dtype=dtype).expand(shape)


@dataclass(frozen=True, slots=True)
class Described:
    """A tensor by its shape and dtype."""

    shape: tuple[int, ...]
    dtype: str


# Elements up to which a tensor may be asked for that is never read.
_ADDRESSABLE = 1 << 30

ZERO_BATCH = Engine("cpu", 0)
ONE_SAMPLE = Engine("cpu", 1)
FULL = Engine("cpu", None)
META = Engine("meta", None)


def _describe(value: object) -> object:
    if isinstance(value, Tensor):
        return Described(tuple(value.shape), str(value.dtype).removeprefix("torch."))
    return value


def _state(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    yield from module.named_parameters()
    yield from module.named_buffers()


@contextmanager
def inspecting(modules: Sequence[nn.Module] = (), *, initialising: bool = False) -> Iterator[None]:
    """Run modules to look at them: eval mode, no gradients, and nothing of them or of torch's state changes after.

    Training flags, buffers that a pass could touch (eval mode leaves statistics alone), the random state and the
    fast path of attention (it skips the checks that a report needs) are as before. Who is ``initialising`` weights
    on the way draws from the random state as torch does.
    """
    flags = [(module, module.training) for root in modules for module in root.modules()]
    fast = torch.backends.mha.get_fastpath_enabled()
    random_state = torch.get_rng_state()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        for root in modules:
            root.eval()
        with torch.no_grad(), quiet():
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
        if not initialising:
            torch.set_rng_state(random_state)
        for module, training in flags:
            module.training = training
