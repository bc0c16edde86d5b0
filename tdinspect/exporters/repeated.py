"""Chains and copies: what an ``nn.Sequential`` or an ``nn.ModuleList`` holds."""

from __future__ import annotations

from dataclasses import replace

from tdinspect.building.wiring import Flow
from tdinspect.domain.spec import Container, Layer, Repeat, Step
from tdinspect.domain.trace import TensorInfo
from tdinspect.domain.tree import Tree, first, map_tree
from tdinspect.exporters.classes import ClassUse, slot
from tdinspect.exporters.code import (
    Code,
    Copies,
    Group,
    Item,
    Join,
    New,
    Ref,
    Shape,
    Slot,
    Text,
    Value,
    Writer,
    call,
    parts_of,
)
from tdinspect.exporters.constants import literal
from tdinspect.exporters.instances import Sizes, class_of
from tdinspect.exporters.layers import layer_code
from tdinspect.exporters.statements import Assign
from tdinspect.exporters.walk import Spot, Walk
from tdinspect.exporters.writing import code_of


def chain(walk: Walk, step: Step, entering: Value, spot: Spot) -> tuple[Code, TensorInfo]:
    """A chain of layers as ``nn.Sequential``, a single one as itself; and what it gives."""
    container = step.operation
    assert isinstance(container, Container)
    inside = Spot(f"{spot.prefix}{step.name}.", spot.writing)
    items: list[Item] = []
    value: Value = entering
    for inner in container.steps:
        code, result = element(walk, inner, Flow((value,)), inside)
        found = first(result)
        info = found.info if isinstance(found, Value) else found
        assert isinstance(info, TensorInfo)
        items.append(Item(code, shape=Shape(info.symbols(walk.seen.sizes))))
        value = Value("x", info=info)
    assert value.info is not None
    if len(items) == 1:
        return items[0].code, value.info
    return Group(Text("nn.Sequential"), tuple(items), open_=True), value.info


def element(walk: Walk, step: Step, flow: Flow, spot: Spot) -> tuple[Code, Tree]:
    """A layer, a class or a chain as one element of a list of modules; and the infos of what it gives."""
    full = spot.prefix + step.name
    walk.steps[full] = step
    operation, place = step.operation, walk.place(spot, step)
    if isinstance(operation, Layer):
        leaf = walk.seen.leaves[full]
        assert leaf.layer is not None
        code: Code = layer_code(leaf.layer, walk.imports)
        result, learns = leaf.value, leaf.learns
    else:
        learns = walk.learns(full)
        if place.form == "class":
            use, values, extra = class_of(walk, step, flow, spot)
            if extra and place.chain:
                walk.refuse(step, f"it must be told the size of {extra[0][0]}")
            code, result = New(use), map_tree(lambda value: value.info, values)
        elif isinstance(operation, Repeat):
            code, result = copied(walk, step, flow, spot)
        else:
            code, result = chain(walk, step, flow.args[0], spot)
    if step.trainable is False and learns:
        code = call(Join((code, Text(".requires_grad_"))), Text("False"))
    return code, result


def copied(walk: Walk, step: Step, flow: Flow, spot: Spot) -> tuple[Code, Tree]:
    """All copies as one list of modules, and what the last gives."""
    repeat = step.operation
    assert isinstance(repeat, Repeat)
    inside = Spot(f"{spot.prefix}{step.name}.", spot.writing)
    codes: list[Code] = []
    shapes: list[Shape | None] = []
    result: Tree = None
    for copy in repeat.steps:
        code, result = element(walk, copy, flow, inside)
        flow = _next(flow, map_tree(lambda info: Value("x", info=info), first(result)))
        info = first(result)
        codes.append(code)
        shapes.append(Shape(info.symbols(walk.seen.sizes)) if isinstance(info, TensorInfo) else None)
    single = len(flow.args) == 1 and not flow.kwargs
    holder = "nn.Sequential" if single and walk.place(spot, step).chain else "nn.ModuleList"
    if len(codes) > 1 and len({_text(code) for code in codes}) == 1:
        alike: Code = Copies(codes[0], slot(len(codes), "copies"))
        if holder == "nn.ModuleList":
            alike = Copies(codes[0], slot(len(codes), "copies"), ("[", "]"))
        return call(holder, alike), result
    items = tuple(Item(code, shape=shape) for code, shape in zip(codes, shapes, strict=True))
    if holder == "nn.ModuleList":
        return call(holder, Group(Text(""), items, "[]", open_=len(items) > 1)), result
    return Group(Text(holder), items, open_=len(items) > 1), result


def _next(flow: Flow, value: Tree) -> Flow:
    if flow.args:
        return Flow((value, *flow.args[1:]), flow.kwargs)
    keyword = next(iter(flow.kwargs))
    return Flow((), {**flow.kwargs, keyword: value})


def _text(code: Code) -> str:
    """The same for elements that are alike in everything."""

    def leaf(part: Ref | Slot) -> str:
        return part.text if isinstance(part, Slot) else "?"

    def new(part: New) -> Code:
        assert isinstance(part.use, ClassUse)
        inner = [p for p in part.use.parts() if not isinstance(p, Shape)]
        items = tuple(Item(p if isinstance(p, New | Slot) else Text("")) for p in inner)
        return Group(Text(f"<{id(part.use.group)}>"), items)

    return Writer(leaf, new, lambda shape: None).flat(code)


def copies(walk: Walk, step: Step, flow: Flow, spot: Spot) -> Tree:
    """Copies in a row: one call where each takes one tensor, else a loop over them."""
    place, w = walk.place(spot, step), spot.writing
    if place.chain and len(flow.args) == 1 and not flow.kwargs:
        code, infos = copied(walk, step, flow, spot)
        walk.keep(place, step, code, spot)
        values = walk.values(replace(step, parts=None), first(infos))
        w.say(Assign(values, Group(Text(w.own(place.path)), (Item(code_of(flow.args[0])),)), loose=True))
        return values
    return _looped(walk, step, flow, spot)


def _looped(walk: Walk, step: Step, flow: Flow, spot: Spot) -> Tree:
    repeat, place, w = step.operation, walk.place(spot, step), spot.writing
    assert isinstance(repeat, Repeat)
    copy = repeat.steps[0]
    code, infos = copied(walk, step, flow, spot)
    walk.keep(place, step, code, spot)
    entering = flow.args[0] if flow.args else next(iter(flow.kwargs.values()))
    if not isinstance(entering, Value):
        walk.refuse(step, "its copies hand on more than one tensor")
    carried = w.let(Value(step.name, info=entering.info), Ref(entering))
    flow = _next(flow, carried)
    made = walk.values(step, infos)
    carried.hint, carried.named = first(made).hint, first(made).named
    carried.shape = first(made).shape
    result = (carried, *made[1:]) if isinstance(made, tuple) else carried
    module = Value("layer", True, kind="item")
    with w.loop(module, Text(w.own(place.path))):
        items = [Item(code_of(arg)) for arg in flow.args]
        names = not isinstance(copy.operation, Container)
        items += [Item(code_of(arg), walk.keyword(copy, name) if names else None) for name, arg in flow.kwargs.items()]
        items += [Item(Text(literal(value)), walk.keyword(copy, name)) for name, value in copy.call.items()]
        items += [Item(Ref(w.size(symbol)), name) for symbol, name in _extra(walk, step, code)]
        w.say(Assign(result, Group(Ref(module), tuple(items)), loose=True))
    return result


def _extra(walk: Walk, step: Step, code: Code) -> Sizes:
    """The sizes that each copy must be told: those of the class that they all are."""
    uses = [part.use for part in parts_of(code) if isinstance(part, New)]
    told = {use.sizes for use in uses if isinstance(use, ClassUse)}
    if len(told) > 1:
        walk.refuse(step, "its copies must be told different sizes")
    return next(iter(told), ())
