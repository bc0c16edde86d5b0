"""What runs together: all steps (fold), some (chunk) or one (loop), and how the results come together again."""

from __future__ import annotations

from torch import Tensor

from tdinspect.time_distributed.lengths import check_fill
from tdinspect.time_distributed.memory import blank, concatenated

MODES = ("fold", "loop", "chunk")


def steps_at_once(mode: str, chunk_size: int | None, steps: int) -> int:
    """How many time steps one call of the wrapped module takes."""
    if mode == "chunk":
        assert chunk_size is not None
        return chunk_size
    return 1 if mode == "loop" else steps


def check_mode(mode: str, chunk_size: int | None) -> None:
    """Raise ValueError for a mode there is not, and for a ``chunk_size`` missing, out of place or below 1."""
    if mode not in MODES:
        raise ValueError(f"mode is {mode!r}; it is one of {', '.join(map(repr, MODES))}")
    if (mode == "chunk") != (chunk_size is not None):
        raise ValueError(f"chunk_size goes with mode='chunk', and only with it; got mode={mode!r}, {chunk_size=}")
    if chunk_size is not None and (not isinstance(chunk_size, int) or isinstance(chunk_size, bool) or chunk_size < 1):
        raise ValueError(f"chunk_size is a whole number from 1 on, not {chunk_size!r}")


class Joined:
    """One output tensor that comes in pieces along ``axis``, of ``total`` steps together.

    Without gradients every piece is written to its place and forgotten; with them the pieces are kept until the end.
    """

    def __init__(self, name: str, first: Tensor, axis: int, total: int, fill_value: float) -> None:
        self.name, self.first, self.axis, self.fill_value = name, first, axis, fill_value
        self.parts: list[Tensor] = []
        self.whole = None if first.requires_grad else blank(first, axis, total, 0)

    def add(self, piece: Tensor, start: int) -> None:
        """The piece whose first step is ``start``. Raises ValueError when it is not shaped like the others."""
        expected = [*self.first.shape[: self.axis], piece.shape[self.axis], *self.first.shape[self.axis + 1 :]]
        if piece.ndim != self.first.ndim or list(piece.shape) != expected or piece.dtype != self.first.dtype:
            raise ValueError(
                f"{self.name}: {tuple(piece.shape)} {piece.dtype} beside {tuple(self.first.shape)} {self.first.dtype} "
                "of other steps; mode='fold' runs all steps in one call"
            )
        if self.whole is None:
            self.parts.append(piece)
        else:
            self.whole.narrow(self.axis, start, piece.shape[self.axis]).copy_(piece)

    def skip(self, start: int, size: int) -> None:
        """No step of this piece is valid."""
        check_fill(self.name, self.first.dtype, self.fill_value)
        self.add(blank(self.first, self.axis, size, self.fill_value), start)

    def result(self) -> Tensor:
        """All steps."""
        return concatenated(self.parts, self.axis) if self.whole is None else self.whole
