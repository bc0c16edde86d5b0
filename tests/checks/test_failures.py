"""TD101, TD102 and TD103 from literal traces."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tdinspect.checks import AXIS_CHECKS, RULE_CHECKS, run_checks
from tdinspect.domain.finding import RULES, Finding
from tdinspect.domain.size import Size
from tdinspect.domain.trace import Axis, Failure, LayerRecord, TensorInfo, Trace
from tests.analysis.records import info, leaf

SIZES = {"B": 3, "T": 5, "#time": 5, "#batch": 3}
WORDS = "RuntimeError: Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: [5, 3, 3, 8, 8]"
PATH = ("layers", 2)
CONV = LayerRecord(
    "conv2d_1",
    "Conv2d",
    PATH,
    0,
    op_path=(*PATH, "Conv2d"),
    given={"in_channels": 3, "out_channels": 16, "kernel_size": (3, 5), "bias": False, "padding_mode": "zeros"},
    inputs=(info("T", "B", 3, 8, 8),),
)
STEP = "Conv2d: {in_channels: 3, out_channels: 16, kernel_size: [3, 5], bias: false, padding_mode: 'zeros'}"
OTHER = info("T", "B", 16, 6, 4)


def found(*records: LayerRecord) -> tuple[Finding, ...]:
    return run_checks(Trace(records, {}), SIZES)


def failing(failure: Failure, record: LayerRecord = CONV) -> LayerRecord:
    return replace(record, failure=failure)


def test_a_layer_that_fails_on_both_sides_is_td101_in_its_own_words_with_the_shape_that_reached_it() -> None:
    message = f"Conv2d fails on (T, B, 3, 8, 8): {WORDS}"
    assert (Finding("TD101", message, (*PATH, "Conv2d"), on_key=True),) == found(failing(Failure(WORDS)))


def test_a_wrapped_layer_that_fails_on_both_sides_is_td101_too() -> None:
    (finding,) = found(failing(Failure(WORDS, in_time_distributed=True)))
    assert ("TD101", None) == (finding.code, finding.help)


def test_a_layer_without_inputs_is_td101_without_a_shape() -> None:
    (finding,) = found(failing(Failure("ValueError: no"), leaf("a")))
    assert "Linear fails: ValueError: no" == finding.message


def test_a_bare_layer_that_works_wrapped_is_td102_with_the_wrapper_ready_to_paste() -> None:
    expected = Finding(
        "TD102",
        f"Conv2d takes one step at a time, and this input has a time axis: {WORDS}",
        (*PATH, "Conv2d"),
        on_key=True,
        help=f"run it on every time step (tried: gives (T, B, 16, 6, 4))\n- TimeDistributed:\n    - {STEP}",
    )
    assert (expected,) == found(failing(Failure(WORDS, OTHER)))


def test_a_wrapped_layer_that_works_bare_is_td103_with_the_bare_step_ready_to_paste() -> None:
    expected = Finding(
        "TD103",
        f"Conv2d fails on single steps: {WORDS}",
        (*PATH, "Conv2d"),
        on_key=True,
        help=f"take it out of TimeDistributed (tried: gives (T, B, 16, 6, 4))\n- {STEP}",
    )
    assert (expected,) == found(failing(Failure(WORDS, OTHER, in_time_distributed=True)))


@pytest.mark.parametrize("in_time_distributed", [True, False])
def test_a_layer_without_arguments_is_pasted_as_a_bare_name(in_time_distributed: bool) -> None:
    pool = replace(CONV, type="Softmax2d", given={})
    (finding,) = found(failing(Failure(WORDS, OTHER, in_time_distributed), pool))
    assert finding.help is not None
    assert finding.help.endswith("- Softmax2d")


def test_axes_that_are_plain_numbers_in_the_spec_are_written_as_numbers() -> None:
    other = TensorInfo((*info("#time", "#batch", 16).axes, Axis(Size.symbol("#time") * 2)))
    (finding,) = found(failing(Failure(WORDS, other), replace(CONV, inputs=(info("#time", "#batch", 3),))))
    assert finding.help is not None
    assert "(tried: gives (5, 3, 16, 10))" in finding.help


def test_a_failure_that_a_finding_says_already_is_not_said_again() -> None:
    assert () == found(failing(Failure("Conv2d needs kernel_size", reported=True)))
    assert () == found(failing(Failure(WORDS, OTHER, reported=True)))


def test_a_trace_without_failures_has_no_findings() -> None:
    assert () == found(CONV, leaf("linear"))


def test_no_failure_is_told_by_two_rules() -> None:
    failures = [Failure(WORDS, other, wrapped) for other in (None, OTHER) for wrapped in (True, False)]
    assert ["TD101", "TD102", "TD101", "TD103"] == [
        finding.code
        for failure in (failures[1], failures[3], failures[0], failures[2])
        for finding in found(failing(failure))
    ]


def test_only_the_failing_row_is_told_of_a_trace_that_stops() -> None:
    assert ["TD101"] == [finding.code for finding in found(leaf("ok"), failing(Failure(WORDS)))]


def test_every_rule_here_has_a_check_and_a_title() -> None:
    modules = [check.__module__.rpartition(".")[2].upper() for check in RULE_CHECKS]
    assert ["TD101", "TD102", "TD103"] == modules
    axes = [check.__module__.rpartition(".")[2].upper() for check in AXIS_CHECKS]
    assert [f"TD{number}" for number in range(201, 214)] == axes
    assert all(RULES[code].severity == "error" for code in modules)


def test_names_and_wires_of_a_step_move_to_its_wrapper() -> None:
    keys = {"name": "feat", "from": ("a", ("b", "c")), "call": {"mask": True}, "trainable": False}
    record = replace(CONV, given={"kernel_size": 3}, keys=keys)
    [finding] = found(failing(Failure("RuntimeError: no", OTHER), record))
    assert finding.help is not None
    assert (
        "- TimeDistributed:\n    - Conv2d: {kernel_size: 3}\n      call: {mask: true}\n      trainable: false\n"
        "  name: feat\n  from: [a, [b, c]]"
    ) == finding.help.partition("\n")[2]


def test_a_shared_use_is_wrapped_as_a_shared_use() -> None:
    [finding] = found(failing(Failure("RuntimeError: no", OTHER), replace(CONV, shared_with="c")))
    assert finding.help is not None
    assert "- TimeDistributed:\n    - share: c" == finding.help.partition("\n")[2]
