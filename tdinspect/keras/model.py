"""The story: a Keras model's file, its graph, two walks over it, a spec."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tdinspect.domain.finding import Finding
from tdinspect.keras.convert import Walk, ended
from tdinspect.keras.facts import Facts, open_size, symbols
from tdinspect.keras.graph import Graph, read_graph, twins
from tdinspect.keras.implied import TooSmall, unsupported
from tdinspect.keras.reading import ModelFile
from tdinspect.keras.refused import Refused
from tdinspect.keras.rows import KerasRow
from tdinspect.keras.shapes import Dim, Shape, keras_shape
from tdinspect.keras.steps import Layout, Scope, Step, Value, channels_second, identifier, keras_layout
from tdinspect.keras.writing import Draft, Input, spec_text

_MOST_PARAMS = 10**15
_LARGEST = 64  # times an open size is doubled at most, as a factor
_WHOLE = frozenset(("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"))


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a Keras model. ``text`` is None where something could not be carried over; ``findings`` say what.

    ``rows``: what the file implies of each layer. ``steps`` and ``blocks`` say where the weights go to. ``inputs`` and
    ``outputs``: their names in the spec, and the axes of Keras's that theirs are, in order.
    """

    name: str
    text: str | None
    rows: tuple[KerasRow, ...]
    findings: tuple[Finding, ...]
    graph: Graph | None = None
    steps: tuple[Step, ...] = ()
    blocks: Mapping[str, tuple[Step, ...]] = field(default_factory=dict)
    inputs: Mapping[str, Layout] = field(default_factory=dict)
    outputs: Mapping[str, Layout] = field(default_factory=dict)

    @property
    def keras_params(self) -> int:
        """All parameters, as Keras counts them."""
        return sum(row.params for row in self.rows if not row.container)


def import_model(file: ModelFile) -> Imported:
    """Turn a Keras model into a spec; every mistake at once."""
    try:
        graph = read_graph(file.class_name, file.config, file.keras)
    except Refused as error:
        return Imported("", None, (), (error.finding,))
    name = identifier(graph.name)
    try:
        inputs = _inputs(graph)
    except Refused as error:
        return Imported(name, None, (), (error.finding,))
    scale = 1
    while True:
        try:
            return _imported(graph, file, inputs, scale)
        except TooSmall:
            scale *= 2
            if scale > _LARGEST:
                finding = Finding("TD003", "its open sizes cannot be chosen so that something is left of every axis")
                return Imported(name, None, (), (finding,))


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    shape: tuple[int | None, ...]
    dtype: str


def _inputs(graph: Graph) -> tuple[_Entry, ...]:
    """The inputs, by the names that the spec has for them. Raises Refused."""
    entries: list[_Entry] = []
    for ref in graph.inputs:
        conf = graph.layers.get(ref.layer)
        if conf is None:
            raise Refused(f"the model's input {ref.layer!r} is no layer", "TD006")
        shape = conf.data.get("batch_shape", conf.data.get("batch_input_shape"))
        sizes = shape if isinstance(shape, list) else []
        if not 1 <= len(sizes) <= 16 or not all(n is None or (type(n) is int and 0 < n <= 2**40) for n in sizes):
            raise Refused(f"the shape of the input {ref.layer!r} must be a list of sizes and nulls, the batch first")
        dtype = conf.data.get("dtype")
        name = "input" if len(graph.inputs) == 1 else identifier(ref.layer)
        if any(entry.name == name for entry in entries):
            raise Refused(f"two inputs are called {name!r}", "TD007")
        entries.append(_Entry(name, tuple(sizes), dtype if isinstance(dtype, str) else "float32"))
    batches = {entry.shape[0] for entry in entries} - {None}
    if len(batches) > 1:
        raise Refused(f"its inputs have batches of {' and '.join(map(str, sorted(batches, key=str)))}")
    return tuple(replace(entry, shape=(next(iter(batches), None), *entry.shape[1:])) for entry in entries)


def _imported(graph: Graph, file: ModelFile, inputs: tuple[_Entry, ...], scale: int) -> Imported:
    """Two walks: the first finds out what the inputs are read as. Raises TooSmall."""
    dims = _dims(inputs, scale, {})
    first, _, _ = _walk(graph, inputs, dims, Facts(), {source: source for source in dims})
    told = symbols(first.learned, dims, [entry.name for entry in inputs])
    dims = _dims(inputs, scale, told)
    walk, scope, outputs = _walk(graph, inputs, dims, first.learned, told)
    unknown = tuple(unsupported(graph))  # all of them, also those that the walk did not reach
    errors = tuple(f for f in walk.findings if f.level != "warning" and not (unknown and f.code == "TD004"))
    warnings = _grouped([finding for finding in walk.findings if finding.level == "warning"])
    if sum(row.params for row in walk.rows if not row.container) > _MOST_PARAMS:
        errors += (Finding("TD008", f"more than {_MOST_PARAMS:,} parameters"),)
    if unknown or errors:
        return Imported(identifier(graph.name), None, tuple(walk.rows), (*unknown, *errors, *warnings), graph)
    learning = {row.name for row in walk.rows if row.params}
    warnings += _grouped([_twin(place) for place in twins(graph) if place in learning])
    walk.findings = list(warnings)
    text = spec_text(_draft(graph, file, inputs, dims, walk, scope, outputs, told))
    blocks = {block.name: tuple(block.steps) for block in walk.blocks}
    return Imported(
        name=identifier(graph.name),
        text=text,
        rows=tuple(walk.rows),
        findings=warnings,
        graph=graph,
        steps=tuple(scope.steps),
        blocks=blocks,
        inputs={entry.name: _layout(entry, walk) for entry in inputs},
        outputs={value.ref: value.layout for value in outputs},
    )


def _twin(place: str) -> Finding:
    message = (
        f"{place}: another has its name and settings; if they are one layer, the file does not say so: two are counted"
    )
    return Finding("TD003", message, tuple(place.split("/")), level="warning")


def _grouped(warnings: Sequence[Finding]) -> tuple[Finding, ...]:
    """One for all the layers of which the same is said."""
    same: dict[str, list[Finding]] = {}
    for finding in warnings:
        same.setdefault(finding.message.partition(": ")[2], []).append(finding)
    grouped = []
    for said, found in same.items():
        names = _listed([finding.message.partition(": ")[0] for finding in found])
        grouped.append(replace(found[0], message=f"{names}: {said}", path=found[0].path if len(found) == 1 else ()))
    return tuple(grouped)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 4 else f"{', '.join(names[:3])} and {len(names) - 3} more"


def _layout(entry: _Entry, walk: Walk) -> Layout:
    return walk.facts.layouts.get(entry.name, keras_layout(len(entry.shape)))


def _dims(inputs: Sequence[_Entry], scale: int, told: Mapping[str, str]) -> dict[str, Dim]:
    """Every axis of every input, by its source; the batch is of two, unless the file says otherwise."""
    found = {}
    for entry in inputs:
        for axis, size in enumerate(entry.shape):
            source = f"{entry.name}:{axis}"
            guess = 2 if axis == 0 else open_size(told.get(source, "T" if len(entry.shape) <= 3 else "H"), scale)
            found[source] = Dim(guess if size is None else size, size is None, source, source)
    return found


def _walk(
    graph: Graph, inputs: Sequence[_Entry], dims: Mapping[str, Dim], facts: Facts, told: Mapping[str, str]
) -> tuple[Walk, Scope, list[Value]]:
    walk = Walk(facts, symbols=told)
    scope = Scope(names={entry.name for entry in inputs})
    values = []
    for entry in inputs:
        shape = tuple(dims[f"{entry.name}:{axis}"] for axis in range(len(entry.shape)))
        values.append(Value(entry.name, shape, _layout(entry, walk), entry.name))
    try:
        made = walk.graph(graph, scope, "", values, graph.trainable)
    except Refused as error:
        walk.refuse(error, graph.name)
        made = []
    outputs = [_given_back(scope, value) for value in made if value is not None]
    if len(outputs) < len(made) and not walk.findings:
        walk.refuse(Refused("an output of the model is given by no layer", "TD006"), graph.name)
    return walk, scope, ended(scope, outputs)


def _given_back(scope: Scope, value: Value) -> Value:
    """Sequences as Keras has them; images stay channels-first, as PyTorch has them."""
    rank = len(value.shape)
    if value.layout == keras_layout(rank) or (rank >= 4 and value.layout in (channels_second(rank), _per_step(rank))):
        return value
    layout = keras_layout(rank)
    name = scope.name(f"{value.ref}_output")
    scope.add(Step("permute", {"dims": [value.layout.index(axis) for axis in layout]}, name, value.ref))
    return replace(value, ref=name, layout=layout)


def _per_step(rank: int) -> Layout:
    return (0, 1, rank - 1, *range(2, rank - 1))


def _draft(
    graph: Graph, file: ModelFile, inputs: Sequence[_Entry], dims: Mapping[str, Dim], walk: Walk, scope: Scope,
    outputs: Sequence[Value], told: Mapping[str, str],
) -> Draft:  # fmt: skip
    sizes = {symbol: dims[source].size for source, symbol in told.items()}
    sizes = {"B": dims[f"{inputs[0].name}:0"].size, **sizes}
    times = walk.facts.times([entry.name for entry in inputs])
    names = {f"{entry.name}:0": "B" for entry in inputs} | dict(told)
    drafts = tuple(_input(entry, dims, walk, names) for entry in inputs)
    shapes = {value.ref: _written(value, names) for value in outputs}
    expect: dict[str, object] = {"output": shapes if len(outputs) > 1 else next(iter(shapes.values()), [])}
    expect["keras_params"] = sum(row.counted for row in walk.rows if not row.container)
    turned = [value for value in outputs if value.layout != keras_layout(len(value.shape))]
    note = f"Keras has {_told(turned[0].shape)}" if turned else None
    return Draft(
        name=_clean(graph.name),
        head=_head(file, walk.findings, bool(turned) or any(one.note for one in drafts)),
        inputs=drafts,
        sizes=sizes,
        times=tuple(dict.fromkeys(told[source] for source in times if source in told)),
        blocks=walk.blocks,
        steps=scope.steps,
        outputs=tuple(value.ref for value in outputs) if len(outputs) > 1 else (),
        expect=expect,
        output_note=note,
    )


def _clean(name: str) -> str:
    """The model's name on one line that can be shown."""
    shown = "".join(char for char in name if char.isprintable())[:80].strip()
    return shown or "model"


def _head(file: ModelFile, findings: Sequence[Finding], turned: bool) -> tuple[str, ...]:
    version = f" {_clean(file.version)}" if file.version else f" {file.keras}"
    lines = [f"From a Keras{version} model, by tdinspect import."]
    if turned:
        lines.append("Images are channels-first, as PyTorch has them; a permute stands where Keras's order matters.")
    if findings:
        lines += ["", "Not carried over:"]
        lines += [f"- {_clean_line(finding.message)}" for finding in findings]
    return tuple(lines)


def _clean_line(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def _input(entry: _Entry, dims: Mapping[str, Dim], walk: Walk, names: Mapping[str, str]) -> Input:
    rank, layout = len(entry.shape), _layout(entry, walk)
    shape: list[int | str] = []
    for axis in layout:
        source = f"{entry.name}:{axis}"
        shape.append(names.get(source, dims[source].size))
    high = walk.facts.high.get(entry.name)
    dtype = "int64" if high is not None or entry.dtype in _WHOLE else "bool" if entry.dtype == "bool" else None
    own = tuple(dims[f"{entry.name}:{axis}"] for axis in range(rank))
    note = None if layout == keras_layout(rank) else f"Keras has {_told(own)}"
    return Input(entry.name, tuple(shape), dtype, high, note)


def _told(shape: Shape) -> str:
    return f"({', '.join(str(size) for size in keras_shape(shape))})"


def _written(value: Value, names: Mapping[str, str]) -> list[int | str]:
    """An output's shape for `expect`: symbols where an axis is still an input's, numbers where Keras has them."""
    found: list[int | str] = []
    for axis in value.layout:
        dim = value.shape[axis]
        found.append(names.get(dim.source or "", "_" if dim.open else dim.size))
    return found
