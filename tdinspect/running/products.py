"""Whether a user's own code multiplies matrices outside the layers that it holds; what is inside them is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch.overrides import TorchFunctionMode

# The functions of torch that are, or have in them, a product of matrices or a convolution.
_PRODUCTS = frozenset(
    ("matmul", "__matmul__", "__rmatmul__", "mm", "bmm", "mv", "dot", "vdot", "inner", "addmm", "addmm_", "addbmm")
    + ("addbmm_", "baddbmm", "baddbmm_", "addmv", "addmv_", "einsum", "tensordot", "chain_matmul", "multi_dot")
    + ("linalg_multi_dot", "linalg_matmul", "matrix_power", "linalg_matrix_power", "vecdot", "linalg_vecdot", "linear")
    + ("bilinear", "conv1d", "conv2d", "conv3d", "convolution", "conv_tbc", "conv_transpose1d", "conv_transpose2d")
    + ("conv_transpose3d", "scaled_dot_product_attention", "multi_head_attention_forward", "lstm", "gru", "rnn_tanh")
    + ("rnn_relu", "lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell", "cdist", "linear_cross_entropy")
)


class Products(TorchFunctionMode):
    """While it is entered, ``seen`` gathers what ``inside`` is when such a function runs.

    Whoever watches sets it: the name of a leaf, None for one whose cost is known, ``""`` outside of all.
    """

    def __init__(self) -> None:
        super().__init__()
        self.inside: str | None = ""
        self.seen: set[str] = set()

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """The function as it is."""
        if self.inside is not None and getattr(func, "__name__", "") in _PRODUCTS:
            self.seen.add(self.inside)
        return func(*args, **(kwargs or {}))
