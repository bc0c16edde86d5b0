"""``Recurrent``: its states, what they become, what they start from."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tdinspect.domain.expression import MAX_VALUE
from tdinspect.domain.location import Path
from tdinspect.domain.spec import Expression
from tdinspect.importers.collector import Collector, as_list, shorten, whole
from tdinspect.importers.inputs import MAX_AXES
from tdinspect.importers.scopes import Entry, Scope
from tdinspect.importers.values import Constants, is_name, positive
from tdinspect.importers.wiring import valid_name

State = dict[str, tuple[object, ...]]
_EXAMPLE = "- Recurrent:\n    state: {h: [64]}\n    layers: [...]\n    next: {h: NAME}"


def parse_state(value: object, path: Path, constants: Constants) -> State:
    """``state``: a shape without the batch for each name."""
    collector = constants.collector
    if not isinstance(value, Mapping) or "state" not in value:
        collector.add("TD003", "the state of `Recurrent` is missing", path, on_key=True, help=_EXAMPLE)
        return {}
    states, place = value["state"], (*path, "state")
    if not isinstance(states, Mapping) or not states:
        collector.wrong("a mapping of names to shapes", states, place, help="state: {h: [64]}")
        return {}
    return {
        name: _shape(shape, (*place, name), constants)
        for name, shape in states.items()
        if _good_name(name, (*place, name), collector)
    }


def _good_name(name: str, path: Path, collector: Collector) -> bool:
    return valid_name(name, path, collector)


def _shape(value: object, path: Path, constants: Constants) -> tuple[object, ...]:
    if isinstance(value, str) and value.startswith("$"):
        found = constants.value(value, path)
        if isinstance(found, tuple):
            return tuple(_entry(entry, path, constants) for entry in found)
        if isinstance(found, Expression) and not found.symbols:
            return (1,)  # a finding says why
    if not isinstance(value, list):
        help = as_list(str(value)) if whole(value) or isinstance(value, str) else "[64]"
        constants.collector.wrong("a shape without the batch: a list", value, path, help=help)
        return (1,)
    if len(value) > MAX_AXES:
        constants.collector.add("TD008", f"a shape of {len(value)} axes; the limit is {MAX_AXES}", path)
        return (1,)
    return tuple(
        _entry(constants.value(entry, (*path, i), entry=True), (*path, i), constants) for i, entry in enumerate(value)
    )


def _entry(entry: object, path: Path, constants: Constants) -> object:
    """A whole number, a symbol or an Expression; 1 stands in for a wrong one."""
    collector = constants.collector
    symbol = entry.text if isinstance(entry, Expression) and entry.text in constants.batch else entry
    if isinstance(symbol, str) and symbol in constants.batch:
        message = f"a state has every axis but the batch, so `{symbol}` is left out"
        collector.add("TD003", message, path, help="[64] for a state of the shape (batch, 64)")
    elif isinstance(entry, Expression):
        return entry
    elif is_name(entry):
        if entry not in constants.symbols:
            constants.unknown_symbol(entry, path)
        return entry
    elif not positive(entry):
        collector.wrong("a whole number above zero or a symbol", entry, path)
    elif entry > MAX_VALUE:
        collector.add("TD008", f"the size {shorten(str(entry))} is above 2**62", path)
    else:
        return entry
    return 1


def parse_next(value: object, path: Path, state: State, inner: Scope, collector: Collector) -> Mapping[str, str]:
    """``next``: for each state the name, inside, of its value in the following step."""
    last = next((name for name in reversed(inner.names) if name not in state), "NAME")
    given = value.get("next") if isinstance(value, Mapping) else None
    found = _names(given, (*path, "next"), state, inner.inside, inner, collector)
    missing = [name for name in state if not isinstance(given, Mapping) or name not in given]
    if missing and (given is None or isinstance(given, Mapping)):
        name = shorten(missing[0])
        message = f"`next` does not say what the state `{name}` becomes"
        place: Path = (*path, "next") if given is not None else path
        collector.add("TD003", message, place, on_key=True, help=f"next: {{{name}: {shorten(last)}}}")
    return found


def parse_initial(value: object, path: Path, state: State, outer: Scope, collector: Collector) -> Mapping[str, str]:
    """``initial``: for some states the name, outside, of the value that they start from."""
    given = value.get("initial") if isinstance(value, Mapping) else None
    return _names(given, (*path, "initial"), state, outer.value, outer, collector)


def _names(
    given: object,
    path: Path,
    state: State,
    find: Callable[[str], Entry | None],
    scope: Scope,
    collector: Collector,
) -> Mapping[str, str]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        example = f"{path[-1]}: {{{next(iter(state), 'h')}: NAME}}"
        collector.wrong("a mapping of states to names", given, path, help=example)
        return {}
    found: dict[str, str] = {}
    for name, target in given.items():
        place: Path = (*path, name)
        if name not in state:
            if state:
                collector.unknown_name(f"there is no state `{shorten(name)}`", name, state, place)
        elif not isinstance(target, str):
            collector.wrong("a name", target, place)
        elif find(target) is None:
            where = "inside the Recurrent" if path[-1] == "next" else "outside, before this step,"
            known = scope.names if path[-1] == "next" else scope.like(target)
            collector.unknown_name(f"nothing {where} is named `{shorten(target)}`", target, known, place)
        else:
            found[name] = target
    return found
