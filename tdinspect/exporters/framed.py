"""TimeDistributed as code: folding and unfolding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tdinspect.building.wiring import Flow, Scope, enter, run_inside
from tdinspect.domain.spec import Container, Step
from tdinspect.domain.trace import TensorInfo
from tdinspect.domain.tree import Tree, first, leaves, map_tree
from tdinspect.exporters import repeated
from tdinspect.exporters.code import EMPTY, Code, Group, Item, Join, New, Ref, Shape, Text, Value, call, method
from tdinspect.exporters.instances import class_of
from tdinspect.exporters.statements import Append, Assign
from tdinspect.exporters.walk import Spot, Walk
from tdinspect.exporters.writing import Unfolded, tensors
from tdinspect.running.folding import Fold
from tdinspect.time_distributed.folding import folded_axes, unfolded_axes


def time_distributed(walk: Walk, step: Step, flow: Flow, scope: Scope | None, spot: Spot) -> Tree:
    """Fold, the steps, unfold: three kinds of lines."""
    frame = _Frame(walk, step, flow, spot)
    entering = mapped(flow, frame.folded)
    inner, entering = enter(step, entering, None)
    container = step.operation
    assert isinstance(container, Container)
    value = run_inside(container, inner, entering, walk.performer(spot.inside(step)))
    if step.parts is None:
        value = first(value)
    walk.export(step, inner, scope, lambda found: map_tree(frame.unfolded, found))
    return frame.named(value)


def whole(walk: Walk, step: Step, flow: Flow, spot: Spot) -> Tree:
    """A TimeDistributed around one module: a chain of layers, or a class."""
    frame = _Frame(walk, step, flow, spot)
    container, place = step.operation, walk.place(spot, step)
    assert isinstance(container, Container)
    several = len(tensors([flow.args, dict(flow.kwargs)])) != 1
    if place.form == "class":
        inside = mapped(flow, frame.folded_info)
        use, result, extra = class_of(walk, step, inside, spot)
        if several or extra:
            walk.refuse(step, f"mode: {container.options.get('mode')} with several inputs, or with sizes to read")
        code: Code = New(use)
        inner = first(result)
    else:
        code, info = repeated.chain(walk, step, frame.folded_info(frame.first), spot)
        inner = Value(step.name, info=info)
    attribute = Text(spot.writing.own(place.path))
    if walk.with_tdinspect:
        walk.imports.add("tdinspect")
        options: dict[str, object] = {"time_axis": frame.time, "batch_axis": frame.batch, **_mode(container)}
        usual = {"time_axis": 1, "batch_axis": 0}
        named = {
            k: Text(repr(v) if not isinstance(v, str) else f'"{v}"')
            for k, v in options.items()
            if usual.get(k, "") != v
        }
        walk.keep(place, step, call("TimeDistributed", code, **named, transparent=Text("True")), spot)
        result_info = frame.fold.outside(inner.info, walk.seen.sizes)
        return _let(walk, step, spot, Group(attribute, (Item(Ref(frame.first)),)), result_info)
    walk.keep(place, step, code, spot)
    if container.options.get("mode", "fold") != "fold":
        return _one_by_one(walk, step, frame, spot, attribute, inner.info)
    folded = frame.folded(frame.first)
    value = Value(step.name, info=inner.info, shape=Shape(inner.info.symbols(walk.seen.sizes)))
    spot.writing.let(value, Group(attribute, (Item(Ref(folded)),)), loose=True)
    return frame.named(value)


def _mode(container: Container) -> dict[str, object]:
    return {key: container.options[key] for key in ("mode", "chunk_size") if key in container.options}


def _let(walk: Walk, step: Step, spot: Spot, code: Code, info: TensorInfo) -> Tree:
    value = walk.values(replace(step, parts=None), info)
    spot.writing.say(Assign(value, code, loose=True))
    return value


def _one_by_one(walk: Walk, step: Step, frame: _Frame, spot: Spot, module: Code, info: TensorInfo) -> Tree:
    """Some steps a call, then one after another along time."""
    container, w = step.operation, spot.writing
    assert isinstance(container, Container)
    size = 1 if container.options["mode"] == "loop" else container.options.get("chunk_size", 1)
    x: Code = Ref(frame.first)
    axes = frame.axes(frame.first)
    in_front = tuple(range(len(axes)))
    if axes != in_front:
        x = _front(x, axes) if len(axes) > 1 else method(x, "movedim", Text(str(axes[0])), Text("0"))
    along = {"dim": Text("1")} if len(axes) > 1 else {}
    listed, part, value = Value("parts", kind="list"), Value("part", True), Value("y", info=info)
    w.let(listed, Text("[]"))
    with w.loop(part, call("torch.split", x, Text(str(size)), **along)):
        entering: Code = Ref(part)
        if frame.batch is not None:
            entering = Ref(w.let(Value("y"), method(entering, "flatten", Text("0"), Text("1"))))
        w.let(value, Group(module, (Item(entering),)), loose=True)
        if frame.batch is not None:
            lead = Join((Ref(part), Text(".shape[:2]")))
            value = w.let(Value("y"), call("torch.unflatten", Ref(value), Text("0"), lead))
        w.say(Append(listed, Ref(value)))
    code: Code = call("torch.cat", Ref(listed), **along)
    back = frame.back(info)
    if back == (1, 0):
        code = method(code, "transpose", Text("0"), Text("1"))
    elif back != in_front:
        ends = (str(in_front), str(back)) if len(back) > 1 else ("0", str(back[0]))
        code = method(code, "movedim", *map(Text, ends))
    return _let(walk, step, spot, code, frame.fold.outside(info, walk.seen.sizes))


def mapped(flow: Flow, change: Callable[[Value], Value]) -> Flow:
    """What enters, changed; a value that enters twice is changed once."""
    done: dict[int, Value] = {}

    def once(value: Value) -> Value:
        return done.setdefault(id(value), done.get(id(value)) or change(value))

    return Flow(map_tree(once, flow.args), map_tree(once, dict(flow.kwargs)))


class _Frame:
    """The axes that one TimeDistributed folds, and the statements that do it."""

    def __init__(self, walk: Walk, step: Step, flow: Flow, spot: Spot) -> None:
        self.walk, self.step, self.spot = walk, step, spot
        self.time, self.batch = walk.seen.folds[spot.prefix + step.name]
        self.first: Value = tensors([flow.args, dict(flow.kwargs)])[0]
        assert self.first.info is not None
        self.fold = Fold.of(self.first.info, self.time, self.batch)
        self.lead: tuple[Value, ...] | None = None

    def axes(self, value: Value) -> tuple[int, ...]:
        """The axes of a value that fold, the batch first."""
        assert value.info is not None
        return folded_axes(len(value.info.axes), self.time, self.batch)

    def back(self, info: TensorInfo) -> tuple[int, ...]:
        """Where the two axes go in what comes out."""
        count = len(info.axes) - 1 + len(self.fold.lead)
        return unfolded_axes(count, self.fold.ndim, self.time, self.batch)

    def folded_info(self, value: Value) -> Value:
        """What a value is inside, said by no statement."""
        assert value.info is not None
        info = self.fold.inside(value.info)
        return Value(value.hint, value.named, info, shape=Shape(info.symbols(self.walk.seen.sizes)))

    def folded(self, value: Value) -> Value:
        """``x.flatten(0, 1)``, the axes brought to the front first; nothing where the same were just unfolded."""
        w, axes = self.spot.writing, self.axes(value)
        before = w.unfolded.get(id(value))
        if before is not None and before.axes == axes:
            self.lead = self.lead or before.lead
            return before.folded
        if self.lead is None:
            self.lead = self._sizes()
        made = self.folded_info(value)
        made.named = False
        if axes == (0,):
            return value
        if len(axes) == 1:
            return w.let(made, method(Ref(value), "movedim", Text(str(axes[0])), Text("0")))
        return w.let(made, method(_front(Ref(value), axes), "flatten", Text("0"), Text("1")))

    def _sizes(self) -> tuple[Value, ...]:
        """The variables of the two sizes: those of symbols, or read here."""
        found = []
        for index, axis in zip(self.axes(self.first), self.fold.lead, strict=True):
            text = str(axis.size)
            if text.isidentifier() and self.spot.writing.told(text):
                found.append(self.spot.writing.size(text))
                continue
            value = Value("steps" if len(found) == len(self.fold.lead) - 1 else "batch", kind="int")
            code = Join((Ref(self.first), Text(f".shape[{index}]")))
            found.append(self.spot.writing.let(value, code))
        return tuple(found)

    def unfolded(self, value: Value) -> Value:
        """``y.unflatten(0, (B, T))``, the axes brought back where they were."""
        return self._unfold(value, Value(value.hint, value.named, self._outside(value)))

    def named(self, tree: Tree) -> Tree:
        """What comes out, under the names of the step."""
        infos = map_tree(self._outside, tree)
        made = leaves(self.walk.values(self.step, infos))
        return map_tree(lambda inner: self._unfold(inner, next(made)), tree)

    def _outside(self, value: Value) -> TensorInfo:
        assert value.info is not None
        return self.fold.outside(value.info, self.walk.seen.sizes)

    def _unfold(self, value: Value, made: Value) -> Value:
        assert value.info is not None
        if made.info is not None:
            made.shape = Shape(made.info.symbols(self.walk.seen.sizes))
        axes = self.back(value.info)
        if self.lead is None:
            self.lead = self._sizes()
        if axes == (0,):
            if not value.named:
                value.hint, value.named = made.hint, made.named
            return value
        if len(axes) == 1:
            code: Code = method(Ref(value), "movedim", Text("0"), Text(str(axes[0])))
            return self.spot.writing.let(made, code)
        sizes = Group(EMPTY, tuple(Item(Ref(size)) for size in self.lead))
        code = call("torch.unflatten", Ref(value), Text("0"), sizes)
        if axes == (1, 0):
            code = method(code, "transpose", Text("0"), Text("1"))
        elif axes != (0, 1):
            code = method(code, "movedim", Text("(0, 1)"), Text(str(axes)))
        self.spot.writing.unfolded[id(made)] = Unfolded(made, value, axes, self.lead)
        return self.spot.writing.let(made, code)


def _front(code: Code, axes: tuple[int, ...]) -> Code:
    if axes == (0, 1):
        return code
    if axes == (1, 0):
        return method(code, "transpose", Text("0"), Text("1"))
    return method(code, "movedim", Text(str(axes)), Text("(0, 1)"))
