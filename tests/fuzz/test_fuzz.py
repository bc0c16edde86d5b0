"""A short slice of the fuzzer, the same each time."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from tests.fuzz.fuzz_reader import answer, warm_up
from tests.fuzz.mutations import INPUTS

SLICE = settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
warm_up()


@SLICE
@given(INPUTS)
def test_a_mutated_spec_is_answered_soon_and_imports_nothing(source: str | bytes) -> None:
    answer(source)
