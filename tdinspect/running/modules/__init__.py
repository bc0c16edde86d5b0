"""A module of the user's own, looked at from outside: the report of a spec for what was never one."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from dataclasses import replace

from torch import nn

from tdinspect.analysis.rows import layer_rows, shape_of, totals_of
from tdinspect.checks import run_checks
from tdinspect.domain.finding import Finding
from tdinspect.domain.report import SpecReport
from tdinspect.domain.spec import ModelSpec
from tdinspect.domain.trace import FirstFailure, LayerRecord, TensorInfo, Trace
from tdinspect.domain.tree import Tree
from tdinspect.running.assemble import Assembly
from tdinspect.running.axes import analyse_axes
from tdinspect.running.call import World
from tdinspect.running.compare import compared_layers
from tdinspect.running.engine import inspecting
from tdinspect.running.modules.copies import copied, draws_kept
from tdinspect.running.modules.given import BATCH, TIME, Given, read_inputs
from tdinspect.running.modules.recorder import ROWS, Pass, Slot, recorded
from tdinspect.running.modules.rows import Rows, rows_of
from tdinspect.running.modules.shapes import Shapes, shapes_of
from tdinspect.running.modules.whole import whole_axes
from tdinspect.time_distributed import TimeDistributed

FILE = "<module>"
_NUMBERS = "B and T could not be followed through the module: the shapes are those of these inputs"


def report_on(
    module: nn.Module,
    inputs: object,
    *,
    time_axis: int | None = 1,
    batch_axis: int | None = 0,
    compare: bool = False,
    axes: bool = False,
) -> SpecReport:
    """What a pass over a copy of the module shows, in eval mode, on the CPU.

    The axes are those of the first tensor; other inputs have them where they have its sizes on the same axes.
    Raises TypeError where the inputs are none, ValueError where they lack the axes or the module cannot be copied.
    """
    module = getattr(module, "_orig_mod", module)  # what torch.compile was given
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
        spec = ModelSpec(type(module).__name__, (), (), world.sizes)
        if compare:
            bare = _first_failure(twin, given, seen)
            layers = compared_layers(assembly)
            assembly = replace(assembly, trace=replace(assembly.trace, layers=layers, unwrapped_failure=bare))
        if axes:
            assembly = analyse_axes(spec, assembly)
            if seen.problem is None:
                whole, note = whole_axes(twin, given, world, seen, shapes)
                assembly = replace(assembly, trace=replace(assembly.trace, axes=whole))
                notes += [note] if note else []
    return _report(type(module).__name__, assembly, notes)


def _assembly(given: Given, world: World, seen: Pass, shapes: Shapes, rows: Rows) -> Assembly:
    outputs = {} if seen.problem is not None else dict(_outputs("output", seen.value, shapes.value))
    inputs = dict(zip(given.names, given.infos, strict=True))
    return Assembly(None, inputs, Trace(rows.records, outputs), (), world, rows.leaves, {})


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


def _report(name: str, assembly: Assembly, notes: list[str]) -> SpecReport:
    trace, world = assembly.trace, assembly.world
    where = (world.sizes, world.clocks, world.batch)
    findings = (_in_python(finding, trace.layers) for finding in run_checks(trace, world.sizes))
    return SpecReport(
        file=FILE,
        name=name,
        sizes=world.sizes,
        time_axis=TIME if TIME in world.sizes else None,
        batch_axis=BATCH if BATCH in world.sizes else None,
        clocks=world.clocks,
        inputs={given: shape_of(info, *where) for given, info in assembly.inputs.items()},
        layers=layer_rows(trace, *where, lambda path: None),
        outputs={given: shape_of(info, *where) for given, info in trace.outputs.items()},
        totals=totals_of(trace),
        unwrapped_failure=trace.unwrapped_failure,
        axes=trace.axes,
        findings=tuple(findings),
        notes=tuple(notes),
    )


def _in_python(finding: Finding, records: Iterable[LayerRecord]) -> Finding:
    """The finding at its module, with a fix in Python instead of a spec's step."""
    record = next((r for r in records if r.failure is not None and r.path == finding.path), None)
    if record is None or finding.help is None or finding.code not in ("TD102", "TD103"):
        return finding
    tried = finding.help.split("\n")[0]
    place = _attribute(str(record.path[0]))
    if finding.code == "TD103":
        return replace(finding, help=tried)
    return replace(finding, help=f"{tried}\n{place} = tdinspect.TimeDistributed({place})")


def _attribute(name: str) -> str:
    """The module by its dotted name, as Python writes it: ``model.blocks[0].conv``."""
    parts = (f"[{part}]" if part.isdecimal() else f".{part}" for part in name.split("."))
    return f"model{''.join(parts)}"
