"""One call of a TimeDistributed, whatever comes in: several inputs, structures, masks, packed sequences, all modes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from torch import Tensor, nn
from torch.compiler import is_compiling
from torch.nn.utils.rnn import PackedSequence

from tdinspect.time_distributed.guard import Watch, check, first_layer, state_depths
from tdinspect.time_distributed.lengths import checked_mask, has_more_axes, mask_of_lengths
from tdinspect.time_distributed.modes import Joined, check_mode, steps_at_once
from tdinspect.time_distributed.places import (
    PLAIN,
    STATE,
    Place,
    has_places,
    labels,
    needs_argument,
    output_place,
    takes_keyword,
)
from tdinspect.time_distributed.sources import Dense, Packed, Piece
from tdinspect.time_distributed.trees import tensors_in, with_tensors

Output = tuple[str, Tensor, Place]


class Owner(Protocol):
    """What a call needs of its TimeDistributed."""

    time_axis: int
    batch_axis: int | None
    mode: str
    chunk_size: int | None
    guard: bool
    passthrough: tuple[str, ...]
    fill_value: float
    module: nn.Module
    _names: tuple[str, ...]
    _depths: frozenset[int]
    _seen: set[tuple[Any, ...]]

    def remember(self, key: tuple[Any, ...]) -> None:
        """The guard let steps of these sizes through."""


class Call:
    """The inputs of one call, read; ``run`` gives its result."""

    def __init__(self, owner: Owner, inputs: Sequence[object], named: Mapping[str, object]) -> None:
        self.owner = owner
        self.module = owner.module
        self.compiled = is_compiling()  # of the whole call: a graph may break within it
        self.named = dict(named)
        mask, lengths = self._own("mask"), self._own("lengths")
        self.inputs = tuple(inputs)
        self.labels = [*labels(owner._names, len(inputs)), *self.named]
        values = [*self.inputs, *self.named.values()]
        self.whole = [label in owner.passthrough for label in self.labels]
        leaves = [
            leaf
            for label, value, whole in zip(self.labels, values, self.whole, strict=True)
            if not whole
            for leaf in tensors_in(value, label)
        ]
        self.source = self._source(leaves)
        self._masked(mask, lengths)

    def _own(self, name: str) -> object:
        """``mask`` or ``lengths`` where it is the wrapper's own, taken out of the keywords."""
        if name not in self.named or name in self.owner.passthrough:
            return None
        value = self.named[name]
        axes = (1 if self.owner.batch_axis is None else 2) - (name == "lengths")
        if (value is None or has_more_axes(value, axes)) and takes_keyword(self.module, name):
            return None
        if needs_argument(self.module, name):
            return None
        return self.named.pop(name)

    def _source(self, leaves: list[tuple[str, Tensor | PackedSequence]]) -> Dense | Packed:
        if not leaves:
            raise ValueError("TimeDistributed needs a tensor among its inputs")
        packed = [(name, leaf) for name, leaf in leaves if isinstance(leaf, PackedSequence)]
        dense = [(name, leaf) for name, leaf in leaves if not isinstance(leaf, PackedSequence)]
        if not packed:
            return Dense(self.module, dense, (self.owner.time_axis, self.owner.batch_axis))
        if dense:
            name, tensor = dense[0]
            raise ValueError(
                f"{name}: a tensor {tuple(tensor.shape)} beside the PackedSequence {packed[0][0]}; pack it alike, or "
                f"hand it on unfolded with passthrough=({name.partition('[')[0]!r},)"
            )
        return Packed(self.module, packed)

    def _masked(self, mask: object, lengths: object) -> None:
        if mask is None and lengths is None:
            return
        if not isinstance(self.source, Dense):
            raise ValueError(f"{'lengths' if mask is None else 'mask'}: a PackedSequence has its own lengths")
        if mask is not None and lengths is not None:
            raise ValueError("mask: give mask or lengths, not both")
        sizes, device = self.source.folding.sizes, self.source.tensors[0].device
        reads = checked_mask if mask is not None else mask_of_lengths
        self.source.mask = reads(lengths if mask is None else mask, sizes, device)

    def run(self) -> object:
        """The module's result on all steps, unfolded."""
        check_mode(self.owner.mode, self.owner.chunk_size)
        size = steps_at_once(self.owner.mode, self.owner.chunk_size, self.source.steps)
        if size >= self.source.steps:
            piece = self.source.piece(0, self.source.steps)
            return self._restored(*self._performed(piece), piece)
        return self._in_pieces(size)

    def restored(self, result: object) -> object:
        """A result of the module on all rows, unfolded."""
        piece = self.source.piece(0, self.source.steps)
        return self._restored(result, self._outputs(result, piece.rows, None), piece)

    def _restored(self, result: object, outputs: list[Output], piece: Piece) -> object:
        fill = self.owner.fill_value
        if len(outputs) == 1 and isinstance(result, Tensor):
            name, y, place = outputs[0]
            return self.source.finished(self.source.restored(name, y, place, piece, fill))
        unfolded = [self.source.restored(name, y, place, piece, fill) for name, y, place in outputs]
        return with_tensors(result, [self.source.finished(y) for y in unfolded])

    def _in_pieces(self, size: int) -> object:
        joined: list[Joined] = []
        structure: object = None
        before: list[int] = []  # skipped while no result had shown what to fill
        for start in range(0, self.source.steps, size):
            steps = min(size, self.source.steps - start)
            piece = self.source.piece(start, steps)
            if not piece.rows and piece.folding.rows and (joined or start + steps < self.source.steps):
                for part in joined:
                    part.skip(*self.source.span(start, steps))
                before += [] if joined else [start]
                continue
            result, outputs = self._performed(piece)
            fill = self.owner.fill_value
            restored = [self.source.restored(name, y, place, piece, fill) for name, y, place in outputs]
            if structure is None:
                structure = result
                joined = [self._joined(output, y) for output, y in zip(outputs, restored, strict=True)]
                for at in before:
                    for part in joined:
                        part.skip(*self.source.span(at, size))
            elif len(restored) != len(joined):
                raise ValueError(f"output: {len(restored)} tensors beside {len(joined)} of other steps")
            for part, y in zip(joined, restored, strict=True):
                part.add(y, self.source.span(start, steps)[0])
            del result, outputs, restored
        return with_tensors(structure, [self.source.finished(part.result()) for part in joined])

    def _joined(self, output: Output, y: Tensor) -> Joined:
        name, _, place = output
        return Joined(name, y, self.source.joining_axis(y, place), self.source.total, self.owner.fill_value)

    def _performed(self, piece: Piece) -> tuple[object, list[Output]]:
        """The result of the module on some rows, and the tensors in it with their names and places."""
        owner = self.owner
        ambiguous = bool(owner._depths) and not self.compiled and piece.rows in owner._depths
        if self.compiled:
            if owner.guard:
                check(first_layer(self.module), piece.tensors[0], piece.rows, certain=not self._moved(0))
            return self._plainly(piece, None)
        key = self._key(piece) if owner.guard else ()
        if (not owner.guard or key in owner._seen) and not ambiguous:
            return self._plainly(piece, None)
        if owner.guard:
            owner._depths = state_depths(self.module)
        with Watch(self.module, piece.rows, guard=owner.guard, states=True, direct=not self._moved(0)) as watch:
            done = self._plainly(piece, watch)
        if owner.guard and watch.conclusive:
            owner.remember(key)
        return done

    def _moved(self, index: int) -> bool:
        return self.source.places[index].inner != 0

    def _key(self, piece: Piece) -> tuple[Any, ...]:
        keys = [
            tensor.shape[1:] if not place.inner else (place, tensor.shape[0], *tensor.shape[2:])
            for tensor, place in zip(piece.tensors, self.source.places, strict=True)
        ]
        return keys[0] if len(keys) == 1 else tuple(keys)

    def _plainly(self, piece: Piece, watch: Watch | None) -> tuple[object, list[Output]]:
        rows = iter(piece.tensors)
        count = len(self.inputs)
        values = [*self.inputs, *self.named.values()]
        handed = [self._filled(value, rows, whole) for value, whole in zip(values, self.whole, strict=True)]
        result = self.module(*handed[:count], **dict(zip(self.named, handed[count:], strict=True)))
        return result, self._outputs(result, piece.rows, watch)

    @staticmethod
    def _filled(value: object, rows: Iterator[Tensor], whole: bool) -> object:
        if whole:
            return value
        return next(rows) if isinstance(value, Tensor | PackedSequence) else with_tensors(value, rows)

    def _outputs(self, result: object, rows: int, watch: Watch | None) -> list[Output]:
        found: list[Output] = []
        for index, (name, y) in enumerate(tensors_in(result, "output")):
            if not isinstance(y, Tensor):
                raise ValueError(f"{name}: a PackedSequence from the wrapped module cannot be unfolded")
            place = self._place(y, index, rows, watch)
            if y.ndim <= place.inner or y.shape[place.inner] != rows:
                said = "" if name == "output" else f"{name}: "
                kept = f"must keep the folded axis of {rows} {'second' if place.inner else 'first'}"
                raise ValueError(f"{said}an output of TimeDistributed {kept}, got {list(y.shape)}")
            found.append((name, y, place))
        return found

    def _place(self, y: Tensor, index: int, rows: int, watch: Watch | None) -> Place:
        if has_places(self.module):
            return output_place(self.module, index, Place(0, self.source.places[0].inner))
        if watch is not None and watch.is_state(y):
            return STATE
        depths = self.owner._depths
        if not depths or y.ndim < 2 or y.shape[1] != rows or y.shape[0] not in depths:
            return PLAIN
        if y.shape[0] == rows and y.ndim == 3 and self.compiled:
            raise ValueError(
                f"an output of {list(y.shape)} may be a result or a state of a recurrence, as B*T is {rows} too; "
                "compiled, there is no telling: use other sizes, or wrap the recurrence itself"
            )
        return PLAIN if y.shape[0] == rows else STATE
