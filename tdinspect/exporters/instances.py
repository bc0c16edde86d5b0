"""A container as a class of the exported file, and the calls of its instances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tdinspect.building.wiring import Flow, enter, run_inside
from tdinspect.domain.spec import Block, Container, Step
from tdinspect.domain.tree import Tree, first, map_tree
from tdinspect.exporters.classes import ClassUse
from tdinspect.exporters.code import Code, Group, Item, New, Ref, Text, Value
from tdinspect.exporters.identifiers import TAKEN, Taken, class_name, variable
from tdinspect.exporters.statements import Assign
from tdinspect.exporters.walk import Spot, Walk
from tdinspect.exporters.writing import Writing, code_of, tensors, type_of

Sizes = Sequence[tuple[str, str]]  # symbols, and the names of the arguments that tell them


def instance(walk: Walk, step: Step, flow: Flow, spot: Spot) -> Tree:
    """A container that is a class: one call of its instance."""
    place = walk.place(spot, step)
    use, result, extra = class_of(walk, step, flow, spot)
    walk.keep(place, step, New(use), spot)
    return _called(walk, step, flow, spot, Text(spot.writing.own(place.path)), result, extra)


def _called(walk: Walk, step: Step, flow: Flow, spot: Spot, head: Code, result: Tree, extra: Sizes) -> Tree:
    """The statement that calls an instance of a class of the file."""
    values = walk.values(step, map_tree(lambda v: v.info, result))
    args = [Item(code_of(arg)) for arg in (*flow.args, *flow.kwargs.values())]
    args += [Item(Ref(spot.writing.size(symbol)), name) for symbol, name in extra]
    spot.writing.say(Assign(values, Group(head, tuple(args)), loose=True))
    return values


def class_of(walk: Walk, step: Step, flow: Flow, spot: Spot) -> tuple[ClassUse, Tree, Sizes]:
    """A container written as a class: the class, what it gives, and the sizes that it must be told."""
    container, path = step.operation, walk.place(spot, step).path
    assert isinstance(container, Container)
    w = Writing(path)
    inside = Spot(spot.prefix, w)
    taken = Taken(TAKEN)
    wanted = list(container.inputs) if isinstance(container, Block) else []
    args = [_param(walk, w, taken, arg, wanted[i] if i < len(wanted) else "x", step) for i, arg in enumerate(flow.args)]
    kwargs = {name: _param(walk, w, taken, arg, name, step) for name, arg in flow.kwargs.items()}
    if not w.entering:
        walk.refuse(step, "nothing enters it")
    whole = container.type == "TimeDistributed" and container.options.get("mode", "fold") != "fold"
    if whole and not step.name.isdigit():  # what runs on one time step
        inner, entering = enter(step, Flow(tuple(args), kwargs), None)
        value = run_inside(container, inner, entering, walk.performer(inside.inside(replace(step, trainable=None))))
        value = first(value) if step.parts is None else value
    else:
        value = walk.inline(replace(step, trainable=None), Flow(tuple(args), kwargs), None, inside)
    name = container.type if isinstance(container, Block) else class_name(_kind_of(step, spot))
    use = walk.closed(w, name, (f'"""{_told(container)}"""',), value, None)
    _sort(walk, step, use, path)
    return use, value, use.sizes


def _sort(walk: Walk, step: Step, use: ClassUse, path: str) -> None:
    key = walk.classes.key(use)
    if path not in walk.keys:
        walk.keys[path] = key
        walk.classes.add(use)
    elif walk.keys[path] == key:
        use.group = walk.classes.groups[key]
        use.group.again.append(use)
    else:
        walk.refuse(step, "its steps do other things with these inputs than where they were used first")


def _param(walk: Walk, w: Writing, taken: Taken, arg: Tree, name: str, step: Step) -> Tree:
    """One argument of a class's ``forward``: a tensor, or a tuple that is taken apart."""
    plain = taken.free("x" if name == "input" else variable(name))
    if isinstance(arg, Value):
        value = Value(plain, True, arg.info)
        w.param(value, plain)
        w.entering.append(value)
        return value
    if not isinstance(arg, tuple):
        walk.refuse(step, "what enters it is neither a tensor nor a tuple")
    whole = Value(plain, True, kind="tuple")
    w.param(whole, plain, type_of(arg))
    parts = map_tree(lambda v: Value(v.hint, True, v.info), arg)
    w.say(Assign(parts, Ref(whole)))
    w.entering += tensors([parts])
    return parts


def _kind_of(step: Step, spot: Spot) -> str:
    """A name for the class of a container: that of the step, of a copy that of the whole, where a person gave it."""
    words = spot.prefix.rstrip(".").split(".")
    name = words[-1] if step.name.isdigit() else step.name
    kind = getattr(step.operation, "type", "Steps")
    if name.rpartition("_")[0] != kind.lower():
        return name
    return {"Residual": "ResidualUnit", "Sequential": "Stack", "TimeDistributed": "PerStep"}.get(kind, "StepByStep")


def _told(container: Container) -> str:
    words: Mapping[str, str] = {
        "Residual": "What enters, and what its layers add to it.",
        "TimeDistributed": "Its layers on every time step, with the same weights.",
        "Recurrent": "Its steps once per time step, in order.",
    }
    if isinstance(container, Block):
        return f"The block {container.type}."
    return words.get(container.type, "Some steps of the model.")
