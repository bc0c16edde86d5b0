"""``blocks``: what each entry says, and the params of one use."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tdinspect.domain.location import Path
from tdinspect.domain.spec import CONTAINERS
from tdinspect.importers.arguments import STEP_KEYS, belongs_to_the_step
from tdinspect.importers.collector import Collector, did_you_mean, enumeration, shorten
from tdinspect.importers.containers import container_steps
from tdinspect.importers.inputs import MAX_INPUTS
from tdinspect.importers.values import Constants, is_name, too_long
from tdinspect.importers.wiring import valid_name

MAX_PARAMS = 100
KEYS = ("params", "inputs", "outputs", "layers")
_TEXT = 100  # characters that cost as much as one more value


@dataclass(frozen=True)
class Definition:
    """One entry of ``blocks``; without ``steps`` it is wrong, and a finding says why.

    ``weight`` is how many values a use writes out; ``words`` are all texts in its steps,
    among them the names of the blocks that it uses.
    """

    name: str
    path: Path
    steps: list[object]
    place: Path
    params: Mapping[str, object]
    inputs: tuple[str, ...]
    outputs: object
    weight: int
    words: frozenset[str]
    complete: bool = True  # False when a wrong key may have had its params


def parse_blocks(value: object, collector: Collector) -> dict[str, Definition]:
    """The blocks by their names; those that no step could name are left out."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        help = "blocks:\n  Twice:\n    - Linear: 8\n    - ReLU"
        collector.wrong("a mapping of names to lists of steps", value, ("blocks",), help=help)
        return {}
    return {name: _definition(name, entry, collector) for name, entry in value.items() if _good_name(name, collector)}


def _good_name(name: str, collector: Collector) -> bool:
    path: Path = ("blocks", name)
    if name in CONTAINERS:
        message = f"`{name}` is a container, so no block can have its name"
        collector.add("TD007", message, path, on_key=True, help=f"call it `My{name}`")
    elif not is_name(name) or not name[0].isupper():
        near = "".join(c for c in name.title() if c.isalnum() and c.isascii()).lstrip("0123456789")
        message = f"`{shorten(name)}` cannot name a block: a capital letter, then letters, digits and _"
        collector.add("TD003", message, path, on_key=True, help=f"`{shorten(near)}`" if near else "`ConvBlock`")
    else:
        too_long(name, path, collector, on_key=True)
        return True
    return False


def _definition(name: str, value: object, collector: Collector) -> Definition:
    path: Path = ("blocks", name)
    found = container_steps(name, value, path, collector, dash="")
    steps, place = found or ([], path)
    options = value if isinstance(value, Mapping) and "layers" in value else {}
    collector.check_keys(options, KEYS, path, f"of the block `{name}`")
    return Definition(
        name,
        path,
        steps,
        place,
        _params(options, path, collector),
        _inputs(options, path, collector),
        options.get("outputs"),
        sum(_weights(value)),
        frozenset(_words(steps)),
        complete=options.keys() <= {*KEYS} and isinstance(options.get("params") or {}, Mapping),
    )


def _params(options: Mapping[str, object], path: Path, collector: Collector) -> Mapping[str, object]:
    params = options.get("params")
    place: Path = (*path, "params")
    if params is None:
        return {}
    if not isinstance(params, Mapping):
        help = "each param has a default: `params: {c: 64}`"
        collector.wrong("a mapping of params to their defaults", params, place, help=help)
        return {}
    if len(params) > MAX_PARAMS:
        collector.add("TD008", f"{len(params):,} params; the limit is {MAX_PARAMS}", place, on_key=True)
        return {}
    for name in params:
        if not is_name(name):
            message = f"`{shorten(name)}` cannot be read as `$name`: letters, digits and _ only, no digit first"
            collector.add("TD003", message, (*place, name), on_key=True)
    return params


def _inputs(options: Mapping[str, object], path: Path, collector: Collector) -> tuple[str, ...]:
    if "inputs" not in options:
        return ("input",)
    inputs, place = options["inputs"], (*path, "inputs")
    if not isinstance(inputs, list) or not inputs:
        help = f"[{shorten(inputs)}]" if is_name(inputs) else "inputs: [x, skip]"
        collector.wrong("a list of names", inputs, place, help=help)
        return ("input",)
    if len(inputs) > MAX_INPUTS:
        collector.add("TD008", f"{len(inputs):,} inputs; the limit is {MAX_INPUTS:,}", place, on_key=True)
        return ("input",)
    names: dict[str, None] = {}
    for index, name in enumerate(inputs):
        if isinstance(name, str) and name in names:
            collector.add("TD007", f"`{shorten(name)}` is listed twice", (*place, index))
        elif valid_name(name, (*place, index), collector):
            names[str(name)] = None
    return tuple(names) or ("input",)


def _weights(value: object) -> Iterator[int]:
    yield 1 + (len(value) // _TEXT if isinstance(value, str) else 0)
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield 1 + len(key) // _TEXT
            yield from _weights(item)
    elif isinstance(value, list):
        for item in value:
            yield from _weights(item)


def _words(value: object) -> Iterator[str]:
    """Every text that may name a block."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield key
            yield from _words(item)
    elif isinstance(value, list):
        for item in value:
            yield from _words(item)


def given_params(block: Definition, value: object, path: Path, constants: Constants) -> Mapping[str, object]:
    """What a use gives for the params, read where the use stands; unknown ones are noted (TD005) and left out."""
    collector = constants.collector
    first = next(iter(block.params), None)
    if value is None:
        return {}
    if isinstance(value, list):
        help = f"{block.name}: {{{first or 'name'}: value}}"
        collector.add("TD003", f"`{block.name}` takes named params, not a list", path, help=help)
        return {}
    if not isinstance(value, Mapping):
        if first is None:
            if not block.complete:
                return {}
            collector.add("TD005", f"the block `{block.name}` has no params", path, help=_declare(block, "c"))
            return {}
        return {first: constants.param(value, path)}
    given = {}
    for name, item in value.items():
        if name in block.params:
            given[name] = constants.param(item, (*path, name))
        elif name in STEP_KEYS:
            belongs_to_the_step(name, block.name, path, collector)
        elif block.complete or block.params:
            near = did_you_mean(collector.nearest(name, block.params))
            listed = f"its params: {enumeration(list(block.params))}" if block.params else _declare(block, name)
            message = f"the block `{block.name}` has no param `{shorten(name)}`"
            collector.add("TD005", message, (*path, name), on_key=True, help=near or listed)
    return given


def _declare(block: Definition, name: str) -> str:
    declared = f"{block.name}:\n  params: {{{shorten(name)}: ...}}\n  layers: ..."
    other = f"if a layer of torch.nn is meant by `{block.name}`, rename the block"
    return f"declare it in the block, with its default:\n{declared}\n{other}"


def all_params(block: Definition, given: Mapping[str, object], constants: Constants) -> Mapping[str, object]:
    """The names that ``$`` reads inside: the params hide ``vars``; a default may read the params before it."""
    params: dict[str, object] = {}
    inside = ChainMap(params, constants.spec_vars)
    outside, constants.vars = constants.vars, inside
    for name, default in block.params.items():
        params[name] = given[name] if name in given else constants.param(default, (*block.path, "params", name))
    constants.vars = outside
    return inside


def check_entering(block: Definition, given: bool, source: object, path: Path, collector: Collector) -> bool:
    """True when ``from`` has one value for each input of the block; else a finding (TD003)."""
    wanted = block.inputs
    several = f"the block `{block.name}` has {len(wanted)} inputs ({enumeration(wanted)})"
    one = f"the block `{block.name}` has one input (`{shorten(wanted[0])}`)"
    has = several if len(wanted) > 1 else one
    help = f"from: {{{', '.join(f'{name}: ...' for name in wanted[:12])}}}" if len(wanted) > 1 else "from: NAME"
    if not given:
        if len(wanted) > 1:
            collector.add("TD003", f"{has}, so the step must say `from`", path, on_key=True, help=help)
        return len(wanted) == 1
    place: Path = (*path[:-1], "from")
    if isinstance(source, Mapping):
        return _check_keywords(wanted, has, source, place, collector)
    count = len(source) if isinstance(source, tuple) else 1
    if source is not None and count != len(wanted):
        collector.add("TD003", f"{has}, and `from` gives {count}", place, help=help)
    return source is None or count == len(wanted)


def _check_keywords(
    wanted: tuple[str, ...], has: str, source: Mapping[str, object], place: Path, collector: Collector
) -> bool:
    good = True
    for name in source:
        if name not in wanted:
            near = did_you_mean(collector.nearest(name, wanted))
            collector.add("TD003", f"{has}, none is `{shorten(name)}`", (*place, name), on_key=True, help=near)
            good = False
    missing = [name for name in wanted if name not in source]
    if missing and good:
        message = f"{has}, and `from` gives none for `{shorten(missing[0])}`"
        collector.add("TD003", message, place, on_key=True, help=f"{shorten(missing[0])}: NAME")
    return good and not missing
