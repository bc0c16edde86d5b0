"""The story of the program: text, spec, model, trace, report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from tdinspect._startup import import_torch_fast, no_collection
from tdinspect.domain.finding import Finding
from tdinspect.domain.limits import Limits
from tdinspect.domain.location import render_path
from tdinspect.domain.report import Command, Report, SpecReport
from tdinspect.domain.source import Source
from tdinspect.domain.spec import ModelSpec
from tdinspect.importers import ParsedSpec, in_order, read_spec

__all__ = ["Request", "Source", "execute", "inspect_module", "inspect_source"]

if TYPE_CHECKING:
    from tdinspect.analysis.rows import Locate
    from tdinspect.running.assemble import Assembly


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for; ``also`` is what another command would say, in the same report.

    ``details``: what no screen shows, too: the sizes that each symbol may have, the peak of the activations.
    """

    command: Command
    sources: tuple[Source, ...]
    overrides: Mapping[str, str] = field(default_factory=dict)
    allow_import: tuple[str, ...] = ()
    device: Literal["auto", "cpu", "meta"] = "auto"
    also: tuple[Command, ...] = ()
    details: bool = False
    limits: Limits = field(default_factory=Limits)


def execute(request: Request, progress: Callable[[int, int, str], None] | None = None) -> Report:
    """One report for all sources, in their order. ``progress(done, of, file)`` is told before each."""
    reports = []
    for index, source in enumerate(request.sources):
        if progress is not None:
            progress(index, len(request.sources), source.file)
        reports.append(inspect_source(source, request))
    return Report(request.command, tuple(reports), request.also)


def inspect_source(source: Source, request: Request) -> SpecReport:
    """Read a spec, check it, build and run it, and say what was seen."""
    if source.fault is not None:
        return SpecReport(source.file, source.file, findings=(source.fault,))
    with no_collection():
        parsed = read_spec(source.text, source.file, request.overrides, request.limits)
        if parsed.spec is None:
            return SpecReport(source.file, source.file, parsed.document.text, findings=parsed.findings)
        return _inspect(parsed, parsed.spec, source, request)


def _inspect(parsed: ParsedSpec, spec: ModelSpec, source: Source, request: Request) -> SpecReport:
    import_torch_fast()  # it costs a second: only now is it sure that it is needed
    from tdinspect.building.check import check_operations
    from tdinspect.running.assemble import assemble

    report = SpecReport(
        file=source.file,
        name=spec.name,
        source=parsed.document.text,
        description=spec.description,
        sizes=spec.sizes,
        defaults=spec.defaults,
        time_axis=spec.time_axis,
        batch_axis=spec.batch_axis,
        notes=spec.notes,
        findings=parsed.findings,
    )
    checked = check_operations(spec, request.allow_import, request.limits)
    if parsed.findings or checked.findings:
        return replace(report, findings=in_order((*parsed.findings, *checked.findings), parsed.document))
    spec = checked.spec
    assembly = assemble(spec, device=request.device)
    if request.device == "cpu":
        from tdinspect.running.full import run_in_full

        assembly = run_in_full(spec, assembly)
    if request.details:
        from tdinspect.running.facts.peak import with_peak
        from tdinspect.running.ranges import ranges_of

        assembly = with_peak(spec, assembly)
        report = replace(report, ranges=ranges_of(spec, assembly))
    asked = {request.command, *request.also}
    if "compare" in asked:
        from tdinspect.running.comparison.compare import compare

        assembly = compare(spec, assembly)
    if asked & {"axes", "check"}:
        from tdinspect.running.dependence.axes import analyse_axes
        from tdinspect.running.facts.gather import gather_facts

        shown = "axes" in asked or request.details
        assembly = gather_facts(spec, analyse_axes(spec, assembly, receptive_field=shown))
    made = _report(report, parsed, assembly, every_rule=bool(asked & {"axes", "check"}))
    return _held(made, parsed, spec, assembly) if request.command == "check" else made


def _report(report: SpecReport, parsed: ParsedSpec, assembly: Assembly, every_rule: bool) -> SpecReport:
    seen = _seen(report, assembly, parsed.document.locate, every_rule)
    findings = (*parsed.findings, *assembly.findings, *seen.findings)
    return replace(seen, findings=in_order(findings, parsed.document))


def _seen(report: SpecReport, assembly: Assembly, locate: Locate, every_rule: bool) -> SpecReport:
    """The report with everything that a walk has shown, and with what the rules say of that."""
    from tdinspect.analysis.rows import layer_rows, params_fixed_in, shape_of, totals_of
    from tdinspect.checks import run_checks

    trace, world = assembly.trace, assembly.world
    axes = (world.sizes, world.clocks, world.batch)
    rows = layer_rows(trace, *axes, locate)
    return replace(
        report,
        clocks=tuple(clock for clock in world.clocks if not clock.startswith("#")),
        inputs={name: shape_of(info, *axes) for name, info in assembly.inputs.items()},
        layers=rows,
        outputs={name: shape_of(info, *axes) for name, info in trace.outputs.items()},
        totals=totals_of(rows, trace.cost, trace.peak_bytes),
        params_fixed_in=params_fixed_in(trace, world.clocks, world.batch),
        unwrapped_failure=trace.unwrapped_failure,
        axes=trace.axes,
        findings=run_checks(trace, world.sizes, every=every_rule),
    )


def _held(report: SpecReport, parsed: ParsedSpec, spec: ModelSpec, assembly: Assembly) -> SpecReport:
    """The report of a check: with what ``expect`` says held to it."""
    from tdinspect.analysis.expectations import Seen, as_meant, broken
    from tdinspect.analysis.rows import shape_of
    from tdinspect.running.free import stuck_symbols

    if spec.expect is None:
        return report
    errors = [row.error for row in report.layers if row.error is not None]
    found = as_meant(spec.expect.fails, report.findings, errors)
    if not errors and report.outputs:
        world = assembly.world
        values = {
            name: shape_of(info, world.sizes, world.clocks, world.batch)
            for name, info in assembly.trace.values.items()
            if name in spec.expect.layers
        }
        rows = {row.name: row.output for row in report.layers if row.output is not None}
        stuck = stuck_symbols(spec, assembly)
        seen = Seen(world.sizes, report.outputs, {**values, **rows}, report.totals, stuck, report.axes)
        found = (*found, *broken(spec.expect, seen))
    return replace(report, findings=in_order(found, parsed.document))


def inspect_module(module: object, inputs: object, *, compare: bool, axes: bool, **where: int | None) -> SpecReport:
    """The same for a module that was never a spec, with ``time_axis`` and ``batch_axis`` of its first input.

    Raises TypeError and ValueError where it cannot be called so.
    """
    import_torch_fast()
    from tdinspect.running.modules import look_at

    looked = look_at(module, inputs, compare=compare, axes=axes, **where)
    world = looked.assembly.world
    report = SpecReport(
        file="<module>",
        name=looked.name,
        sizes=world.sizes,
        time_axis=next(iter(world.clocks), None),
        batch_axis=world.batch,
        notes=looked.notes,
    )
    seen = _seen(report, looked.assembly, lambda path: None, every_rule=axes)
    # No walk has built the module at other sizes: nothing is said of those.
    return replace(seen, params_fixed_in=(), findings=tuple(map(_in_python, seen.findings)))


def _in_python(finding: Finding) -> Finding:
    """The finding with a fix in Python in the place of a spec's step, where it has one."""
    if finding.help is None:
        return finding
    tried, _, step = finding.help.partition("\n")
    parts = (f"[{part}]" if part.isdecimal() else f".{part}" for part in render_path(finding.path).split("."))
    place = f"model{''.join(parts)}"  # model.blocks[0].conv
    if finding.code == "TD102":
        return replace(finding, help=f"{tried}\n{place} = tdinspect.TimeDistributed({place})")
    if finding.code == "TD202":
        return replace(finding, help=f"{tried}\nmake {place} with batch_first={'batch_first: true' in step}")
    return replace(finding, help=None if finding.code == "TD211" else tried)  # no step to write `time:` beside
