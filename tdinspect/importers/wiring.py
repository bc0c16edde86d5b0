"""``from``, ``as``, ``share`` and ``name``: which values go where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from tdinspect.domain.location import Path
from tdinspect.domain.spec import SOURCES, Block, Source, Step
from tdinspect.importers.collector import Collector, enumeration, shorten, whole
from tdinspect.importers.scopes import HAS_MODULE, Entry, Scope
from tdinspect.importers.values import is_name, too_long


def parse_from(value: object, path: Path, scope: Scope, collector: Collector) -> object:
    """``from``: a name, nested lists of names, or a mapping of keywords to these; each name must be known already."""
    if isinstance(value, Mapping) and value:
        return {keyword: _names(item, (*path, keyword), scope, collector) for keyword, item in value.items()}
    return _names(value, path, scope, collector)


def _names(value: object, path: Path, scope: Scope, collector: Collector) -> object:
    if isinstance(value, list) and value:
        return tuple(_names(item, (*path, index), scope, collector) for index, item in enumerate(value))
    if not isinstance(value, str):
        help = "give the step before a `name`, and write that" if whole(value) else "from: conv2d_1"
        wanted = "a name, never an index" if whole(value) else "a name or a list of names"
        collector.wrong(wanted, value, path, help=help)
        return None
    if scope.value(value) is None:
        _unknown_value(value, path, scope, collector)
    return value


def _unknown_value(name: str, path: Path, scope: Scope, collector: Collector) -> None:
    if scope.lets_in(name):  # said there
        collector.noted += 1
        return
    hiding = scope.hides(name)
    if hiding:
        container = hiding.container
        message = f"`{shorten(name)}` is outside: into a {container} a value comes only through its own `from`"
        help = f"beside `{container}:` write `from: {_with(name, hiding)}`"
        collector.add("TD006", message, path, help=help)
    elif scope.declares(name):
        message = f"`{shorten(name)}` is not made before this step"
        collector.add("TD006", message, path, help="a step reads earlier steps only")
    else:
        message = f"no input and no earlier step is named `{shorten(name)}`"
        several = name.replace(",", " ").split()
        if len(several) > 1 and all(map(scope.value, several)):
            collector.add("TD006", message, path, help=f"several are a list: `[{shorten(', '.join(several))}]`")
        else:
            collector.unknown_name(message, name, scope.like(name), path)


def inner_names(source: object, path: Path, collector: Collector) -> tuple[str, ...]:
    """The names that a container's values have inside: the keys of a mapping `from`; none for any other."""
    if not isinstance(source, Mapping):
        return ()
    return tuple(key for key in source if valid_name(key, (*path, key), collector, on_key=True))


def in_order_of(names: tuple[str, ...], source: object, path: Path, what: str, collector: Collector) -> object:
    """A mapping `from` as the list of its values in the order of the names inside; any other as it is.

    A mapping has other keys than these only where a container is used again: a finding.
    """
    if not (names and isinstance(source, Mapping)):
        return source
    for key in source:
        if key not in names:
            message = f"no value of `{shorten(what)}` is named `{shorten(key)}`"
            collector.unknown_name(message, key, names, (*path, key), on_key=True)
    missing = [name for name in names if name not in source]
    if missing:
        message = f"`from` gives `{shorten(what)}` no `{shorten(missing[0])}`"
        collector.add("TD003", message, path, on_key=True, help=f"{shorten(missing[0])}: NAME")
    return tuple(source.get(name) for name in names)


def by_keyword(steps: tuple[Step, ...], names: tuple[str, ...]) -> tuple[Step, ...]:
    """A container's steps; a first one without a `from` of its own takes several named values as keywords."""
    if not steps or len(names) < 2 or steps[0].source is not None or isinstance(steps[0].operation, Source):
        return steps
    first, own = steps[0], steps[0].entering
    if isinstance(own, tuple):  # a container used again, which has names, and an order, of its own
        return (replace(first, source=own), *steps[1:]) if {*own} == {*names} else steps
    return (replace(first, source={name: name for name in names}), *steps[1:])


def _with(name: str, closed: Scope) -> str:
    """The `from` to write so that the name enters a container as well."""
    if isinstance(closed.wiring, Mapping):
        entries = [f"{key}: {_written(names)}" for key, names in closed.wiring.items()]
        return f"{{{enumeration([*entries, f'{name}: {name}'])}}}"
    before = closed.parent.last if closed.parent and closed.wiring is None else None
    entering = [before] if before else list(dict.fromkeys(_flat(closed.wiring)))
    return f"[{enumeration(list(dict.fromkeys([*entering, name])))}]"


def _written(names: object) -> str:
    return f"[{', '.join(map(_written, names))}]" if isinstance(names, tuple) else str(names)


def parse_as(value: object, path: Path, scope: Scope, collector: Collector) -> object:
    """``as``: names for the parts of a tuple, nested as the tuple is; each becomes known in the scope."""
    if not isinstance(value, list) or not value:
        shown = shorten(value) if is_name(value) else None
        help = f"`as: [{shown}]` names part 0; `name: {shown}` names the step" if shown else "as: [seq, [h, c]]"
        collector.wrong("a list of names for the parts of the result", value, path, help=help)
        return None
    return _parts(value, path, scope, collector)


def check_parts_of_block(step: Step, parts: object, path: Path, collector: Collector) -> None:
    """Note an ``as`` with more parts than a block has outputs; one output may be a tuple, which only the run shows."""
    outputs = step.operation.outputs if isinstance(step.operation, Block) else ()
    if len(outputs) > 1 and isinstance(parts, tuple) and len(parts) > len(outputs):
        message = f"`as` names {len(parts)} parts, and {shorten(step.name)} gives {len(outputs)}"
        kept = enumeration(["_"] * len(outputs))
        collector.add("TD003", message, path, help=f"its parts are [{kept}]; a name may stand for a whole tuple")


def _parts(value: list[object], path: Path, scope: Scope, collector: Collector) -> object:
    parts: list[object] = []
    for index, item in enumerate(value):
        place: Path = (*path, index)
        if isinstance(item, list) and item:
            parts.append(_parts(item, place, scope, collector))
        elif item == "_":
            parts.append("_")
        elif valid_name(item, place, collector):
            define(str(item), Entry("part"), place, scope, collector)
            parts.append(item)
        else:
            parts.append("_")
    return tuple(parts)


def names_given(steps: list[object]) -> Iterator[str]:
    """The names that these steps give by `name` and `as`, whatever else is wrong with them."""
    for step in steps:
        if isinstance(step, Mapping):
            if isinstance(name := step.get("name"), str):
                yield name
            if "as" in step:
                yield from _flat(step["as"])


def says_from(step: object) -> bool:
    """True for a step that says what it takes, or takes nothing."""
    return isinstance(step, Mapping) and ("from" in step or not step.keys().isdisjoint(SOURCES))


def first_name(wiring: object) -> str | None:
    """The first name in a parsed `from`."""
    return next(_flat(wiring), None)


def flat_names(wiring: object) -> frozenset[str]:
    """All names in a parsed `from`."""
    return frozenset(_flat(wiring))


def _flat(names: object) -> Iterator[str]:
    if isinstance(names, str):
        yield names
    elif isinstance(names, Mapping):
        for item in names.values():
            yield from _flat(item)
    elif isinstance(names, list | tuple):
        for item in names:
            yield from _flat(item)


def valid_name(value: object, path: Path, collector: Collector, on_key: bool = False) -> bool:
    """True when a step or part can have this name; else a finding."""
    if is_name(value):
        return not too_long(value, path, collector, on_key)
    if not isinstance(value, str):
        collector.wrong("a name", value, path)
        return False
    cleaned = "".join(c if c.isalnum() and c.isascii() else "_" for c in value)
    cleaned = f"_{cleaned}" if cleaned[:1].isdigit() else cleaned
    help = f"`{shorten(cleaned)}`" if is_name(cleaned) else None
    message = f"`{shorten(value)}` is not a name: letters, digits and _ only, no digit first"
    collector.add("TD003", message, path, on_key=on_key, help=help)
    return False


def define(name: str, entry: Entry, path: Path, scope: Scope, collector: Collector, on_key: bool = False) -> None:
    """Make a name known, or note that it is taken (TD007)."""
    if not scope.define(name, entry):
        what = {"input": "an input", "state": "a state"}.get(scope.names[name].kind, "an earlier step or part")
        help = "names are unique in their list of steps"
        collector.add("TD007", f"`{shorten(name)}` is already the name of {what}", path, on_key=on_key, help=help)


def check_share(target: object, path: Path, scope: Scope, collector: Collector) -> bool:
    """True when ``share`` names an earlier step that has a module; else a finding."""
    if not isinstance(target, str):
        collector.wrong("the name of an earlier step", target, path, help="share: conv2d_1")
        return False
    entry = scope.module(target)
    if entry is None and scope.declares(target):
        help = "write the first use out; later ones share it"
        collector.add("TD006", f"`{shorten(target)}` is a later step", path, help=help)
    elif entry is None:
        message = f"no earlier step is named `{shorten(target)}`"
        collector.unknown_name(message, target, scope.like(target), path)
    elif entry.kind not in HAS_MODULE:
        article = "an" if entry.kind == "input" else "a"
        what = "part of a result" if entry.kind == "part" else entry.kind
        message = f"`{shorten(target)}` is {article} {what}; only a layer or a container has weights to share"
        by_name = f"read it by its name: `from: [..., {shorten(target)}]`" if entry.kind == "source" else None
        collector.add("TD003", message, path, help=by_name)
    return entry is not None and entry.kind in HAS_MODULE


def check_names(
    value: object, path: Path, scope: Scope, collector: Collector, block: str | None = None
) -> tuple[str, ...]:
    """The names in ``outputs`` of the spec or of a block; unknown and repeated ones are noted and left out."""
    if not isinstance(value, list) or not value:
        help = f"[{shorten(value)}]" if is_name(value) else None
        collector.wrong("a list of names of steps", value, path, help=help)
        return ()
    seen: dict[str, None] = {}
    for index, name in enumerate(value):
        place: Path = (*path, index)
        if not isinstance(name, str):
            collector.wrong("the name of a step", name, place)
        elif name in seen:
            collector.add("TD007", f"`{shorten(name)}` is listed twice", place)
        elif (scope.inside(name) if block else scope.value(name)) is None:
            where = f"in the block `{block}` " if block else ""
            message = f"{where}no step is named `{shorten(name)}`"
            collector.unknown_name(message, name, scope.names if block else scope.like(name), place)
        else:
            seen[name] = None
    return tuple(seen)
