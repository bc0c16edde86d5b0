"""A module of the user's own, looked at from outside: the report of a spec for what was never one."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace

from torch import nn

from tdinspect.domain.cost import UNKNOWN_PRODUCTS
from tdinspect.domain.trace import FirstFailure, TensorInfo, Trace
from tdinspect.domain.tree import Tree
from tdinspect.running.assemble import Assembly
from tdinspect.running.call import World
from tdinspect.running.comparison.compare import compared_layers
from tdinspect.running.dependence.axes import judged_layers
from tdinspect.running.engine import inspecting
from tdinspect.running.facts.gather import gather_facts
from tdinspect.running.modules.constants import Constants
from tdinspect.running.modules.copies import copied, draws_kept
from tdinspect.running.modules.given import Given, read_inputs
from tdinspect.running.modules.recorder import ROWS, Pass, Slot, recorded
from tdinspect.running.modules.rows import Rows, rows_of
from tdinspect.running.modules.shapes import Shapes, shapes_of
from tdinspect.running.modules.whole import whole_axes
from tdinspect.time_distributed import TimeDistributed

_NUMBERS = "B and T could not be followed through the module: the shapes are those of these inputs"


@dataclass(frozen=True, slots=True)
class Looked:
    """What a pass over a module showed, as an assembly without a model; ``notes`` says what is left out."""

    name: str
    assembly: Assembly
    notes: tuple[str, ...]


def look_at(
    module: object,
    inputs: object,
    *,
    time_axis: int | None = 1,
    batch_axis: int | None = 0,
    compare: bool = False,
    axes: bool = False,
) -> Looked:
    """What a pass over a copy of the module shows, in eval mode, on the CPU.

    The axes are those of the first tensor; other inputs have them where they have its sizes on the same axes.
    Raises TypeError where there is no module or no input, ValueError where the first tensor lacks an axis or the module
    cannot be copied.
    """
    module = _checked(module)
    with draws_kept(), inspecting():
        given, world = read_inputs(module, inputs, time_axis, batch_axis)
        twin = copied(module)
        args, kwargs = given.fresh()
        seen = recorded(twin, args, kwargs)
        twin.eval()
        shapes = shapes_of(twin, given, world, seen)
        rows = rows_of(twin, seen, shapes, world)
        assembly = _assembly(given, world, seen, shapes, rows)
        notes = [*_notes(seen, shapes)]
        if compare:
            bare = _first_failure(twin, given, seen)
            layers = compared_layers(assembly)
            assembly = replace(assembly, trace=replace(assembly.trace, layers=layers, unwrapped_failure=bare))
        if axes:
            assembly = gather_facts(None, judged_layers(assembly, Constants(twin, given, rows.places).at))
            if seen.problem is None:
                whole, note = whole_axes(twin, given, world, seen, shapes)
                assembly = replace(assembly, trace=replace(assembly.trace, axes=whole))
                notes += [note] if note else []
    return Looked(type(module).__name__, assembly, tuple(notes))


def _checked(module: object) -> nn.Module:
    if isinstance(module, type) and issubclass(module, nn.Module):
        name = module.__name__
        raise TypeError(f"inspect takes a module, and {name} is a class: write inspect({name}(...), inputs=(x,))")
    module = getattr(module, "_orig_mod", module)  # what torch.compile was given
    if not isinstance(module, nn.Module):
        raise TypeError(f"inspect takes the path of a spec or an nn.Module, not {type(module).__name__}")
    return module


def _assembly(given: Given, world: World, seen: Pass, shapes: Shapes, rows: Rows) -> Assembly:
    outputs = {} if seen.problem is not None else dict(_outputs("output", seen.value, shapes.value))
    inputs = dict(zip(given.names, given.infos, strict=True))
    trace = Trace(rows.records, outputs, cost=UNKNOWN_PRODUCTS if "" in seen.products else None)
    return Assembly(None, inputs, trace, (), world, rows.leaves, {})


def _outputs(name: str, value: Tree, infos: list[TensorInfo]) -> Iterator[tuple[str, TensorInfo]]:
    """What comes out, by name: a part of a structure has its place behind a dot."""
    if isinstance(value, Slot):
        yield name, infos[value.index]
    elif isinstance(value, tuple | list):
        for i, part in enumerate(value):
            yield from _outputs(f"{name}.{i}", part, infos)
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _outputs(f"{name}.{key}", part, infos)


def _notes(seen: Pass, shapes: Shapes) -> Iterator[str]:
    if not shapes.symbolic:
        yield _NUMBERS
    for name, times in seen.times.items():
        if times > ROWS:
            yield f"{name} runs {times} times: the first {ROWS} calls are shown"


def _first_failure(module: nn.Module, given: Given, seen: Pass) -> FirstFailure | None:
    """Where the module stops when its TimeDistributed wrappers are taken away, or with them."""
    found, wrapped = seen, [part for part in module.modules() if isinstance(part, TimeDistributed)]
    if wrapped:
        args, kwargs = given.fresh()
        bare = _unwrapped(copy.deepcopy(module))
        again = recorded(bare, args, kwargs)
        found = again if again.problem is not None else seen
    if found.problem is None:
        return None
    error = f"{type(found.problem).__name__}: {found.problem}"
    if found.failed_in is None:
        name = type(module).__name__
        return FirstFailure(name, name, (name,), error)
    visit = found.visits[found.failed_in]
    name = visit.name or type(visit.module).__name__
    return FirstFailure(name, type(visit.module).__name__, (name,), error)


def _unwrapped(module: nn.Module) -> nn.Module:
    if isinstance(module, TimeDistributed):
        return _unwrapped(module.module)
    for name, child in list(module.named_children()):
        setattr(module, name, _unwrapped(child))
    return module
