"""A short slice of the fuzzer, the same each time."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from tdinspect.importers import read_spec
from tests.fuzz.fuzz_reader import answer, warm_up
from tests.fuzz.mutations import INPUTS

SLICE = settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
warm_up()


@SLICE
@given(INPUTS)
def test_a_mutated_spec_is_answered_soon_and_imports_nothing(source: str | bytes) -> None:
    answer(source)


def test_a_mapping_among_the_inputs_of_a_block_is_a_finding() -> None:
    parsed = read_spec("input: [B, 8]\nblocks: {A: {inputs: [{x: 1}], layers: [ReLU]}}\nlayers: [A]\n", "x.yaml")
    assert ["TD003"] == [finding.code for finding in parsed.findings]
