"""The steps: each one a bare name, or a mapping with one operation key and the step keys beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tdinspect.domain.expression import ExpressionError, evaluate
from tdinspect.domain.location import Path
from tdinspect.domain.spec import (
    Container,
    Expression,
    Function,
    Layer,
    Operation,
    Repeat,
    Share,
    Source,
    Step,
)
from tdinspect.importers.arguments import find_operation, is_container
from tdinspect.importers.blocks import Definition
from tdinspect.importers.collector import did_you_mean, shorten, true_or_false
from tdinspect.importers.operations import Operations
from tdinspect.importers.scopes import Entry, Kind, Scope
from tdinspect.importers.totals import Totals
from tdinspect.importers.values import Constants, positive
from tdinspect.importers.wiring import check_parts_of_block, define, in_order_of, parse_as, parse_from, valid_name

TIMES = ("per_step", "causal", "anticausal", "constant", "mixes", "gone")
_KINDS: dict[type[Operation], Kind] = {Layer: "layer", Function: "function", Source: "source", Share: "share"}


class StepReader:
    """Reads lists of steps, container inside container; ``count`` is how many there are, copies included."""

    def __init__(self, constants: Constants, blocks: Mapping[str, Definition]) -> None:
        self.constants = constants
        self.collector = constants.collector
        self.limits = constants.collector.limits
        self.totals = Totals(blocks, self.collector)
        self.operations = Operations(constants, blocks, self.steps, self.totals)
        self.count = 0
        self.full = False

    def steps(self, value: list[object], path: Path, scope: Scope) -> tuple[Step, ...]:
        """The steps of one list; wrong ones are noted and left out. Their names become known in ``scope``."""
        found: list[Step] = []
        for index, item in enumerate(value):
            place: Path = (*path, index)
            self.count += 1
            if self.count > self.limits.steps and not self.full:
                self.full = True
                self.collector.add("TD008", f"more than {self.limits.steps:,} steps", place)
            if self.full or self.collector.full:
                break
            step = self._bare(item, place, scope) if isinstance(item, str) else self._mapping(item, place, scope)
            if step is not None:
                found.append(step)
        return tuple(found)

    def read_unused(self, scope: Scope) -> None:
        """Read the blocks that nothing uses; their steps do not count."""
        self.count, counted = 0, self.count
        self.operations.read_unused(scope)
        self.count = counted

    def _bare(self, operation: str, path: Path, scope: Scope) -> Step | None:
        made, inner = self.operations.read(operation, {operation: None}, path, scope, None)
        if made is None and not (operation in self.operations.blocks or is_container(operation)):
            return None
        name = scope.number(operation)
        scope.define(name, _entry(made, inner))
        scope.last = name
        return None if made is None else Step(name, made, path, path, uses=self.collector.uses)

    def _mapping(self, item: object, path: Path, scope: Scope) -> Step | None:
        if not isinstance(item, Mapping) or not item:
            self.collector.wrong("a step: a layer's name, or a mapping with one", item, path, help="- ReLU")
            return None
        key = find_operation(item, path, self.collector)
        source = parse_from(item["from"], (*path, "from"), scope, self.collector) if "from" in item else None
        copies = self._repeat(item, path) if "repeat" in item else None
        before = self.count
        made, inner = (None, None) if key is None else self.operations.read(key, item, (*path, key), scope, source)
        if copies is not None and not self._fits(copies, self.count - before + 1, path):
            copies = 1
        name = self._name(key, item, path, scope)
        if name is not None:
            entry = _entry(made, inner) if copies is None else _copies_entry(_entry(made, inner), copies)
            define(name, entry, (*path, "name") if "name" in item else path, scope, self.collector)
            scope.last = name
        step = None
        if made is not None and name is not None and key is not None:
            step = Step(name, made, path, (*path, key), source, uses=self.collector.uses)
            step = self._entered(step, inner, scope)
        if len(item) == 1:  # most steps
            return step
        step = self._with_step_keys(step, item, path, scope)
        return step if step is None or copies is None else _repeated(step, copies)

    def _with_step_keys(self, step: Step | None, item: Mapping[str, object], path: Path, scope: Scope) -> Step | None:
        parts = parse_as(item["as"], (*path, "as"), scope, self.collector) if "as" in item else None
        if step is not None:
            check_parts_of_block(step, parts, (*path, "as"), self.collector)
        call, trainable, time = self._call(item, path), self._trainable(item, path), self._time(item, path)
        return None if step is None else replace(step, parts=parts, call=call, trainable=trainable, time=time)

    def _entered(self, step: Step, inner: Scope | None, scope: Scope) -> Step:
        """The step of a container with the names that its values have inside, in their order."""
        target = step.operation.target if isinstance(step.operation, Share) else None
        used = scope.module(target) if target else None
        inner = used.inner if used else inner
        if inner is None or not inner.enters:
            return step
        source = step.source
        if target:
            source = in_order_of(inner.enters, source, (*step.path, "from"), target, self.collector)
        elif isinstance(source, Mapping):
            source = tuple(source[name] for name in inner.enters)
        return replace(step, source=source, entering=inner.enters)

    def _name(self, key: str | None, item: Mapping[str, object], path: Path, scope: Scope) -> str | None:
        if "name" in item and valid_name(item["name"], (*path, "name"), self.collector):
            if key is not None:
                scope.count(key)
            return str(item["name"])
        return None if key is None else scope.number(key)

    def _repeat(self, item: Mapping[str, object], path: Path) -> int:
        """How many copies; 1, with a finding, where that cannot be read."""
        place: Path = (*path, "repeat")
        before = self.collector.noted
        copies = self.constants.value(item["repeat"], place)
        if self.collector.noted > before:
            return 1
        if isinstance(copies, Expression):
            return self._copies_at_sizes(copies, place)
        if positive(copies):
            return copies
        self.collector.wrong("a whole number above zero", copies, place, help="repeat: 3")
        return 1

    def _copies_at_sizes(self, copies: Expression, place: Path) -> int:
        if not copies.symbols:
            return 1  # a wrong expression; a finding says so
        open_ = sorted(symbol for symbol in copies.symbols if symbol not in self.constants.sizes)
        if open_:
            message = f"`repeat` needs a number, and `{open_[0]}` has no size"
            self.collector.add("TD003", message, place, help=f"sizes: {{{open_[0]}: 4}}")
            return 1
        try:
            number = evaluate(copies.text, self.constants.sizes)
        except ExpressionError:
            return 1  # said once for all expressions
        if not positive(number):
            self.collector.wrong("a whole number above zero", number, place)
        return number if positive(number) else 1

    def _fits(self, copies: int, steps: int, path: Path) -> bool:
        """Count the steps of the copies; False, with a finding, when they are too many to make."""
        counted = self.count + (copies - 1) * steps + 1
        if counted > self.limits.steps and not self.full:
            what = f"{shorten(f'{copies:,}')} copies of {steps:,} step{'s' * (steps > 1)}"
            message = f"{what} make more than {self.limits.steps:,} steps"
            most = max(0, (self.limits.steps - self.count - 1) // steps + 1)
            self.collector.add("TD008", message, (*path, "repeat"), help=f"at most {most:,} fit" if most else None)
        self.count = counted if counted <= self.limits.steps else self.count - steps + 1  # said once
        return counted <= self.limits.steps

    def _call(self, item: Mapping[str, object], path: Path) -> Mapping[str, object]:
        if "call" not in item:
            return {}
        value, place = item["call"], (*path, "call")
        if not isinstance(value, Mapping):
            self.collector.wrong("a mapping of names to constants", value, place, help="call: {need_weights: false}")
            return {}
        return {key: self.constants.value(constant, (*place, key)) for key, constant in value.items()}

    def _trainable(self, item: Mapping[str, object], path: Path) -> bool | None:
        value = item.get("trainable")
        if isinstance(value, bool) or "trainable" not in item:
            return value if isinstance(value, bool) else None
        self.collector.wrong("true or false", value, (*path, "trainable"), help=true_or_false(value))
        return None

    def _time(self, item: Mapping[str, object], path: Path) -> str | None:
        value = item.get("time")
        if "time" not in item or (isinstance(value, str) and value in TIMES):
            return value if isinstance(value, str) else None
        near = self.collector.nearest(value, TIMES) if isinstance(value, str) else None
        self.collector.wrong(f"one of {', '.join(TIMES)}", value, (*path, "time"), help=did_you_mean(near))
        return None


def _entry(made: Operation | None, inner: Scope | None) -> Entry:
    if made is None:
        return Entry("unknown", inner)
    return Entry("container" if isinstance(made, Container) else _KINDS[type(made)], inner)


def _copies_entry(one: Entry, copies: int) -> Entry:
    """What the name of a repeated step stands for: ``NAME.0``, ``NAME.1`` ... lie inside."""
    inner = Scope(())
    inner.enters = one.inner.enters if one.inner else ()
    inner.names = dict.fromkeys(map(str, range(copies)), one)
    return Entry("container" if one.kind in ("layer", "share") else one.kind, inner)


def _repeated(step: Step, copies: int) -> Step:
    one = Step(
        "0",
        step.operation,
        step.path,
        step.op_path,
        None,
        None,
        step.call,
        step.trainable,
        step.time,
        step.uses,
        step.entering,
    )
    steps = tuple(replace(one, name=str(number)) for number in range(copies))
    repeat = Repeat("Repeat", steps)
    return Step(step.name, repeat, step.path, step.op_path, step.source, step.parts, uses=step.uses)
