"""The tensors that came in, as rows for the wrapped module; and its results put back as the tensors were."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from tdinspect.time_distributed.folding import Folding, folded_axes, folding_of
from tdinspect.time_distributed.lengths import packed_like, shared_packing, spread, valid_rows
from tdinspect.time_distributed.memory import selected
from tdinspect.time_distributed.places import PLAIN, Place, fold_at, input_place, time_axis_of, unfold_at


class Piece(NamedTuple):
    """Some steps of all inputs, folded: what one call of the module gets."""

    tensors: list[Tensor]
    rows: int  # how many of them run
    folding: Folding
    valid: Tensor | None = None  # which rows these are, of all that the folding has


class Dense:
    """Tensors (B, T, ...), with a mask of valid steps or none."""

    def __init__(self, module: nn.Module, named: Sequence[tuple[str, Tensor]], axes: tuple[int, int | None]) -> None:
        self.module = module
        name, first = named[0]
        place = input_place(module, name, first.ndim, 1 if axes[1] is None else 2)
        self.folding = folding_of(_shifted(first, place), *axes, name)
        self.tensors = [tensor for _, tensor in named]
        self.places = [input_place(module, name, tensor.ndim, len(self.folding.axes)) for name, tensor in named]
        self.axes: list[tuple[int, ...]] = []
        for (other, tensor), at in zip(named, self.places, strict=True):
            found = folded_axes(tensor.ndim - at.shift, *axes, other, tensor.shape)
            sizes = tuple(tensor.shape[axis + at.shift] for axis in found)
            if sizes != self.folding.sizes:
                letters = "(B, T)" if len(sizes) > 1 else "(T,)"
                raise ValueError(
                    f"{other}: {_shape(sizes)} beside {_shape(self.folding.sizes)} of {name}, as {letters}"
                )
            self.axes.append(found)
        self.mask: Tensor | None = None
        self.steps = self.folding.sizes[-1]

    def piece(self, start: int, size: int) -> Piece:
        """``size`` steps from ``start`` on."""
        tensors, folding, mask = self.tensors, self.folding, self.mask
        if size != self.steps:
            at = [axes[-1] + place.shift for axes, place in zip(self.axes, self.places, strict=True)]
            tensors = [tensor.narrow(axis, start, size) for tensor, axis in zip(tensors, at, strict=True)]
            folding = folding._replace(sizes=(*folding.sizes[:-1], size))
            mask = None if mask is None else mask.narrow(-1, start, size)
        folded = [fold_at(t, folding, a, p) for t, a, p in zip(tensors, self.axes, self.places, strict=True)]
        if mask is None:
            return Piece(folded, folding.rows, folding)
        valid = valid_rows(mask, folding)
        kept = [selected(tensor, place.inner, valid) for tensor, place in zip(folded, self.places, strict=True)]
        return Piece(kept, valid.numel(), folding, valid)

    def restored(self, name: str, y: Tensor, place: Place, piece: Piece, fill_value: float) -> Tensor:
        """A result of that piece as (B, size, ...)."""
        if piece.valid is not None:
            y = spread(name, y, piece.valid, piece.folding.rows, place.inner, fill_value)
        return unfold_at(y, piece.folding, place)

    def joining_axis(self, y: Tensor, place: Place) -> int:
        """The axis along which pieces are put together."""
        return time_axis_of(y.ndim, self.folding, place)

    def span(self, start: int, size: int) -> tuple[int, int]:
        """Where a piece stands on that axis, and how long it is."""
        return start, size

    @property
    def total(self) -> int:
        """How long that axis is."""
        return self.steps

    def finished(self, y: Tensor) -> object:
        """A whole result as the caller gets it."""
        return y


class Packed:
    """Packed sequences, all packed alike: their data are the valid steps already, step after step."""

    def __init__(self, module: nn.Module, named: Sequence[tuple[str, PackedSequence]]) -> None:
        self.packing = shared_packing(named)
        self.data = [packed.data for _, packed in named]
        self.places = [Place(0, input_place(module, name, p.data.ndim, 1).inner) for name, p in named]
        self.counts: list[int] = self.packing.batch_sizes.tolist()
        self.steps = len(self.counts)
        self.total = sum(self.counts)

    def piece(self, start: int, size: int) -> Piece:
        """``size`` steps from ``start`` on."""
        at, rows = self.span(start, size)
        tensors = [data.narrow(0, at, rows).movedim(0, p.inner) for data, p in zip(self.data, self.places, strict=True)]
        return Piece(tensors, rows, Folding((rows,), (0,)))

    def restored(self, name: str, y: Tensor, place: Place, piece: Piece, fill_value: float) -> Tensor:
        """A result of that piece with its rows in front."""
        return y.movedim(place.inner, 0)

    def joining_axis(self, y: Tensor, place: Place) -> int:
        """Rows are put together in front."""
        return 0

    def span(self, start: int, size: int) -> tuple[int, int]:
        """The rows of these steps: where they start, and how many they are."""
        return sum(self.counts[:start]), sum(self.counts[start : start + size])

    def finished(self, y: Tensor) -> object:
        """A whole result as the caller gets it: packed as the input was."""
        return packed_like(y, self.packing)


def _shifted(x: Tensor, place: Place) -> Tensor:
    return x if place is PLAIN or not place.shift else x.movedim(0, -1)


def _shape(sizes: tuple[int, ...]) -> str:
    return str(tuple(int(size) for size in sizes))
