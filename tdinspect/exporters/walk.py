"""Where a walk stands, and what the parts of it need of the whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn, Protocol

from tdinspect.building.wiring import Flow, Perform, Scope
from tdinspect.domain.spec import Step
from tdinspect.domain.tree import Tree
from tdinspect.exporters.classes import Classes, ClassUse
from tdinspect.exporters.code import Code, Value
from tdinspect.exporters.layout import Place
from tdinspect.exporters.seen import Seen, SeenLeaf
from tdinspect.exporters.writing import Writing


@dataclass(frozen=True, slots=True)
class Spot:
    """Where the walk is: the prefix of full names, whether what stands here learns, the class being written."""

    prefix: str
    writing: Writing
    frozen: bool = False

    def inside(self, step: Step) -> Spot:
        """Inside this step."""
        return Spot(f"{self.prefix}{step.name}.", self.writing, self.frozen or step.trainable is False)


class Walk(Protocol):
    """The walk, as its parts see it."""

    seen: Seen
    with_tdinspect: bool
    imports: set[str]
    steps: dict[str, Step]
    classes: Classes
    keys: dict[str, str]

    def performer(self, spot: Spot) -> Perform:
        """What says a step at this place."""

    def refuse(self, step: Step, why: str) -> NoReturn:
        """End the export with a finding that names the step."""

    def place(self, spot: Spot, step: Step) -> Place:
        """What the step is written as."""

    def leaf(self, spot: Spot, step: Step) -> SeenLeaf:
        """What was seen of a layer or a function."""

    def values(self, step: Step, infos: Tree, hint: str | None = None) -> Tree:
        """New values for what a step gives."""

    def keep(self, place: Place, step: Step, code: Code, spot: Spot) -> None:
        """An attribute for something larger than a layer."""

    def learns(self, full: str) -> bool:
        """True where a step has something to learn inside."""

    def constant(self, value: object, spot: Spot) -> Code:
        """A constant, with the variables of the sizes that it reads."""

    def keyword(self, step: Step, name: str) -> str:
        """The name of an argument, as it may stand in code."""

    def chained(self, step: Step, flow: Flow, spot: Spot) -> Value:
        """A chain as one call of its ``nn.Sequential``."""

    def inline(self, step: Step, flow: Flow, scope: Scope | None, spot: Spot) -> Tree:
        """A container's steps among the statements around it."""

    def closed(
        self, w: Writing, name: str, doc: Sequence[str], result: Tree, returns: tuple[Code, str] | None
    ) -> ClassUse:
        """The class, once all its statements are said."""

    def export(self, step: Step, inner: Scope, outer: Scope | None, change: Callable[[Tree], Tree]) -> None:
        """What is read outside of a container by a dotted name."""
