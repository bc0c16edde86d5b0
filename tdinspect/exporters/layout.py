"""Which attribute each layer of a spec becomes, in which class: decided from the spec alone.

A block becomes a class, a plain chain of layers in a container one ``nn.Sequential``, copies one ``nn.Sequential`` or
``nn.ModuleList``. Everything else is written out in the class around it. So names do not depend on sizes, and who
writes weights can tell them from the spec (``names.attribute_names``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from tdinspect.building.model import exported_names
from tdinspect.building.signatures import layer_classes
from tdinspect.building.wiring import name_around
from tdinspect.domain.spec import (
    Block,
    Container,
    Function,
    Layer,
    ModelSpec,
    Repeat,
    Residual,
    Share,
    Source,
    Step,
    inner_steps,
)
from tdinspect.domain.tree import leaves
from tdinspect.exporters.identifiers import Taken, identifier
from tdinspect.exporters.reading import free_names, gives_one_tensor, has_weights, reads_sizes

Form = Literal["leaf", "chain", "class", "copies", "inline"]


@dataclass(frozen=True, slots=True)
class Place:
    """What a step is written as. ``path`` is its state dict path in the model, ``owner`` the path of its class.

    ``chain``: it maps one tensor to one, and can stand in an ``nn.Sequential``.
    """

    form: Form
    path: str = ""
    owner: str = ""
    chain: bool = False

    @property
    def attribute(self) -> str:
        """Its path from the class that it stands in."""
        return self.path.removeprefix(f"{self.owner}.") if self.owner else self.path


@dataclass(slots=True)
class Layout:
    """Places by the full names of steps (``fire_2.squeezed``), and which step each ``share`` means."""

    places: dict[str, Place] = field(default_factory=dict)
    targets: dict[str, str] = field(default_factory=dict)


def lay_out(spec: ModelSpec) -> Layout:
    """The places of all steps that have weights, or steps inside."""
    return _Plan(spec).run()


@cache
def _reserved() -> frozenset[str]:
    return frozenset(dir(layer_classes()["Identity"]()))


@dataclass(slots=True)
class _Class:
    """One class: the attributes that are taken, and how often steps in it have a name."""

    path: str
    taken: Taken
    counts: Mapping[str, int]


class _Plan:
    def __init__(self, spec: ModelSpec) -> None:
        self.spec = spec
        self.exported = exported_names(spec)
        self.layout = Layout()
        self.shared_inside: set[str] = set()  # full names of containers into which a share reaches
        self.crossing: set[str] = set()  # full names of containers in which a share reaches out
        self.known: dict[str, Step] = {}
        self.forms: dict[tuple[str, bool], Form] = {}  # each is asked for many times, by every container around
        self.linked: dict[tuple[str, bool], bool] = {}
        self.inside: dict[str, bool] = {}

    def run(self) -> Layout:
        self._find_shares(self.spec.steps, "")
        self._in_class(self.spec.steps, "", "")
        for name, target in self.layout.targets.items():  # what is inside a shared use is what is inside the first
            inside = {full: place for full, place in self.layout.places.items() if full.startswith(f"{target}.")}
            for full, place in inside.items():
                self.layout.places[name + full.removeprefix(target)] = place
            if target in self.layout.places:
                self.layout.places[name] = self.layout.places[target]
        return self.layout

    def _find_shares(self, steps: Sequence[Step], prefix: str) -> None:
        for step in steps:
            full = prefix + step.name
            if isinstance(step.operation, Share):
                target = name_around(step.operation.target, prefix, self.known)
                target = self._origin(target)
                self.layout.targets[full] = target
                self._note_share(target, prefix)
            self._find_shares(inner_steps(step.operation), f"{full}.")
            self.known[full] = step

    def _origin(self, target: str) -> str:
        """The step that a name means where it leads through another share."""
        words = target.split(".")
        for end in range(len(words), 0, -1):
            head = ".".join(words[:end])
            if head in self.layout.targets:
                return ".".join([self.layout.targets[head], *words[end:]])
        return target

    def _note_share(self, target: str, prefix: str) -> None:
        words = target.split(".")
        around = {".".join(words[:end]) for end in range(1, len(words))}
        self.shared_inside |= around
        here = prefix.rstrip(".").split(".") if prefix else []
        self.crossing |= {".".join(here[:end]) for end in range(1, len(here) + 1)} - around

    def _in_class(self, steps: Sequence[Step], prefix: str, path: str) -> None:
        counts: dict[str, int] = {}
        for name in self._names(steps, prefix):
            counts[name] = counts.get(name, 0) + 1
        self._steps(steps, prefix, (), _Class(path, Taken(_reserved()), counts))

    def _names(self, steps: Sequence[Step], prefix: str) -> Iterator[str]:
        """The names of all steps that become attributes of one class."""
        for step in steps:
            if not has_weights(step):
                continue
            if self._form(step, prefix + step.name) == "inline":
                yield from self._names(inner_steps(step.operation), f"{prefix}{step.name}.")
            else:
                yield identifier(step.name)
                if isinstance(step.operation, Residual) and step.operation.shortcut is not None:
                    yield from self._names((step.operation.shortcut,), f"{prefix}{step.name}.")

    def _steps(self, steps: Sequence[Step], prefix: str, around: tuple[str, ...], cls: _Class) -> None:
        for step in steps:
            full = prefix + step.name
            if not has_weights(step):
                if isinstance(step.operation, Container):
                    self.layout.places[full] = Place("inline", owner=cls.path)
                    self._steps(inner_steps(step.operation), f"{full}.", around, cls)
                continue
            form = self._form(step, full)
            if form == "inline":
                self.layout.places[full] = Place("inline", owner=cls.path)
                self._steps(inner_steps(step.operation), f"{full}.", (*around, step.name), cls)
                continue
            own = identifier(step.name)
            wanted = own if cls.counts.get(own) == 1 else "_".join([*map(identifier, around), own])
            attribute = cls.taken.free(f"{wanted}_" if wanted in _reserved() else wanted)
            self._place(step, full, form, f"{cls.path}.{attribute}" if cls.path else attribute, cls.path)
            if isinstance(step.operation, Residual) and step.operation.shortcut is not None:
                self._steps((step.operation.shortcut,), f"{full}.", (*around, step.name), cls)

    def _place(self, step: Step, full: str, form: Form, path: str, owner: str, copied: bool = False) -> None:
        chain = self._links(step, full, copied) if form in ("leaf", "class", "copies") else True
        self.layout.places[full] = Place(form, path, owner, chain)
        if form == "class":
            self._in_class(inner_steps(step.operation), f"{full}.", path)
        elif form in ("chain", "copies"):
            assert isinstance(step.operation, Container)
            alone = form == "chain" and len(step.operation.steps) == 1
            for index, inner in enumerate(step.operation.steps):
                name = f"{full}.{inner.name}"
                copied = form == "copies"
                at = path if alone else f"{path}.{index}"
                self._place(inner, name, self._form(inner, name, copied), at, owner, copied)

    def _form(self, step: Step, full: str, copied: bool = False) -> Form:
        key = full, copied
        if key not in self.forms:
            self.forms[key] = self._find_form(step, full, copied)
        return self.forms[key]

    def _find_form(self, step: Step, full: str, copied: bool) -> Form:
        operation = step.operation
        if not isinstance(operation, Container):
            return "leaf"
        if isinstance(operation, Repeat):
            return "copies" if self._can_be_copies(operation, full) else "inline"
        if isinstance(operation, Block):
            return "class" if self._can_be_class(step, full) else "inline"
        framed = operation.type in ("TimeDistributed", "Residual")
        if (operation.type == "Sequential" or (framed and not copied)) and self._is_chain(step, full):
            return "chain"
        one_by_one = operation.options.get("mode", "fold") != "fold"
        return "class" if (copied or one_by_one) and self._can_be_class(step, full) else "inline"

    def _can_be_copies(self, repeat: Repeat, full: str) -> bool:
        if self._read_inside(full):
            return False
        for copy in repeat.steps:
            name = f"{full}.{copy.name}"
            if isinstance(copy.operation, Share) or name in self.shared_inside:
                return False
            if not has_weights(copy) and isinstance(copy.operation, Function | Source):
                return False
            if isinstance(copy.operation, Container) and self._form(copy, name, copied=True) == "inline":
                return False
        return True

    def _can_be_class(self, step: Step, full: str) -> bool:
        return full not in self.crossing and not self._read_inside(full) and not free_names(step)

    def _read_inside(self, full: str) -> bool:
        """True where a name inside is read outside."""
        if full not in self.inside:
            self.inside[full] = bool(self.exported) and self._find_reader(full)
        return self.inside[full]

    def _find_reader(self, full: str) -> bool:
        again = (
            name + full.removeprefix(t) for name, t in self.layout.targets.items() if f"{full}.".startswith(f"{t}.")
        )
        for name in (full, *again):
            words = name.split(".")
            ends = tuple(f"{'.'.join(words[start:])}." for start in range(len(words)))
            if any(read.startswith(ends) for read in self.exported):
                return True
        return False

    def _is_chain(self, step: Step, full: str) -> bool:
        """True where the steps are layers that each take what the one before gives, and nobody else reads them."""
        container = step.operation
        assert isinstance(container, Container)
        entering = step.source if step.entering is None else step.entering
        names = list(leaves(entering))
        if len(names) > 1 or full in self.shared_inside or full in self.crossing or self._read_inside(full):
            return False
        before = names[0] if names else None
        for inner in container.steps:
            if inner.source is not None and inner.source != before:
                return False
            if not self._links(inner, f"{full}.{inner.name}"):
                return False
            before = inner.name
        return True

    def _links(self, step: Step, full: str, copied: bool = False) -> bool:
        """True for what maps one tensor to one, as nn.Sequential wants it; ``copied``: a copy may be a class."""
        key = full, copied
        if key not in self.linked:
            self.linked[key] = self._find_link(step, full, copied)
        return self.linked[key]

    def _find_link(self, step: Step, full: str, copied: bool) -> bool:
        operation = step.operation
        if step.parts is not None or step.call or isinstance(step.source, tuple | Mapping):
            return False
        if isinstance(operation, Layer):
            return gives_one_tensor(operation)
        if isinstance(operation, Block):
            one = len(operation.inputs) == 1 and len(operation.outputs) <= 1
            return one and not reads_sizes(step) and self._form(step, full) == "class"
        if isinstance(operation, Repeat):
            if self._form(step, full) != "copies" or reads_sizes(step):
                return False
            return all(self._links(copy, f"{full}.{copy.name}", copied=True) for copy in operation.steps)
        if isinstance(operation, Container) and operation.type == "Sequential" and has_weights(step):
            return self._is_chain(step, full) or (copied and self._links_as_class(step, full))
        return copied and isinstance(operation, Container) and self._links_as_class(step, full)

    def _links_as_class(self, step: Step, full: str) -> bool:
        if isinstance(step.operation, Container):
            one = len(list(leaves(step.source if step.entering is None else step.entering))) <= 1
            return one and not reads_sizes(step) and self._form(step, full, copied=True) == "class"
        return False
