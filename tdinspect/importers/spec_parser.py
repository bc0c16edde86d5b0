"""Document -> ModelSpec: the top-level keys, in the order in which they need each other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

from tdinspect.domain.spec import ModelSpec, Step
from tdinspect.importers.axes import Axes, parse_axes
from tdinspect.importers.blocks import Definition, parse_blocks
from tdinspect.importers.collector import Collector, enumeration, shorten
from tdinspect.importers.expect import parse_expect
from tdinspect.importers.inputs import Inputs, parse_inputs
from tdinspect.importers.scopes import Entry, Scope
from tdinspect.importers.sizes import check_volume, default_sizes, override, parse_sizes, set_value, whole_numbers
from tdinspect.importers.steps import StepReader
from tdinspect.importers.values import Constants, parse_vars, too_long
from tdinspect.importers.wiring import check_names, names_given, says_from

KEYS = (
    "name",
    "description",
    "input",
    "inputs",
    "sizes",
    "time_axis",
    "batch_axis",
    "vars",
    "blocks",
    "layers",
    "outputs",
    "expect",
)
_MINIMAL = "input: [B, T, 8]\nlayers:\n  - Linear: 10"


def looks_like_spec(data: object) -> bool:
    """True for a mapping with at least one of the keys that only a spec has."""
    return isinstance(data, Mapping) and not data.keys().isdisjoint(("input", "inputs", "layers"))


def parse_spec(data: object, file: str, overrides: Mapping[str, str], collector: Collector) -> ModelSpec | None:
    """The spec as far as it can be read; None when nothing of it can be used. All mistakes go to ``collector``."""
    if not isinstance(data, Mapping):
        collector.wrong("a mapping with `input` and `layers`", data, (), help=_MINIMAL)
        return None
    collector.check_keys(data, KEYS, (), "at the top of a spec")
    vars = parse_vars(data.get("vars"), collector)
    vars.update({name: set_value(text) for name, text in overrides.items() if name in vars})
    constants = Constants(collector, vars)
    inputs = parse_inputs(data, constants)
    sizes = parse_sizes(data.get("sizes"), inputs, collector)
    override(overrides, vars, sizes, inputs, collector)
    axes = parse_axes(data, inputs, collector)
    _set_names(constants, inputs, axes)
    constants.sizes = sizes
    blocks = parse_blocks(data.get("blocks"), collector)
    scope, steps = _steps(data, inputs, constants, blocks)
    if not looks_like_spec(data):
        return None
    outputs = check_names(data["outputs"], ("outputs",), scope, collector) if "outputs" in data else ()
    defaults = _defaults(data, inputs, sizes, axes, constants)
    all_sizes = {**sizes, **defaults}
    check_volume(inputs, all_sizes, collector)
    constants.check_expressions(all_sizes)
    return ModelSpec(
        name=_name(data, collector) or _stem(file),
        description=_text(data, "description", collector),
        inputs=axes.inputs,
        steps=steps,
        sizes={symbol: all_sizes[symbol] for symbol in inputs.symbols},
        defaults=defaults,
        time_axis=axes.time_axis,
        batch_axis=axes.batch_axis,
        vars={name: tuple(v) if isinstance(v, list) else v for name, v in vars.items()},
        blocks={name: block.path for name, block in blocks.items()},
        outputs=outputs,
        expect=parse_expect(data.get("expect"), outputs, scope, constants),
        notes=axes.notes,
    )


def _set_names(constants: Constants, inputs: Inputs, axes: Axes) -> None:
    """Tell the reader of constants which sizes there are, and which of them only the run knows."""
    constants.symbols = inputs.symbols
    constants.time = axes.clocks
    placed = [(one, one.batch_axis) for one in axes.inputs]
    constants.batch = frozenset(
        entry for one, axis in placed if axis is not None and isinstance(entry := one.shape[axis], str)
    )
    for name in sorted(symbol for symbol in constants.symbols if symbol in constants.vars):
        message = f"`{shorten(name)}` is both a var and a symbol of an input's shape"
        constants.collector.add("TD007", message, ("vars", name), on_key=True, help="rename one of them")


def _steps(
    data: Mapping[str, object], inputs: Inputs, constants: Constants, blocks: Mapping[str, Definition]
) -> tuple[Scope, tuple[Step, ...]]:
    """The root scope with everything that the steps define, and the steps."""
    collector = constants.collector
    items = data.get("layers")
    steps: list[object] = items if isinstance(items, list) else []
    scope = Scope([*(one.name for one in inputs.inputs), *names_given(steps)])
    for one in inputs.inputs:
        scope.define(one.name, Entry("input"))
    scope.last = inputs.inputs[0].name if len(inputs.inputs) == 1 else None
    if "layers" not in data:
        collector.add("TD003", "the list of steps, `layers`, is missing", (), help="layers:\n  - Linear: 10")
    elif not steps:
        help = f"layers: [{shorten(items)}]" if isinstance(items, str) else "layers:\n  - Linear: 10"
        if isinstance(items, Mapping):
            space = ", and a space behind it" if any(key.startswith("-") for key in items) else ""
            help = f"a dash before each step{space}:\n  - Linear: 10"
        collector.wrong("a list of steps", items, ("layers",), help=help)
    elif len(inputs.inputs) > 1 and not says_from(steps[0]):
        names = enumeration([one.name for one in inputs.inputs])
        message = f"the spec has several inputs ({names}), so the first step must say which it takes"
        collector.add("TD003", message, ("layers", 0), on_key=True, help=f"from: {shorten(inputs.inputs[0].name)}")
    reader = StepReader(constants, blocks)
    found = reader.steps(steps, ("layers",), scope) if reader.totals.fit(steps, ("layers",)) else ()
    reader.read_unused(scope)
    return scope, found


def _defaults(
    data: Mapping[str, object], inputs: Inputs, sizes: Mapping[str, int], axes: Axes, constants: Constants
) -> dict[str, int]:
    if all(symbol in sizes for symbol in inputs.symbols):
        return {}
    axes_taken = {entry for one in inputs.inputs for entry in one.shape if isinstance(entry, int)}
    written = set(constants.computed)
    for value in (data.get("vars"), data.get("blocks"), data.get("layers"), dict(constants.vars)):
        written.update(whole_numbers(value))
    return default_sizes(inputs, sizes, axes.clocks, axes_taken, written)


def _name(data: Mapping[str, object], collector: Collector) -> str | None:
    name = _text(data, "name", collector)
    if name is None or (name.isprintable() and not too_long(name, ("name",), collector)):
        return name
    if name.isprintable():
        return None
    collector.add("TD003", f"the name `{shorten(name)}` has a character that cannot be shown", ("name",))
    return None


def _text(data: Mapping[str, object], key: str, collector: Collector) -> str | None:
    value = data.get(key)
    if value is None or (isinstance(value, str) and value.strip()):
        return value
    collector.wrong("a text", value, (key,), help=f'in quotes: "{value}"' if isinstance(value, int | float) else None)
    return None


def _stem(file: str) -> str:
    return "stdin" if file == "-" else PurePath(file).stem or file
