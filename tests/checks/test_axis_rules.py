"""TD201 to TD213 from literal traces: what they say nothing about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tdinspect.checks import run_checks
from tdinspect.domain.effect import AxisEffect, Effect, each
from tdinspect.domain.trace import Facts, Failure, Fix, LayerRecord, Trace
from tests.analysis.records import info, tensor

SIZES = {"B": 2, "T": 5}
FULL = (31,) * 5
CONV = LayerRecord(
    "conv1d_1",
    "Conv1d",
    ("layers", 0),
    0,
    op_path=("layers", 0, "Conv1d"),
    given={"in_channels": 5, "out_channels": 4, "kernel_size": 1},
    inputs=(info("B", "T", 8),),
    outputs=(info("B", 4, 8),),
    effect=Effect({(0, 0): (31,)}, mixes_batch=(False,), why="channels"),
    axes=AxisEffect("gone", "independent"),
    facts=Facts(takes_time_for_channels=True),
)
SOFTMAX = replace(
    CONV,
    type="softmax",
    function=True,
    given={"dim": 1},
    effect=Effect({(0, 0): FULL}, mixes_batch=(False,), why="normalised"),
    axes=AxisEffect("mixes", "independent"),
    facts=Facts(),
)


def codes(*records: LayerRecord, every: bool = True) -> list[str]:
    return [finding.code for finding in run_checks(Trace(records, {}), SIZES, every=every)]


def test_what_a_gate_says_no_other_command_says() -> None:
    assert ["TD201", "TD211"] == codes(CONV, SOFTMAX)
    assert [] == codes(CONV, SOFTMAX, every=False)


def test_nothing_is_said_of_a_layer_that_nobody_knows() -> None:
    assert [] == codes(*(replace(record, effect=None, axes=None, facts=Facts()) for record in (CONV, SOFTMAX)))


def test_nothing_is_said_of_a_layer_that_raised_but_that() -> None:
    assert ["TD101"] == codes(replace(CONV, failure=Failure("RuntimeError: no")))


@pytest.mark.parametrize(("record", "time"), [(CONV, "gone"), (SOFTMAX, "mixes")])
def test_a_step_that_says_what_it_does_to_time_is_meant_so(record: LayerRecord, time: str) -> None:
    assert [] == codes(replace(record, time=time))


def test_a_container_that_says_what_it_does_to_time_speaks_for_its_steps() -> None:
    block: dict[str, Any] = {"container": True, "time": "mixes", "facts": Facts(time="mixes")}
    attention = LayerRecord("attention", "Sequential", ("layers", 0), 0, **block)
    assert [] == codes(attention, replace(SOFTMAX, name="attention.softmax_1"))
    assert ["TD211"] == codes(attention, replace(SOFTMAX, name="attention_2.softmax_1"))


@pytest.mark.parametrize(("said", "found"), [("causal", ["TD212"]), ("per_step", [])])
def test_what_a_step_does_is_held_to_what_it_says(said: str, found: list[str]) -> None:
    linear = replace(CONV, type="Linear", axes=AxisEffect("per_step", "independent"), facts=Facts(), time=said)
    assert found == codes(replace(linear, effect=Effect({(0, 0): each(5)}, mixes_batch=(False,))))


def test_a_container_of_which_nothing_is_known_is_not_held_to_what_it_says() -> None:
    assert [] == codes(LayerRecord("block", "Sequential", ("layers", 0), 0, container=True, time="causal"))


def test_no_fix_is_suggested_that_was_not_tried() -> None:
    (finding,) = run_checks(Trace((CONV,), {}), SIZES, every=True)
    assert finding.help is None


def test_a_fix_that_was_tried_is_ready_to_paste_between_its_neighbours() -> None:
    fix = Fix("moved", info("B", "T", 4), {"in_channels": 8, "out_channels": 4, "kernel_size": 1}, (1, 2))
    keys = {"from": "x", "name": "c", "trainable": False}
    (finding,) = run_checks(
        Trace((replace(CONV, keys=keys, facts=replace(CONV.facts, fixes=(fix,))),), {}), SIZES, every=True
    )
    assert (
        "bring time to where the layer has its positions (tried: gives (B, T, 4))\n"
        "- transpose: {dim0: 1, dim1: 2}\n  from: x\n"
        "- Conv1d: {in_channels: 8, out_channels: 4, kernel_size: 1}\n  trainable: false\n"
        "- transpose: {dim0: 1, dim1: 2}\n  name: c"
    ) == finding.help


def test_an_unused_layer_without_parameters_is_no_loss() -> None:
    relu = replace(CONV, type="ReLU", effect=None, axes=None, facts=Facts(used=False))
    assert [] == codes(relu)
    assert ["TD207"] == codes(replace(relu, parameters=(tensor(1, 8),)))


def test_a_shared_use_is_not_told_for_the_weights_of_another() -> None:
    unused = replace(CONV, effect=None, axes=None, facts=Facts(used=False), parameters=(tensor(1, 8),))
    assert [] == codes(replace(unused, shared_with="linear_1"))
