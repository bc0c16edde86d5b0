"""What a step reads and holds, told from the spec alone."""

from __future__ import annotations

from collections.abc import Iterator

from tdinspect.domain.spec import (
    Block,
    Container,
    Expression,
    Function,
    Layer,
    Recurrent,
    Source,
    Step,
    all_steps,
    inner_steps,
)
from tdinspect.domain.tree import leaves

# What gives a tuple, so that nn.Sequential cannot hand it on.
_TUPLES = frozenset(("LSTM", "GRU", "RNN", "LSTMCell", "MultiheadAttention", "AdaptiveLogSoftmaxWithLoss"))


def gives_one_tensor(layer: Layer) -> bool:
    """True for a layer whose result ``nn.Sequential`` can hand on."""
    if "." in layer.type or layer.type in _TUPLES or layer.type.startswith(("MaxUnpool", "FractionalMaxPool")):
        return False
    return not layer.args.named.get("return_indices")


def has_weights(step: Step) -> bool:
    """True for a layer, a learned tensor, and a container with one inside."""
    operation = step.operation
    if isinstance(operation, Layer):
        return True
    if isinstance(operation, Source):
        return operation.type == "parameter"
    return any(map(has_weights, inner_steps(operation)))


def reads_sizes(step: Step) -> bool:
    """True where something inside reads a size of the run (``$T``)."""
    for inner in all_steps((step,)):
        operation = inner.operation
        if isinstance(operation, Function | Source) and not (isinstance(operation, Source) and has_weights(inner)):
            if any(isinstance(v, Expression) for v in leaves((operation.args.scalar, dict(operation.args.named)))):
                return True
        elif isinstance(operation, Recurrent) and any(
            isinstance(entry, str | Expression) for shape in operation.state.values() for entry in shape
        ):
            return True
    return False


def free_names(step: Step) -> frozenset[str]:
    """The names outside of a container that its steps read, other than through its own ``from``."""
    return frozenset(_free(step.operation, _entering(step)))


def _entering(step: Step) -> set[str]:
    known = set(leaves(step.source if step.entering is None else step.entering))
    return known | set(step.operation.inputs) if isinstance(step.operation, Block) else known


def _free(operation: object, known: set[str]) -> Iterator[str]:
    if not isinstance(operation, Container):
        return
    known = known | (set(operation.state) if isinstance(operation, Recurrent) else set())
    for inner in inner_steps(operation):
        read = list(leaves(inner.source))
        if isinstance(inner.operation, Recurrent):
            read += inner.operation.initial.values()
        yield from (name for name in read if name.split(".")[0] not in known)
        closed = isinstance(inner.operation, Container) and inner.operation.type in ("TimeDistributed", "Recurrent")
        if not closed:
            yield from _free(inner.operation, known | _entering(inner))
        known = known | {inner.name} | {name for name in leaves(inner.parts) if name != "_"}
