"""Keras's view of a torch value: the batch first, channels last; and the lines that bring its axes into an order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tdinspect.domain.trace import TensorInfo
from tdinspect.exporters.code import Code, Group, Item, Ref, Shape, Text, Value, call
from tdinspect.exporters.layers import NoCode
from tdinspect.exporters.statements import Assign, Statement


@dataclass(eq=False, slots=True)
class Held(Value):
    """A value in Keras. ``order`` are the axes that torch has, as Keras has them; the batch (or the fold) is the first.

    ``front`` are the sizes of the axes that stand in Keras where torch has a fold: the batch, and one for each
    TimeDistributed around.
    ``unread``: an input whose order is still open. ``missing``: why there is no such value in Keras.
    """

    order: tuple[int, ...] = ()
    front: tuple[str, ...] = ()
    unread: bool = False
    missing: str | None = None
    same: Held | None = None  # the variable that this is another view of
    folds: tuple[Held, int, int] | None = None  # an unread input, its batch and time axes, that this is the fold of

    def ref(self) -> Ref:
        """The code of its variable."""
        return Ref(self if self.same is None else self.same)

    @property
    def lead(self) -> int:
        """How many axes Keras has where torch has the first."""
        return max(1, len(self.front))

    def sizes(self, symbols: Sequence[str]) -> tuple[str, ...]:
        """Its sizes in Keras's order, of those in torch's."""
        return (*(self.front or (symbols[self.order[0]],)), *(symbols[axis] for axis in self.order[1:]))

    @property
    def known(self) -> TensorInfo:
        """Its shape in torch."""
        assert self.info is not None
        return self.info

    @property
    def ndim(self) -> int:
        """How many axes torch sees."""
        return len(self.known.axes)

    def axis(self, dim: int) -> int:
        """Where Keras has an axis of torch, counted from the end. Raises NoCode for the batch."""
        at = self.order.index(dim % self.ndim)
        if at == 0:
            raise NoCode("it works along the batch, which Keras keeps apart")
        return at - len(self.order)


def natural_order(value: Held) -> tuple[int, ...]:
    """The order of torch, the batch brought to the front."""
    batch = value.order[0]
    return (batch, *(axis for axis in range(value.ndim) if axis != batch))


def channels_last(value: Held) -> tuple[int, ...]:
    """The order of Keras's convolutions: torch's axis 1 last."""
    return (0, *range(2, value.ndim), 1)


class Lines:
    """The statements so far, and how values are brought into an order."""

    def __init__(self, sizes: dict[str, int]) -> None:
        self.statements: list[Statement] = []
        self.sizes = sizes
        self.fixed: set[str] = set()  # symbols that the weights of a layer follow: numbers in Keras

    def let(self, value: Held, code: Code) -> Held:
        """``value = code``, with its shape in Keras's order behind it."""
        value.shape = Shape(value.sizes(value.known.symbols(self.sizes)))
        self.statements.append(Assign(value, code))
        return value

    def ordered(self, value: Held, order: Sequence[int]) -> Held:
        """The value with its axes in this order; where they are of no account (all but one of size 1), by a reshape."""
        if value.missing is not None:
            raise NoCode(value.missing)
        wanted = tuple(order)
        if len(wanted) != value.ndim:
            raise NoCode(f"it gets {value.ndim} axes, and works on {len(wanted)} in Keras")
        if wanted[0] != value.order[0]:
            raise NoCode("it takes another axis for the batch than the model has")
        if value.unread:
            self._settle(value, wanted)
        if value.order == wanted:
            return value
        moved = [value.order.index(axis) for axis in wanted[1:]]
        kept = list(range(1, value.lead))
        dims = [*kept, *(at + value.lead - 1 for at in moved)]
        made = Held("x", info=value.info, order=wanted, front=value.front)
        return self.let(made, Group(call("layers.Permute", Text(_tuple(dims))), (Item(value.ref()),)))

    def natural(self, value: Held) -> Held:
        """The value in torch's order, the batch first."""
        return self.ordered(value, natural_order(value))

    def last(self, value: Held, rank: int) -> Held:
        """The value with its channels last. Raises NoCode unless ``rank`` axes stand beside batch and channels."""
        if value.ndim != rank + 2:
            raise NoCode("it takes one unbatched sample here")
        return self.ordered(value, channels_last(value))

    def fix(self, value: Held, axes: int = 1) -> Held:
        """Note that weights have the sizes of the last axes. Raises NoCode where one of them is the batch's."""
        batch = value.known.axes[value.order[0]].size.symbols
        for axis in value.order[-axes:]:
            symbols = value.known.axes[axis].size.symbols
            if symbols & batch and value.lead == 1:
                raise NoCode("its weights would follow the size of the batch")
            self.fixed |= symbols
        return value

    def features(self, value: Held) -> Held:
        """The value with torch's last axis last. Raises NoCode where that is the batch."""
        value = self.read(value) if value.order[-1] == value.ndim - 1 else self.natural(value)
        if value.order[-1] != value.ndim - 1 or len(value.order) < 2:
            raise NoCode("it works along the batch, which Keras keeps apart")
        return value

    def read(self, value: Held) -> Held:
        """The value as it is."""
        if value.missing is not None:
            raise NoCode(value.missing)
        if value.unread:
            self._settle(value, value.order)
        return value

    def _settle(self, value: Held, order: tuple[int, ...]) -> None:
        """An input is read for the first time: it comes in the order that its reader wants."""
        value.unread = False
        if value.folds is None:
            value.order = order
            return
        source, batch, time = value.folds
        inner = [axis for axis in range(source.ndim) if axis not in (batch, time)]
        if source.unread:
            value.order = order
            self._settle(source, (batch, time, *(inner[axis - 1] for axis in order[1:])))
        else:  # another fold of it was read before
            rest = [axis for axis in source.order if axis not in (batch, time)]
            source = self.ordered(source, (batch, time, *rest))
            value.order = (0, *(1 + inner.index(axis) for axis in rest))
        value.same = source.same or source

    def view(self, value: Held, order: Sequence[int], info: TensorInfo) -> Held:
        """The same variable, whose axes torch has in another order."""
        value = self.read(value)
        return Held(value.hint, value.named, info, order=tuple(order), front=value.front, same=value.same or value)

    def aligned(self, values: Sequence[Held]) -> list[Held]:
        """Several values in one order: that which they all have, else torch's."""
        if len({value.ndim for value in values}) > 1 or len({value.lead for value in values}) > 1:
            raise NoCode("it joins values with different numbers of axes, which Keras aligns otherwise")
        orders = {value.order for value in values if not value.unread}
        if len(orders) == 1:
            return [self.ordered(value, next(iter(orders))) for value in values]
        return [self.natural(value) for value in values]


def _tuple(numbers: Sequence[int]) -> str:
    return f"({', '.join(map(str, numbers))}{',' if len(numbers) == 1 else ''})"
