"""Which steps are valid: masks, lengths and packed sequences."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from tdinspect.time_distributed.folding import Folding, fold_like
from tdinspect.time_distributed.memory import blank


def has_more_axes(value: object, axes: int) -> bool:
    """True for a mask with more axes than (B, T), or lengths with more than (B,): those are the wrapped module's."""
    return isinstance(value, Tensor) and value.ndim > axes


def checked_mask(mask: object, sizes: tuple[int, ...], device: torch.device) -> Tensor:
    """A mask as a boolean tensor of (B, T), or (T,) without a batch axis; True where a step is to be run.

    Raises ValueError for another shape or dtype.
    """
    found = torch.as_tensor(mask, device=device)
    if found.dtype is not torch.bool:
        raise ValueError(f"mask: it must be boolean, True where a step is valid; got {found.dtype}")
    if tuple(found.shape) != tuple(sizes):
        raise ValueError(f"mask: {tuple(found.shape)} beside {_named(sizes)} of the input")
    return found


def mask_of_lengths(lengths: object, sizes: tuple[int, ...], device: torch.device) -> Tensor:
    """The mask (B, T) of ``lengths`` (B,), whole numbers from 0 to T; a single number without a batch axis.

    Raises ValueError for another shape, a dtype that is not whole, and a length out of 0..T.
    """
    found = torch.as_tensor(lengths, device=device)
    steps = sizes[-1]
    if found.dtype.is_floating_point or found.dtype.is_complex or found.dtype is torch.bool:
        raise ValueError(f"lengths: they must be whole numbers; got {found.dtype}")
    if tuple(found.shape) != tuple(sizes[:-1]):
        raise ValueError(f"lengths: {tuple(found.shape)} beside {_named(sizes)} of the input")
    if found.numel() and (int(found.min()) < 0 or int(found.max()) > steps):
        wrong = [int(n) for n in found.flatten() if not 0 <= int(n) <= steps]
        raise ValueError(f"lengths: {wrong[0]} is not within 0..{steps}, the steps of the input")
    return torch.arange(steps, device=device) < found.unsqueeze(-1)


def _named(sizes: tuple[int, ...]) -> str:
    return f"(B, T) = {tuple(sizes)}" if len(sizes) > 1 else f"(T,) = {tuple(sizes)}"


def valid_rows(mask: Tensor, folding: Folding) -> Tensor:
    """The indices of the valid rows of the folded axis, for a mask (B, T)."""
    return fold_like(mask, folding, (0, 1) if mask.ndim > 1 else (0,)).nonzero().squeeze(1)


def spread(name: str, y: Tensor, rows: Tensor, total: int, axis: int, fill_value: float) -> Tensor:
    """Put the valid rows back among ``total`` of them along ``axis``; the others hold ``fill_value``.

    Raises ValueError when the output's dtype cannot hold it.
    """
    check_fill(name, y.dtype, fill_value)
    return blank(y, axis, total, fill_value).index_copy_(axis, rows, y)  # index_copy gives another order in memory


def check_fill(name: str, dtype: torch.dtype, fill_value: float) -> None:
    """Raise ValueError when an output of ``dtype`` cannot hold ``fill_value``."""
    if not (dtype.is_floating_point or dtype.is_complex) and fill_value != fill_value // 1:  # nan and inf too
        raise ValueError(f"{name}: its dtype {dtype} cannot hold fill_value={fill_value} at padded steps")


def shared_packing(packed: Sequence[tuple[str, PackedSequence]]) -> PackedSequence:
    """The first of some packed sequences. Raises ValueError unless all are packed alike."""
    first_name, first = packed[0]
    for name, other in packed[1:]:
        if not torch.equal(first.batch_sizes, other.batch_sizes):
            raise ValueError(
                f"{name}: batch_sizes {other.batch_sizes.tolist()} beside {first.batch_sizes.tolist()} of {first_name}"
            )
        orders = (first.sorted_indices, other.sorted_indices)
        if any(o is None for o in orders) != all(o is None for o in orders) or (
            orders[0] is not None and orders[1] is not None and not torch.equal(orders[0], orders[1])
        ):
            raise ValueError(f"{name}: its samples are sorted otherwise than those of {first_name}")
    return first


def packed_like(data: Tensor, packing: PackedSequence) -> PackedSequence:
    """``data`` (valid steps, ...) as a PackedSequence with the same batch_sizes and order of samples."""
    return PackedSequence(data, packing.batch_sizes, packing.sorted_indices, packing.unsorted_indices)
