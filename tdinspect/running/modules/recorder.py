"""Which modules a pass runs, in which order, inside which, on what; also of a pass that raises."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from torch import Tensor, nn
from torch.jit import ScriptModule
from torch.nn.utils.rnn import PackedSequence

from tdinspect.building.users_code import guarded
from tdinspect.domain.tree import Tree
from tdinspect.layers import has_known_cost
from tdinspect.running.engine import Described
from tdinspect.running.inside import is_leaf
from tdinspect.running.products import Products

ROWS = 16  # calls of one module that are kept: the rest of a loop over time says nothing new
_SMALL = 1 << 16  # numbers in a mask
_PLAIN = (bool, int, float, complex, str)


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of a tensor in a structure: the index among those of the call."""

    index: int


@dataclass(slots=True)
class Visit:
    """One call of a module. ``args``, ``kwargs`` and ``value`` are as they were, with a Slot for each tensor.

    ``taken`` and ``given`` are the tensors, one that comes in twice once. ``whole`` is False where something came in
    or out that cannot be made again. ``ended`` is False for a call that raised. ``inside`` is the visit around it.
    """

    name: str
    module: nn.Module
    leaf: bool
    time: int  # the how many-th call of the module
    depth: int
    inside: int | None
    args: Tree = ()
    kwargs: Tree = field(default_factory=dict)
    value: Tree = None
    taken: list[Described] = field(default_factory=list)
    given: list[Described] = field(default_factory=list)
    whole: bool = True
    ended: bool = False
    values: dict[int, Tensor] = field(default_factory=dict)  # of ``taken``, where they were asked for

    @property
    def place(self) -> tuple[str, int]:
        """What it is found by in another pass."""
        return self.name, self.time


@dataclass(frozen=True, slots=True)
class Pass:
    """A pass over a module. ``problem`` is what it raised, in the visit ``failed_in`` (None: in the module itself)."""

    visits: list[Visit]
    value: Tree
    given: list[Described]
    problem: Exception | None = None
    failed_in: int | None = None
    times: Mapping[str, int] = field(default_factory=dict)
    products: frozenset[str] = frozenset()  # the modules that multiply matrices in their own code; "" is the outermost


def named_parts(module: nn.Module) -> Iterator[tuple[str, nn.Module, bool]]:
    """The modules that can have a row: every leaf and every module around leaves, by its first name."""
    yield from _parts(module, "", set())


def _parts(module: nn.Module, name: str, met: set[int]) -> Iterator[tuple[str, nn.Module, bool]]:
    if id(module) in met:
        return
    met.add(id(module))
    leaf = is_leaf(module)
    yield name, module, leaf
    if not leaf:
        for child_name, child in module.named_children():
            yield from _parts(child, f"{name}.{child_name}" if name else child_name, met)


def recorded(module: nn.Module, args: Tree, kwargs: Mapping[str, Tree], *, values: bool = False) -> Pass:
    """Run it once. What it raises is in the result; with ``values`` also those of small tensors that leaves take."""
    recorder = _Recorder(values)
    handles = [
        handle
        for name, part, leaf in named_parts(module)
        if (name or leaf) and not isinstance(part, ScriptModule)  # which take no hooks
        for handle in recorder.watch(name, part, leaf)
    ]
    value, problem = None, None
    try:
        with guarded(), recorder.products:
            value = module(*args, **kwargs)
    except Exception as raised:
        problem = raised
    finally:
        for handle in handles:
            handle.remove()
    outline = Outline()
    shown = outline.of(value)
    failed = recorder.open[-1] if problem is not None and recorder.open else None
    products = frozenset(recorder.products.seen)
    return Pass(recorder.visits, shown, outline.tensors, problem, failed, recorder.times, products)


class _Recorder:
    def __init__(self, values: bool) -> None:
        self.values = values
        self.visits: list[Visit] = []
        self.open: list[int | None] = []  # None: a call that is one too many to keep
        self.times: dict[str, int] = {}
        self.products = Products()
        self.around: list[str | None] = []  # what the products are put down to outside of each open call

    def watch(self, name: str, part: nn.Module, leaf: bool) -> list[Any]:
        """The hooks of one module."""

        def enter(module: nn.Module, args: Tree, kwargs: Mapping[str, Tree]) -> None:
            self.around.append(self.products.inside)
            self.products.inside = None if leaf and has_known_cost(module) else name
            self._enter(name, module, leaf, args, kwargs)

        def leave(module: nn.Module, args: Tree, output: Tree) -> None:
            self.products.inside = self.around.pop() if self.around else ""
            self._leave(name, output)

        return [part.register_forward_pre_hook(enter, with_kwargs=True), part.register_forward_hook(leave)]

    def _enter(self, name: str, module: nn.Module, leaf: bool, args: Tree, kwargs: Mapping[str, Tree]) -> None:
        self.times[name] = time = self.times.get(name, 0) + 1
        if time > ROWS or None in self.open:
            self.open.append(None)
            return
        outline = Outline()
        inside = self.open[-1] if self.open else None
        visit = Visit(name, module, leaf, time, len(self.open), inside)
        visit.args, visit.kwargs = outline.of(tuple(args)), outline.of(dict(kwargs))
        visit.taken, visit.whole = outline.tensors, outline.whole
        if self.values and leaf:
            visit.values = outline.small()
        self.open.append(len(self.visits))
        self.visits.append(visit)

    def _leave(self, name: str, output: Tree) -> None:
        while len(self.open) > 1 and not self._is(self.open[-1], name):  # raised, and was caught
            self.open.pop()
        index = self.open.pop() if self.open else None
        if index is None:
            return
        visit, outline = self.visits[index], Outline()
        visit.value = outline.of(output)
        visit.given, visit.ended = outline.tensors, True
        visit.whole &= outline.whole

    def _is(self, index: int | None, name: str) -> bool:
        return index is None or self.visits[index].name == name


class Outline:
    """A structure without its tensors: those that it met are in ``tensors``, by shape and dtype."""

    def __init__(self) -> None:
        self.tensors: list[Described] = []
        self.whole = True
        self._known: dict[int, tuple[int, Tensor]] = {}  # the tensor is kept, so that no other takes its id

    def of(self, value: object) -> Tree:
        """The structure with a Slot for each tensor; what cannot be shown is None."""
        if isinstance(value, Tensor):
            return self._tensor(value)
        if isinstance(value, PackedSequence):
            self.whole = False
            return self._tensor(value.data)
        if isinstance(value, tuple | list):
            self.whole &= type(value) in (tuple, list)  # a named tuple is another type
            parts = [self.of(part) for part in value]
            return parts if isinstance(value, list) else tuple(parts)
        if isinstance(value, Mapping):
            self.whole &= type(value) is dict
            return {key: self.of(part) for key, part in value.items()}
        if value is not None and not isinstance(value, _PLAIN):
            self.whole = False
            return self._fields(value)
        return value

    def _fields(self, value: object) -> Tree:
        if not is_dataclass(value) or isinstance(value, type):
            return None
        return {part.name: self.of(getattr(value, part.name, None)) for part in fields(value)}

    def small(self) -> dict[int, Tensor]:
        """Copies of those tensors that are small, by their index."""
        return {index: value.detach().clone() for index, value in self._known.values() if value.numel() <= _SMALL}

    def _tensor(self, value: Tensor) -> Slot | None:
        known = self._known.get(id(value))
        if known is None:
            described = _described(value)
            if described is None:
                self.whole = False
                return None
            known = self._known[id(value)] = (len(self.tensors), value)
            self.tensors.append(described)
        return Slot(known[0])


def _described(value: Tensor) -> Described | None:
    try:
        return Described(tuple(value.shape), str(value.dtype).removeprefix("torch."))
    except RuntimeError:  # a nested tensor has no one shape
        return None


def filled(tree: Tree, parts: Callable[[int], object]) -> Tree:
    """The structure with ``parts(index)`` in the place of each Slot."""
    if isinstance(tree, Slot):
        return parts(tree.index)
    if isinstance(tree, tuple | list):
        found = [filled(part, parts) for part in tree]
        return found if isinstance(tree, list) else tuple(found)
    if isinstance(tree, Mapping):
        return {key: filled(part, parts) for key, part in tree.items()}
    return tree
