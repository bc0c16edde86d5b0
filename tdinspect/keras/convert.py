"""A Keras model's graph as the steps of a spec."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tdinspect.domain.finding import Finding
from tdinspect.keras.conf import Conf
from tdinspect.keras.facts import Facts
from tdinspect.keras.graph import Graph
from tdinspect.keras.implied import WRAPPER, check_sizes, kind_of, per_step, shapes_of, weights_of
from tdinspect.keras.kind import Kind, Use
from tdinspect.keras.nodes import Call, Ref
from tdinspect.keras.refused import Refused
from tdinspect.keras.rows import KerasRow
from tdinspect.keras.shapes import Shape, keras_shape
from tdinspect.keras.steps import Block, Layout, Scope, Step, Value, channels_second, class_name, keras_layout


@dataclass(slots=True)
class Walk:
    """One walk over a model: what it has made so far, and what it has seen."""

    facts: Facts
    learned: Facts = field(default_factory=Facts)
    symbols: Mapping[str, str] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
    rows: list[KerasRow] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    shared: dict[tuple[str, str], tuple[str, object]] = field(default_factory=dict)
    counted: set[str] = field(default_factory=set)
    models: dict[tuple[object, ...], tuple[str, tuple[Value, ...]]] = field(default_factory=dict)

    def asked(self, value: Value, layout: Layout, scope: Scope) -> None:
        """The first reader of an input settles its layout: images become channels-first, sequences stay."""
        if value.origin is None or value.origin in self.learned.layouts:
            return
        rank, outer = len(layout), len(scope.outer)
        wanted = layout if rank >= 4 and layout == channels_second(rank) else keras_layout(rank)
        self.learned.layouts[value.origin] = (*range(outer + 1), *(axis + outer for axis in wanted[1:]))

    def graph(
        self, graph: Graph, scope: Scope, owner: str, values: Sequence[Value], trainable: bool
    ) -> list[Value | None]:
        """The steps of a model in this scope; its outputs, None where a mistake stands before one."""
        table: dict[tuple[str, int, int], Value] = {
            (ref.layer, 0, ref.index): value for ref, value in zip(graph.inputs, values, strict=True)
        }
        for call in graph.calls:
            conf = graph.layers[call.layer]
            if conf.class_name == "InputLayer":
                continue
            place = f"{owner}{conf.name}"
            try:
                made = self._call(call, conf, scope, place, table, trainable)
            except Refused as error:
                self.refuse(error, place)
                continue
            table.update({(call.layer, call.number, i): value for i, value in enumerate(made) if value is not None})
        return [table.get((ref.layer, ref.call, ref.index)) for ref in graph.outputs]

    def _call(
        self,
        call: Call,
        conf: Conf,
        scope: Scope,
        place: str,
        table: Mapping[tuple[str, int, int], Value],
        trainable: bool,
    ) -> Sequence[Value | None]:
        inputs = [_looked_up(ref, table) for ref in call.inputs]
        keywords = {key: _keyword(value, table) for key, value in call.keywords.items()}
        whole = [value for value in inputs if value is not None]
        wanted = [keywords[key] for key, value in call.keywords.items() if isinstance(value, Ref | tuple)]
        if len(whole) < len(inputs) or any(v is None or (isinstance(v, list) and None in v) for v in wanted):
            return ()  # it stands behind a layer that was refused
        if call.masked:
            self.warn("the mask that comes along is left out: masked steps are read like any other", place)
        return self.layer(conf, scope, place, whole, keywords, trainable)

    def layer(
        self, conf: Conf, scope: Scope, owner: str, values: list[Value], keywords: Mapping[str, object], trainable: bool
    ) -> Sequence[Value | None]:
        """One call of one layer. Raises Refused where not even the shape behind it is known."""
        kind = kind_of(conf)
        named = {key: value for key, value in keywords.items() if key in kind.keywords and value is not None}
        shapes = [value.shape for value in values]
        _check_count(conf, kind.inputs, len(values))
        outputs = shapes_of(conf, shapes, named)
        check_sizes(conf, outputs)
        use = Use(
            self, scope, conf, owner, values, named, outputs, trainable and conf.data.get("trainable") is not False
        )
        for key, said in kind.left_out.items():
            if conf.given(key):
                self.warn(f"`{key}` of {conf.class_name} is left out: {said}", owner)
        self._unusual(conf, owner)
        first = len(self.rows)
        row = self._row(use, shapes)
        self.rows.append(row)
        made: Sequence[Value]
        try:
            strange = [key for key, value in keywords.items() if _matters(key, value) and key not in kind.keywords]
            if strange:
                raise Refused(f"{conf.class_name} is called with `{strange[0]}`, which cannot be carried over")
            made = self._converted(kind, use)
        except Refused as error:
            self.refuse(error, owner)
            made = [Value("?", shape, keras_layout(len(shape))) for shape in outputs]
        self.rows[first] = replace(
            row,
            steps=tuple(use.made),
            refs=tuple((f"{scope.place}{value.ref}", value.layout) for value in made),
            container=len(self.rows) > first + 1,
        )
        return made

    def _unusual(self, conf: Conf, owner: str) -> None:
        """What any layer may have, and a spec has not. Raises Refused for further weights."""
        if conf.given("lora_rank") or conf.given("quantization_config"):
            raise Refused(f"{conf.class_name} with further weights (`lora_rank` or `quantization_config`)")
        policy = conf.data.get("dtype")
        inner = policy.get("config") if isinstance(policy, Mapping) else {"name": policy}
        name = inner.get("name") if isinstance(inner, Mapping) else None
        if isinstance(name, str) and ("float16" in name or "float64" in name):
            self.warn(f"`dtype` is {name[:40]}: the spec computes in float32", owner)

    def _converted(self, kind: Kind, use: Use) -> Sequence[Value]:
        graph = use.conf.extra.get("graph")
        if isinstance(graph, Graph):
            return self._nested(use, graph)
        return self._distributed(use) if use.conf.class_name == WRAPPER else kind.convert(use)

    def _distributed(self, use: Use) -> Sequence[Value]:
        """A TimeDistributed and what stands inside; where the spec cannot tell its time axis, it is given."""
        inner, _, time = per_step(use.conf, [value.shape for value in use.values])
        value = use.value
        if value.layout[:2] != (0, 1):
            value = use.plain(value)
        if not use.scope.outer:
            self.learned.clock(time)
        name = use.scope.name(use.conf.name)
        inside = Scope(f"{use.scope.place}{name}.", names={"input"}, outer=(*use.scope.outer, time))
        layout = (0, *(axis - 1 for axis in value.layout[2:]))
        step = Value("input", (value.shape[0], *value.shape[2:]), layout, value.origin)
        made = self.layer(inner, inside, f"{use.owner}/{inner.name}", [step], {}, use.trainable)
        outputs = ended(inside, [made_one for made_one in made if made_one is not None])
        if len(outputs) != 1:
            raise Refused(f"TimeDistributed around {inner.class_name}, which gives {len(outputs)} tensors")
        clear = not use.scope.outer and self.symbols.get(time.source or "") is not None
        options = {} if clear else {"time_axis": 1}
        use.put(Step(WRAPPER, options, name, value.ref, steps=inside.steps, owner=use.owner))
        out = outputs[0]
        return [use.give(name, (0, 1, *(axis + 1 for axis in out.layout[1:])), origin=out.origin)]

    def _row(self, use: Use, shapes: Sequence[Shape]) -> KerasRow:
        weights = weights_of(use.conf, shapes)
        new = use.owner not in self.counted
        self.counted.add(use.owner)
        outer = len(use.scope.outer)
        return KerasRow(
            name=use.owner,
            type=use.conf.class_name,
            shapes=tuple((shape[0], *use.scope.outer, *shape[1:]) for shape in use.outputs),
            outer=outer,
            weights=weights if new else (),
            shared=not new,
            frozen=not use.trainable,
        )

    def refuse(self, error: Refused, owner: str) -> None:
        """Keep the finding of a layer, with its place."""
        path = tuple(owner.split("/"))
        finding = replace(error.finding, path=path)
        if finding.message.startswith(("it ", "its ")):
            finding = replace(finding, message=f"{path[-1]}: {finding.message}")
        if finding not in self.findings:
            self.findings.append(finding)

    def warn(self, message: str, owner: str) -> None:
        """What the spec leaves out, and the outputs in eval mode do not show."""
        finding = Finding("TD003", f"{owner.split('/')[-1]}: {message}", tuple(owner.split("/")), level="warning")
        if finding not in self.findings:
            self.findings.append(finding)

    def _nested(self, use: Use, graph: Graph) -> Sequence[Value]:
        """A model inside the model: a block, and its use; a second use shares it where the same comes in."""
        values = use.values
        key = (use.owner, *((value.layout, self._told(value.shape)) for value in values))
        known = self.models.get(key)
        name = use.scope.name(use.conf.name)
        place = f"{use.scope.place}{name}"
        if known is None:
            block, inner = self._block(use, graph, place)
            op, args = block.name, ""
            self.models[key] = (place, inner)
        else:
            (first, inner), op = known, "share"
            args = use.scope.path(first)
        step = Step(
            op,
            args or None,
            name,
            [value.ref for value in values] if len(values) > 1 else values[0].ref,
            owner=use.owner,
        )
        refs = [name]
        if len(inner) > 1:
            refs = [use.scope.name(f"{name}_{value.ref}") for value in inner]
            step.parts = refs
        use.put(step)
        return [
            Value(ref, use.outputs[i], value.layout) for i, (ref, value) in enumerate(zip(refs, inner, strict=True))
        ]

    def _told(self, shape: Shape) -> tuple[object, ...]:
        """What a block depends on in a shape."""
        return tuple((dim.size, dim.open, self.symbols.get(dim.source or "")) for dim in shape)

    def _block(self, use: Use, graph: Graph, place: str) -> tuple[Block, tuple[Value, ...]]:
        one = len(use.values) == 1
        scope = Scope(f"{place}.", outer=use.scope.outer)
        names = [scope.name("input" if one else ref.layer) for ref in graph.inputs]
        inside = [replace(value, ref=name) for value, name in zip(use.values, names, strict=True)]
        outputs = self.graph(graph, scope, f"{use.owner}/", inside, use.trainable and graph.trainable)
        if any(value is None for value in outputs):
            raise Refused("something in it cannot be carried over", code="TD004")
        whole = tuple(ended(scope, [value for value in outputs if value is not None]))
        block = Block(self._block_name(use.conf.name), tuple(names), tuple(value.ref for value in whole), scope.steps)
        self.blocks.append(block)
        return block, whole

    def _block_name(self, wanted: str) -> str:
        base = name = class_name(wanted)
        number = 1
        while any(block.name == name for block in self.blocks):
            number += 1
            name = f"{base.removesuffix('Model')}{number}Model"
        return name


def ended(scope: Scope, values: Sequence[Value]) -> list[Value]:
    """The outputs as names of steps, each once, the last step where there is one: an Identity where it is not so."""
    seen: set[str] = set()
    result = []
    steps = {step.name for step in scope.steps} | {part for step in scope.steps for part in _parts(step.parts)}
    for value in values:
        last = len(values) > 1 or (bool(scope.steps) and scope.steps[-1].name == value.ref)
        if value.ref in seen or value.ref not in steps or not last:
            name = scope.name(f"{value.ref}_output" if value.ref in steps else "output")
            scope.add(Step("Identity", None, name, value.ref))
            value = replace(value, ref=name)
        seen.add(value.ref)
        result.append(value)
    return result


def _parts(parts: object) -> list[str]:
    if isinstance(parts, list):
        return [name for part in parts for name in _parts(part)]
    return [parts] if isinstance(parts, str) else []


def _keyword(value: object, table: Mapping[tuple[str, int, int], Value]) -> object:
    """A tensor, several, or a constant as it is."""
    if isinstance(value, tuple):
        return [_looked_up(ref, table) for ref in value]
    return _looked_up(value, table) if isinstance(value, Ref) else value


def _looked_up(ref: Ref, table: Mapping[tuple[str, int, int], Value]) -> Value | None:
    """The tensor; what an inner model leaves open, the call of the model may know. Raises Refused."""
    value = table.get((ref.layer, ref.call, ref.index))
    if value is not None and ref.shape is not None:
        mine = keras_shape(value.shape)
        same = [theirs in (None, size) for theirs, size in zip(ref.shape[1:], mine[1:], strict=False)]
        if len(ref.shape) != len(mine) or not all(same):
            raise Refused(f"its input {ref.layer!r} is {ref.shape} in the file, and was worked out to be {mine}")
    return value


def _check_count(conf: Conf, allowed: tuple[int, int], count: int) -> None:
    least, most = allowed
    if not least <= count <= most:
        wanted = str(least) if least == most else f"at least {least}" if count < least else f"at most {most}"
        raise Refused(f"{conf.class_name} takes {wanted} tensor{'s' * (wanted != '1')}, and {count} come in")


def _matters(key: str, value: object) -> bool:
    """Whether a keyword of a call says something. ``training`` is for the call, not for the architecture."""
    if isinstance(value, list):
        return any(_matters(key, item) for item in value)
    return key != "training" and value is not None and value is not False


__all__ = ["Facts", "Walk", "ended"]
