"""An independent count: torch's own FlopCounterMode over a pass on the meta device, where nothing is computed.

Two flops are one multiply-add. On meta a recurrence is walked step by step in products of matrices; on the CPU the
counter sees one kernel that it does not know, and says 0.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode


def flops_of(module: nn.Module, *inputs: Any, **named: Any) -> int:
    """The multiply-adds of one call in eval mode; the layers are moved to meta."""
    module.to("meta").eval().requires_grad_(False)  # the counter follows gradients otherwise
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # one kernel for a whole layer, which the counter does not know
    try:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            module(*inputs, **named)
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
    flops = counter.get_total_flops()
    assert flops % 2 == 0
    return int(flops) // 2


def on_meta(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """A tensor of that shape without memory."""
    return torch.empty(shape, dtype=dtype, device="meta")
