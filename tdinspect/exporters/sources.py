"""Tensors that no input gives, as code: learned ones and constants."""

from __future__ import annotations

from collections.abc import Mapping

from tdinspect.domain.spec import Arguments, Source, Step
from tdinspect.exporters.classes import slot
from tdinspect.exporters.code import EMPTY, Code, Group, Item, Join, Ref, Text, Value, call, method
from tdinspect.exporters.statements import Assign
from tdinspect.exporters.walk import Spot, Walk


def source(walk: Walk, step: Step, operation: Source, spot: Spot) -> Value:
    """A learned tensor is an attribute, used by its name; a constant is made where it stands."""
    leaf, w = walk.leaf(spot, step), spot.writing
    if operation.type == "parameter":
        place = walk.place(spot, step)
        assert leaf.layer is not None
        learns = not spot.frozen and step.trainable is not False
        w.attribute(place.attribute, _parameter(leaf.layer.args, learns))
        return Value(step.name, True, leaf.value, text=w.own(place.path))
    named = {name: walk.constant(value, spot) for name, value in operation.args.named.items()}
    dtype = str(operation.args.named.get("dtype", ""))
    device = Join((Ref(w.entering[0]), Text(".device")))
    value = walk.values(step, leaf.value)
    assert isinstance(value, Value)
    w.say(Assign(value, _constant(operation.type, named, dtype, device)))
    return value


def _parameter(args: Arguments, learns: bool) -> Code:
    """``nn.Parameter(torch.zeros(...))``."""
    made = {"zeros": "zeros", "ones": "ones", "normal": "randn"}[str(args.named.get("init", "zeros"))]
    shape = args.named["shape"]
    entries = tuple(shape) if isinstance(shape, tuple | list) else (shape,)
    items = [Item(call(f"torch.{made}", slot(entries, "shape")))]
    if not learns:
        items.append(Item(Text("False"), "requires_grad"))
    return Group(Text("nn.Parameter"), tuple(items))


def _constant(kind: str, named: Mapping[str, Code], dtype: str, device: Code) -> Code:
    more = {"dtype": Text(f"torch.{dtype}")} if dtype else {}
    if kind == "causal_mask":
        size = named["size"]
        pair = Group(EMPTY, (Item(size), Item(size)))
        return method(call("torch.full", pair, Text('float("-inf")'), **more, device=device), "triu", Text("1"))
    if kind == "arange":
        start, end, step = named.get("start"), named["end"], named.get("step")
        args = [end] if start is None and step is None else [start or Text("0"), end, *([step] if step else [])]
        return call("torch.arange", *args, **more, device=device)
    args = [named["shape"], *([named["fill_value"]] if kind == "full" else [])]
    if kind == "full" and not dtype:
        more = {"dtype": Text("torch.float32")}
    return call(f"torch.{kind}", *args, **more, device=device)
