"""``from``, ``as``, ``share`` and ``name``: which values go where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tdinspect.domain.location import Path
from tdinspect.domain.spec import SOURCES
from tdinspect.importers.collector import Collector, shorten, whole
from tdinspect.importers.scopes import HAS_MODULE, Entry, Scope
from tdinspect.importers.values import is_name


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
    container = scope.hides(name)
    if container:
        shown = shorten(name)
        message = f"`{shown}` is outside: into a {container} a value comes only through its own `from`"
        collector.add("TD006", message, path, help=f"beside `{container}:` write `from: [..., {shown}]`")
    elif scope.declares(name):
        message = f"`{shorten(name)}` is not made before this step"
        collector.add("TD006", message, path, help="a step reads earlier steps only")
    else:
        message = f"no input and no earlier step is named `{shorten(name)}`"
        collector.unknown_name(message, name, scope.like(name), path)


def parse_as(value: object, path: Path, scope: Scope, collector: Collector) -> object:
    """``as``: names for the parts of a tuple, nested as the tuple is; each becomes known in the scope."""
    if not isinstance(value, list) or not value:
        shown = shorten(value) if is_name(value) else None
        help = f"`as: [{shown}]` names part 0; `name: {shown}` names the step" if shown else "as: [seq, [h, c]]"
        collector.wrong("a list of names for the parts of the result", value, path, help=help)
        return None
    return _parts(value, path, scope, collector)


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


def valid_name(value: object, path: Path, collector: Collector) -> bool:
    """True when a step or part can have this name; else a finding."""
    if is_name(value):
        return True
    if not isinstance(value, str):
        collector.wrong("a name", value, path)
        return False
    cleaned = "".join(c if c.isalnum() and c.isascii() else "_" for c in value)
    cleaned = f"_{cleaned}" if cleaned[:1].isdigit() else cleaned
    help = f"`{shorten(cleaned)}`" if is_name(cleaned) else None
    message = f"`{shorten(value)}` is not a name: letters, digits and _ only, no digit first"
    collector.add("TD003", message, path, help=help)
    return False


def define(name: str, entry: Entry, path: Path, scope: Scope, collector: Collector) -> None:
    """Make a name known, or note that it is taken (TD007)."""
    if not scope.define(name, entry):
        what = {"input": "an input", "state": "a state"}.get(scope.names[name].kind, "an earlier step or part")
        help = "names are unique in their list of steps"
        collector.add("TD007", f"`{shorten(name)}` is already the name of {what}", path, help=help)


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
