"""Limits that a project sets lower or higher than the usual ones."""

from __future__ import annotations

import pytest

from tdinspect.building.check import check_operations
from tdinspect.domain.limits import HIGHEST, Limits
from tdinspect.importers import read_spec

STEPS = "input: [B, 8]\nlayers: [ReLU, ReLU, ReLU, ReLU]\n"
BLOCKS = "input: [B, 8]\nblocks: {A: {layers: [ReLU, ReLU]}}\nlayers: [A, A]\n"
NESTED = "input: [B, 8]\nlayers: [Sequential: [Sequential: [ReLU]]]\n"
LAYERS = "input: [B, T, 8]\ntime_axis: T\nlayers: [GRU: {hidden_size: 4, num_layers: 3}]\n"
ALIASES = "input: [B, 8]\nvars: {a: &a [1, 2, 3, 4], b: *a, c: *a, d: *a}\nlayers: [ReLU]\n"


def messages(text: str, limits: Limits) -> list[str]:
    parsed = read_spec(text, "a.yaml", limits=limits)
    assert {"TD008"} >= {finding.code for finding in parsed.findings}
    found = [finding.message for finding in parsed.findings]
    if parsed.spec is None or found:
        return found
    return [finding.message for finding in check_operations(parsed.spec, limits=limits).findings]


@pytest.mark.parametrize(
    ("text", "limits", "message"),
    [
        (STEPS, Limits(file_size=len(STEPS) - 1), f"the limit is {len(STEPS) - 1}"),
        (STEPS, Limits(steps=3), "more than 3 steps"),
        (STEPS, Limits(values=5), "more than 5 values"),
        (BLOCKS, Limits(steps=3), "more than 3 steps once blocks are written out"),
        (STEPS.replace("ReLU, ReLU, ReLU, ReLU", "{ReLU: {}, repeat: 5}"), Limits(steps=4), "more than 4 steps"),
        (NESTED, Limits(nesting=4), "nested more than 4 deep"),
        (LAYERS, Limits(layers=2), "GRU: num_layers is 3; the limit is 2"),
        (LAYERS, Limits(layer_size=3), "GRU: hidden_size is 4; the limit is 3"),
        (ALIASES, Limits(values=25), "more than 25 values once aliases are written out"),
    ],
)  # fmt: skip
def test_a_lower_limit_refuses_what_the_usual_one_lets_pass(text: str, limits: Limits, message: str) -> None:
    assert any(message in found for found in messages(text, limits))
    assert [] == [found for found in messages(text, Limits()) if "limit" in found or "more than" in found]


@pytest.mark.parametrize(
    "text",
    [
        "input: [B, 8]\nvars: {a: [" + "1, " * 250_000 + "1]}\nlayers: [ReLU]\n",
        "input: [B, 8]\nlayers: [{ReLU: {}, repeat: 50001}]\n",
        "input: [B, T, 8]\ntime_axis: T\nlayers: [GRU: {hidden_size: 4, num_layers: 2001}]\n",
    ],
    ids=["values", "steps", "layers"],
)
def test_a_higher_limit_lets_pass_what_the_usual_one_refuses(text: str) -> None:
    assert ["TD008"] * len(messages(text, Limits())) and messages(text, Limits())
    assert [] == messages(text, HIGHEST)


def test_no_limit_may_be_lower_at_its_highest_than_usual() -> None:
    assert all(getattr(HIGHEST, name) >= getattr(Limits(), name) for name in Limits.__dataclass_fields__)
