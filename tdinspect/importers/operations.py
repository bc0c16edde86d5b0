"""What a step does: a layer, a function, a source, a container, a block or a share."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tdinspect.domain.location import Path
from tdinspect.domain.spec import (
    Arguments,
    Block,
    Container,
    Function,
    Layer,
    Operation,
    Recurrent,
    Residual,
    Share,
    Source,
    Step,
)
from tdinspect.importers.arguments import check_operation, is_container, is_function, is_source, parse_arguments
from tdinspect.importers.blocks import Definition, all_params, check_entering, given_params
from tdinspect.importers.collector import enumeration, shorten
from tdinspect.importers.containers import check_options, container_steps
from tdinspect.importers.recurrent import parse_initial, parse_next, parse_state
from tdinspect.importers.scopes import Entry, Scope
from tdinspect.importers.sources import check_source
from tdinspect.importers.totals import Totals
from tdinspect.importers.values import Constants
from tdinspect.importers.wiring import (
    by_keyword,
    check_names,
    check_share,
    define,
    first_name,
    flat_names,
    inner_names,
    names_given,
    says_from,
)

ReadSteps = Callable[[list[object], Path, Scope], tuple[Step, ...]]
Read = tuple[Operation | None, Scope | None]  # the operation, and the scope of the steps inside


class Operations:
    """Reads operations; the steps inside them with ``steps``.

    ``depth`` counts the lists of steps around; ``written`` the values that the uses of blocks have written out.
    """

    def __init__(
        self, constants: Constants, blocks: Mapping[str, Definition], steps: ReadSteps, totals: Totals
    ) -> None:
        self.constants = constants
        self.collector = constants.collector
        self.limits = constants.collector.limits
        self.blocks = blocks
        self.totals = totals
        self.used: set[str] = set()
        self._steps = steps
        self._open: list[str] = []  # the blocks being read, the outermost first
        self._circular: set[Path] = set()  # the uses of blocks inside themselves that have been noted
        self._depth = 0
        self._written = 0

    def read(self, key: str, item: Mapping[str, object], path: Path, scope: Scope, source: object) -> Read:
        """The operation of a step: ``path`` is that of its key; a bare name has the ``item`` {name: nothing}."""
        value, bare = item[key], path[-1] != key
        if key == "share":
            return (Share(str(value)) if check_share(value, path, scope, self.collector) else None), None
        if key in self.blocks:
            return self._block(self.blocks[key], item, path, scope, source)
        if not check_operation(key, path, not bare, self.collector):
            return None, None
        if is_container(key):
            return self._container(key, value, path, scope, source)
        if is_source(key):
            self._check_no_input(key, item, path)
            self._check_no_weights(key, item, path)
            arguments = parse_arguments(key, value, path, self.constants)
            return Source(key, check_source(key, arguments, path, self.constants)), None
        if is_function(key):
            self._check_no_weights(key, item, path)
            with self.constants.of_function():
                return Function(key, Arguments() if bare else parse_arguments(key, value, path, self.constants)), None
        arguments = Arguments() if bare else parse_arguments(key, value, path, self.constants, self.blocks)
        return Layer(key, arguments), None

    def _check_no_input(self, key: str, item: Mapping[str, object], path: Path) -> None:
        for wrong, why in (("from", "takes no input"), ("repeat", "takes no input, so there is nothing to repeat")):
            if wrong in item:
                place: Path = (*path[:-1], wrong)
                self.collector.add("TD003", f"`{key}` {why}", place, on_key=True, help=f"remove `{wrong}`")

    def _check_no_weights(self, key: str, item: Mapping[str, object], path: Path) -> None:
        if "trainable" in item and key != "parameter":
            place: Path = (*path[:-1], "trainable")
            message = f"`{shorten(key)}` has no weights, so `trainable` says nothing"
            self.collector.add("TD003", message, place, on_key=True, help="remove `trainable`")

    def _container(self, key: str, value: object, path: Path, scope: Scope, source: object) -> Read:
        found = container_steps(key, value, path, self.collector)
        options = check_options(key, value, path, self.constants)
        if found is None or self._too_deep(path):
            return None, None
        items, place = found
        closed = key in ("TimeDistributed", "Recurrent")
        names = inner_names(source, (*path[:-1], "from"), self.collector)
        seen = frozenset() if names else flat_names(source)
        inner = Scope(names_given(items), scope, seen if closed else None, key, source)
        inner.enter(names)
        inner.last = next(iter(names), first_name(source)) or (None if closed else scope.last)
        if key == "Recurrent":
            return self._recurrent(value, options, items, place, path, inner), inner
        if key == "Residual":
            steps = by_keyword(self._inside(items, place, inner), names)
            shortcut = self._shortcut(value, path, scope, inner)
            return Residual(key, steps, options, shortcut), inner
        wrapped = self.constants.wrapped
        self.constants.wrapped = wrapped or key == "TimeDistributed"
        steps = by_keyword(self._inside(items, place, inner), names)
        self.constants.wrapped = wrapped
        return Container(key, steps, options), inner

    def _inside(self, items: list[object], place: Path, inner: Scope) -> tuple[Step, ...]:
        self._depth += 1
        steps = self._steps(items, place, inner)
        self._depth -= 1
        return steps

    def _too_deep(self, path: Path) -> bool:
        if self._depth >= self.limits.nesting:
            self.collector.add("TD008", f"steps nested more than {self.limits.nesting} deep", path, on_key=True)
        return self._depth >= self.limits.nesting

    def _shortcut(self, value: object, path: Path, scope: Scope, inner: Scope) -> Step | None:
        if not isinstance(value, Mapping) or "shortcut" not in value:
            return None
        place: Path = (*path, "shortcut")
        items = value["shortcut"]
        if not isinstance(items, list) or not items:
            help = (
                f"shortcut: [{shorten(items)}]" if isinstance(items, str) else "without `shortcut`, x itself is added"
            )
            self.collector.wrong("a list of steps for the shortcut", items, place, help=help)
            return None
        own = Scope(names_given(items), scope)
        own.enter(inner.enters)
        own.last = inner.enters[0] if inner.enters else scope.last
        steps = by_keyword(self._inside(items, place, own), inner.enters)
        define("shortcut", Entry("container", own), place, inner, self.collector)
        return Step("shortcut", Container("Sequential", steps), place, place, uses=self.collector.uses)

    def _recurrent(
        self,
        value: object,
        options: Mapping[str, object],
        items: list[object],
        place: Path,
        path: Path,
        inner: Scope,
    ) -> Recurrent:
        constants, single = self.constants, self.constants.single
        state = parse_state(value, path, constants)
        for name in state:
            define(name, Entry("state"), (*path, "state", name), inner, self.collector, on_key=True)
        axis = options.get("time_axis")
        if isinstance(axis, str):
            constants.single = single | {axis}
        elif len(constants.time) == 1:  # of several clocks the model's pass tells which one runs here
            constants.single = single | constants.time
        steps = by_keyword(self._inside(items, place, inner), inner.enters)
        constants.single = single
        outer = inner.parent
        assert outer is not None
        following = parse_next(value, path, state, inner, self.collector)
        return Recurrent(
            "Recurrent", steps, options, state, following, parse_initial(value, path, state, outer, self.collector)
        )

    def _block(self, block: Definition, item: Mapping[str, object], path: Path, scope: Scope, source: object) -> Read:
        self.used.add(block.name)
        given = given_params(block, item[block.name], path, self.constants)
        entering = check_entering(block, "from" in item, source, path, self.collector)
        if not (block.steps and entering and self._may_write(block, path)):
            return None, None
        step_path = path[:-1] if path[-1] == block.name else path
        with self.collector.inside((*self.collector.uses, step_path)):
            return self._written_out(block, given, scope)

    def _may_write(self, block: Definition, path: Path) -> bool:
        """True when a use can be written out: no cycle, no limit passed."""
        if block.name in self.totals.too_big:
            return False
        if block.name in self._open and path in self._circular:
            return False
        if block.name in self._open:
            self._circular.add(path)
            chain = " -> ".join([*self._open[self._open.index(block.name) :], block.name])
            message = f"the block `{block.name}` uses itself: {shorten(chain)}"
            self.collector.add("TD003", message, path, on_key=True, help="for copies in a row write `repeat: 3`")
            return False
        if self._too_deep(path):
            return False
        before, self._written = self._written, self._written + block.weight
        if before <= self.limits.values < self._written:
            message = f"more than {self.limits.values:,} values once blocks are written out"
            self.collector.add("TD008", message, path, on_key=True)
        return self._written <= self.limits.values

    def _written_out(self, block: Definition, given: Mapping[str, object], scope: Scope) -> Read:
        """The block with its params put in."""
        constants, vars = self.constants, self.constants.vars
        inner = Scope([*block.inputs, *names_given(block.steps)], scope)
        for name in block.inputs:
            inner.define(name, Entry("input"))
        inner.last = block.inputs[0] if len(block.inputs) == 1 else None
        self._open.append(block.name)
        constants.vars = all_params(block, given, constants)
        if len(block.inputs) > 1 and not says_from(block.steps[0]):
            several = f"the block `{block.name}` has {len(block.inputs)} inputs ({enumeration(block.inputs)})"
            message = f"{several}, so its first step must say which it takes"
            help = f"from: {shorten(block.inputs[0])}"
            self.collector.add("TD003", message, (*block.place, 0), on_key=True, help=help)
        steps = self._inside(block.steps, block.place, inner)
        outputs: tuple[str, ...] = ()
        if block.outputs is not None:
            outputs = check_names(block.outputs, (*block.path, "outputs"), inner, self.collector, block.name)
        constants.vars = vars
        self._open.pop()
        return Block(block.name, steps, inputs=block.inputs, outputs=outputs), inner

    def read_unused(self, scope: Scope) -> None:
        """Read each block that nothing uses, so that its mistakes show; those that others name, and small ones last."""
        named = {name for block in self.blocks.values() for name in block.words if name != block.name}
        for block in sorted(
            self.blocks.values(), key=lambda block: (block.name in named, -self.totals.steps(block.name))
        ):
            if block.name not in self.used and block.steps:
                self.used.add(block.name)
                if self._may_write(block, block.path):
                    self._written_out(block, {}, scope)
