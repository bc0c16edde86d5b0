"""The steps: each one a bare name, or a mapping with one operation key and the step keys beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tdinspect.domain.location import Path
from tdinspect.domain.spec import Arguments, Container, Function, Layer, Operation, Share, Step
from tdinspect.importers.arguments import (
    check_operation,
    find_operation,
    is_container,
    is_function,
    parse_arguments,
)
from tdinspect.importers.collector import did_you_mean, true_or_false
from tdinspect.importers.containers import check_options, container_steps
from tdinspect.importers.scopes import Entry, Kind, Scope
from tdinspect.importers.values import Constants
from tdinspect.importers.wiring import (
    check_share,
    define,
    flat_names,
    names_given,
    parse_as,
    parse_from,
    valid_name,
)

MAX_STEPS = 50_000
_TIMES = ("per_step", "causal", "anticausal", "constant", "mixes", "gone")
_KINDS: dict[type[Operation], Kind] = {Layer: "layer", Function: "function", Container: "container", Share: "share"}


class StepReader:
    """Reads lists of steps, container inside container; ``wrapped`` counts the TimeDistributed around."""

    def __init__(self, constants: Constants) -> None:
        self.constants = constants
        self.collector = constants.collector
        self.wrapped = 0
        self.count = 0

    def steps(self, value: list[object], path: Path, scope: Scope) -> tuple[Step, ...]:
        """The steps of one list; wrong ones are noted and left out. Their names become known in ``scope``."""
        found: list[Step] = []
        for index, item in enumerate(value):
            self.count += 1
            place: Path = (*path, index)
            if self.count > MAX_STEPS:
                if self.count == MAX_STEPS + 1:
                    self.collector.add("TD008", f"more than {MAX_STEPS:,} steps", place)
                break
            step = self._bare(item, place, scope) if isinstance(item, str) else self._mapping(item, place, scope)
            if step is not None:
                found.append(step)
        return tuple(found)

    def _bare(self, operation: str, path: Path, scope: Scope) -> Step | None:
        if not check_operation(operation, path, False, self.collector):
            return None
        if is_container(operation):
            container_steps(operation, None, path, self.collector)
            return None
        made = Function(operation, Arguments()) if is_function(operation) else Layer(operation, Arguments())
        name = scope.number(operation)
        scope.define(name, Entry(_KINDS[type(made)]))
        return Step(name, made, path, path)

    def _mapping(self, item: object, path: Path, scope: Scope) -> Step | None:
        if not isinstance(item, Mapping) or not item:
            self.collector.wrong("a step: a layer's name, or a mapping with one", item, path, help="- ReLU")
            return None
        key = find_operation(item, path, self.collector)
        if len(item) == 1 and key is not None:  # most steps
            return self._finish(key, item, path, scope, None)
        source = parse_from(item["from"], (*path, "from"), scope, self.collector) if "from" in item else None
        if "repeat" in item:
            self.collector.add("TD003", "`repeat` is not supported yet", (*path, "repeat"), on_key=True)
        return self._finish(key, item, path, scope, source)

    def _finish(
        self, key: str | None, item: Mapping[str, object], path: Path, scope: Scope, source: object
    ) -> Step | None:
        made, inner = (None, None) if key is None else self._operation(key, item[key], (*path, key), scope, source)
        name = self._name(key, item, path, scope)
        if name is not None:
            entry = Entry(_KINDS[type(made)], inner) if made is not None else Entry("unknown", inner)
            define(name, entry, (*path, "name") if "name" in item else path, scope, self.collector)
        step = None if made is None or name is None or key is None else Step(name, made, path, (*path, key), source)
        return step if len(item) == 1 else self._with_step_keys(step, item, path, scope)

    def _with_step_keys(self, step: Step | None, item: Mapping[str, object], path: Path, scope: Scope) -> Step | None:
        parts = parse_as(item["as"], (*path, "as"), scope, self.collector) if "as" in item else None
        call, trainable, time = self._call(item, path), self._trainable(item, path), self._time(item, path)
        return None if step is None else replace(step, parts=parts, call=call, trainable=trainable, time=time)

    def _name(self, key: str | None, item: Mapping[str, object], path: Path, scope: Scope) -> str | None:
        if "name" in item and valid_name(item["name"], (*path, "name"), self.collector):
            if key is not None:
                scope.count(key)
            return str(item["name"])
        return None if key is None else scope.number(key)

    def _operation(
        self, key: str, value: object, path: Path, scope: Scope, source: object
    ) -> tuple[Operation | None, Scope | None]:
        if key == "share":
            good = check_share(value, path, scope, self.collector)
            return (Share(str(value)) if good else None), None
        if not check_operation(key, path, True, self.collector):
            return None, None
        if is_container(key):
            return self._container(key, value, path, scope, source)
        arguments = parse_arguments(key, value, path, self.constants, self.wrapped > 0)
        return (Function(key, arguments) if is_function(key) else Layer(key, arguments)), None

    def _container(
        self, key: str, value: object, path: Path, scope: Scope, source: object
    ) -> tuple[Operation | None, Scope | None]:
        found = container_steps(key, value, path, self.collector)
        options = check_options(key, value, path, self.constants)
        if found is None:
            return None, None
        items, place = found
        distributed = key == "TimeDistributed"
        entering = flat_names(source) if distributed else None
        inner = Scope(names_given(items), scope, entering)
        self.wrapped += distributed
        steps = self.steps(items, place, inner)
        self.wrapped -= distributed
        return Container(key, steps, options), inner

    def _call(self, item: Mapping[str, object], path: Path) -> Mapping[str, object]:
        if "call" not in item:
            return {}
        value, place = item["call"], (*path, "call")
        if not isinstance(value, Mapping):
            self.collector.wrong("a mapping of names to constants", value, place, help="call: {need_weights: false}")
            return {}
        return {
            key: self.constants.value(constant, (*place, key), wrapped=self.wrapped > 0)
            for key, constant in value.items()
        }

    def _trainable(self, item: Mapping[str, object], path: Path) -> bool | None:
        value = item.get("trainable")
        if isinstance(value, bool) or "trainable" not in item:
            return value if isinstance(value, bool) else None
        self.collector.wrong("true or false", value, (*path, "trainable"), help=true_or_false(value))
        return None

    def _time(self, item: Mapping[str, object], path: Path) -> str | None:
        value = item.get("time")
        if "time" not in item or (isinstance(value, str) and value in _TIMES):
            return value if isinstance(value, str) else None
        near = self.collector.nearest(value, _TIMES) if isinstance(value, str) else None
        self.collector.wrong(f"one of {', '.join(_TIMES)}", value, (*path, "time"), help=did_you_mean(near))
        return None
