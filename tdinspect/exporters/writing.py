"""One class while it is written: its attributes, what ``forward`` takes, the statements so far."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from tdinspect.building.wiring import Flow
from tdinspect.domain.size import Size
from tdinspect.domain.spec import Function
from tdinspect.domain.trace import Axis, TensorInfo
from tdinspect.domain.tree import Tree, leaves, map_tree
from tdinspect.exporters.classes import Attribute
from tdinspect.exporters.code import Code, Join, Ref, Text, Value, sequence
from tdinspect.exporters.statements import Assign, For, Statement


@dataclass(frozen=True, slots=True)
class Unfolded:
    """What was folded, and is ``value`` now: ``axes`` are where its first axis went, ``lead`` their sizes."""

    value: Value
    folded: Value
    axes: tuple[int, ...]
    lead: tuple[Value, ...]


@dataclass(slots=True)
class Writing:
    """``path`` is where the class stands in the state dict; ``extra`` are sizes that ``forward`` must be told."""

    path: str = ""
    params: list[tuple[Value, str]] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    entering: list[Value] = field(default_factory=list)
    attributes: dict[str, Attribute] = field(default_factory=dict)
    statements: list[Statement] = field(default_factory=list)
    sizes: dict[str, Value] = field(default_factory=dict)
    read: dict[str, tuple[Value, int]] = field(default_factory=dict)
    extra: list[str] = field(default_factory=list)
    unfolded: dict[int, Unfolded] = field(default_factory=dict)  # by the id of the value
    block: list[Statement] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.block = self.statements

    def param(self, value: Value, name: str, kind: str = "Tensor") -> None:
        """One more argument of ``forward``."""
        self.params.append((value, name))
        self.types.append(kind)

    def attribute(self, name: str, code: Code, frozen: bool = False) -> None:
        """``self.name = code``, once."""
        self.attributes.setdefault(name, Attribute(name, code, frozen))

    def say(self, statement: Statement) -> None:
        """The next statement."""
        self.block.append(statement)

    def let(self, value: Value, code: Code, loose: bool = False) -> Value:
        """``value = code``."""
        self.say(Assign(value, code, loose=loose))
        return value

    @contextmanager
    def loop(self, item: Value, over: Code) -> Iterator[For]:
        """Statements said inside are the body of the loop."""
        loop = For(item, over)
        outer, self.block = self.block, loop.body
        yield loop
        self.block = outer
        self.say(loop)

    def size(self, symbol: str) -> Value:
        """The variable of a symbol: read from what enters, or else an argument of its own."""
        if symbol in self.sizes:
            return self.sizes[symbol]
        value = self.sizes[symbol] = Value(symbol, named=True, kind="int")
        for entering in self.entering:
            axes = entering.info.axes if entering.info else ()
            found = next((i for i, axis in enumerate(axes) if axis.size == Size.symbol(symbol)), None)
            if found is not None:
                self.read[symbol] = (entering, found)
                return value
        self.extra.append(symbol)
        return value

    def told(self, symbol: str) -> bool:
        """True where a symbol can be read from what enters."""
        size = Size.symbol(symbol)
        return any(axis.size == size for v in self.entering if v.info is not None for axis in v.info.axes)

    def head(self) -> list[Statement]:
        """The lines at the top that read sizes: ``B, T = x.shape[:2]``."""
        by_value: dict[int, list[tuple[int, Value, Value]]] = {}
        for symbol, (entering, axis) in self.read.items():
            by_value.setdefault(id(entering), []).append((axis, self.sizes[symbol], entering))
        lines: list[Statement] = []
        for found in by_value.values():
            found.sort(key=lambda entry: entry[0])
            entering = found[0][2]
            if len(found) > 1 and [axis for axis, _, _ in found] == list(range(len(found))):
                code = Join((Ref(entering), Text(f".shape[:{len(found)}]")))
                lines.append(Assign(tuple(value for _, value, _ in found), code))
            else:
                lines += [Assign(v, Join((Ref(entering), Text(f".shape[{axis}]")))) for axis, v, _ in found]
        return lines

    def own(self, path: str) -> str:
        """The code of an attribute by its path in the model: ``self.stack[0]``."""
        inner = path.removeprefix(f"{self.path}.") if self.path else path
        words = inner.split(".")
        return "self" + "".join(f"[{word}]" if word.isdigit() else f".{word}" for word in words)


def code_of(tree: Tree) -> Code:
    """Values as they stand in a call."""
    if isinstance(tree, Value):
        return Ref(tree)
    if isinstance(tree, tuple | list):
        return sequence([code_of(part) for part in tree], "[]" if isinstance(tree, list) else "()")
    return Text("None")


def type_of(tree: Tree) -> str:
    """The annotation of a tree of tensors."""
    if isinstance(tree, tuple):
        return f"tuple[{', '.join(map(type_of, tree))}]"
    return "list[Tensor]" if isinstance(tree, list) else "Tensor" if tree is not None else "None"


def like(tree: Tree, hint: str) -> Tree:
    """New values for the same structure and shapes."""
    return map_tree(lambda value: Value(value.hint if hint == "" else hint, info=value.info), tree)


def tensors(trees: Sequence[Tree]) -> list[Value]:
    """All values in these."""
    return list(leaves(list(trees)))


def broadcast(one: TensorInfo, other: TensorInfo) -> TensorInfo:
    """The shape of a sum."""
    longer, shorter = (one, other) if len(one.axes) >= len(other.axes) else (other, one)
    shift = len(longer.axes) - len(shorter.axes)

    def axis(index: int, own: Axis) -> Axis:
        if index < shift:
            return own
        beside = shorter.axes[index - shift]
        return beside if str(own.size) == "1" else own

    return replace(longer, axes=tuple(axis(i, own) for i, own in enumerate(longer.axes)))


def parts_are_fixed(function: Function, flow: Flow) -> bool:
    """True where the axis that is cut apart has one size only."""
    value, dim = next(leaves((flow.args, dict(flow.kwargs)))), function.args.named.get("dim", 0)
    if function.type == "chunk" or not isinstance(value, Value) or value.info is None or not isinstance(dim, int):
        return True
    return value.info.axes[dim].size.is_number
