"""What the rules find in a spec: the pieces of the pipeline, one after the other."""

from __future__ import annotations

from tdinspect.building.check import check_operations
from tdinspect.checks import run_checks
from tdinspect.domain.finding import Finding
from tdinspect.importers import in_order, read_spec
from tdinspect.running.assemble import assemble
from tdinspect.running.dependence.axes import analyse_axes
from tdinspect.running.facts.gather import gather_facts


def findings_of(text: str, allow: tuple[str, ...] = ()) -> tuple[Finding, ...]:
    """Everything that a gate finds in the text of a spec, in the order of the file."""
    parsed = read_spec(text, "model.yaml", {})
    if parsed.spec is None or parsed.findings:
        return parsed.findings
    checked = check_operations(parsed.spec, allow)
    if checked.findings:
        return in_order(checked.findings, parsed.document)
    assembly = assemble(checked.spec)
    assembly = gather_facts(checked.spec, analyse_axes(checked.spec, assembly))
    found = run_checks(assembly.trace, assembly.world.sizes, every=True)
    return in_order((*assembly.findings, *found), parsed.document)
