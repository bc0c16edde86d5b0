"""Names of operations, and the constants that the inputs of a function leave over."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tdinspect.building.check import Checked, check_operations
from tdinspect.domain.finding import Finding
from tdinspect.domain.spec import Function, Layer, all_steps
from tests.importers.reading import good, steps


def checked(*lines: str, head: str = "input: [B, T, 8]") -> Checked:
    return check_operations(good("\n".join([head, "layers:", *(f"  {line}" for line in lines)])))


def found(*lines: str, head: str = "input: [B, T, 8]") -> list[tuple[str, str, str | None]]:
    return [(f.code, f.message, f.help) for f in checked(*lines, head=head).findings]


@pytest.mark.parametrize(
    ("message", "help", "line"),
    [
        ("there is no layer Conv2D", "did you mean `Conv2d`?", "- Conv2D: {out_channels: 3, kernel_size: 3}"),
        ("there is no layer Linaer", "did you mean `Linear`?", "- Linaer: 3"),
        ("there is no layer TimeDistribute", "did you mean `TimeDistributed`?", "- TimeDistribute"),
        ("there is no layer Dense", "did you mean `Linear`?", "- Dense: 3"),
        ("there is no layer Zebra", "a layer is named as in torch", "- Zebra"),
        ("there is no layer RNNBase", None, "- RNNBase: {mode: LSTM, hidden_size: 3}"),
        ("there is no function sofmax", "did you mean `softmax`?", "- sofmax: -1"),
        (
            "there is no function zebra",
            "the functions are a fixed list of those of torch that only compute with tensors",
            "- zebra",
        ),
        ("there is no function save", None, "- save: model.pt"),
        ("there is no function linear", "did you mean `Linear`?", "- linear: 3"),
    ],
)
def test_an_unknown_operation_is_td004_with_the_nearest_name(message: str, help: str | None, line: str) -> None:
    ((code, said, helped),) = found(line)
    assert ("TD004", message) == (code, said)
    if help is not None:
        assert help == helped


def test_a_dotted_path_is_refused_and_nothing_is_imported() -> None:
    message = "lib2to9.Net is outside torch.nn, and importing it would run the code of lib2to9"
    ((code, said, help),) = found("- lib2to9.Net")
    assert ("TD009", message) == (code, said)
    assert help is not None and "--allow-import lib2to9" in help
    assert "lib2to9" not in sys.modules


def test_mistakes_in_containers_are_found_too_all_at_once_and_in_place() -> None:
    findings = checked(
        "- Linear: ten",
        "- TimeDistributed:",
        "    - Sequential:",
        "        - Reluu",
        "- softmax: {dim: 1, zebra: 2}",
        head="input: [B, T, 8]\ntime_axis: T",
    ).findings
    assert [
        ("TD005", ("layers", 0, "Linear")),
        ("TD004", ("layers", 1, "TimeDistributed", 0, "Sequential", 0)),
        ("TD005", ("layers", 2, "softmax", "zebra")),
    ] == [(finding.code, finding.path) for finding in findings]


def test_a_correct_spec_has_no_findings_and_its_arguments_by_step() -> None:
    correct = checked("- Linear: 3", "- ReLU", "- softmax: -1")
    assert () == correct.findings
    operations = {step.path: step.operation for step in correct.spec.steps}
    assert {("layers", 0): {"out_features": 3}, ("layers", 1): {}, ("layers", 2): {"dim": -1}} == {
        path: dict(operation.args.named)
        for path, operation in operations.items()
        if isinstance(operation, Layer | Function)
    }


def test_all_steps_go_in_the_order_of_the_file() -> None:
    nested = steps("- Sequential:", "    - ReLU", "    - Sequential: [Tanh]", "- Sigmoid")
    kinds = [getattr(step.operation, "type", "") for step in all_steps(nested)]
    assert ["Sequential", "ReLU", "Sequential", "Tanh", "Sigmoid"] == kinds


def test_the_second_operand_of_add_is_a_constant_where_one_value_comes_in() -> None:
    assert [] == found("- add: 2.5")
    assert [("TD005", "add needs other", "write `add: {other: ...}`")] == found("- add")


def test_the_second_operand_of_add_comes_in_where_two_values_do() -> None:
    assert [] == found("- ReLU", "- add:", "  from: [input, relu_1]")


def test_the_first_step_of_a_container_takes_all_that_enters_it() -> None:
    two = "inputs: {x: [B, 4], y: [B, 4]}"
    assert [] == found("- Sequential:", "    - Sequential: [add, ReLU]", "  from: [x, y]", head=two)
    missing = found("- Sequential: [add, add]", "  from: [x, y]", head=two)
    assert [("TD005", "add needs other", "write `add: {other: ...}`")] == missing


def test_an_input_by_keyword_is_not_missing() -> None:
    two = "inputs: {x: [B, 4], i: {shape: [B, 4], dtype: int64}}"
    assert [] == found("- gather: {dim: 1}", "  from: {input: x, index: i}", head=two)
    missing = found("- gather: {dim: 1}", "  from: {input: x}", head=two)
    assert [("TD005", "gather needs index to come in, too", "`from: {input: ..., index: ...}`")] == missing


def test_a_constant_cannot_also_be_given_where_an_input_fills_it() -> None:
    two = "inputs: {x: [B, 4], y: [B, 4]}"
    ((code, message, _),) = found("- add: {other: 3}", "  from: [x, y]", head=two)
    assert ("TD005", "add: other comes in by `from` already") == (code, message)


def test_a_finding_marks_the_operations_key() -> None:
    (finding,) = checked("- Linaer: 3").findings
    assert Finding("TD004", "there is no layer Linaer", ("layers", 0, "Linaer"), True, finding.help) == finding


def test_of_a_layer_of_a_wrong_kind_as_an_argument_only_that_is_told() -> None:
    ((_, message, _),) = found("- TransformerEncoder: {encoder_layer: TransformerDecoder, num_layers: 2}")
    assert (
        "TransformerEncoder: encoder_layer takes TransformerEncoderLayer, not the layer TransformerDecoder" == message
    )


@pytest.mark.parametrize(
    ("message", "help", "line"),
    [
        (
            "Sequential has no forward call of its own",
            "write `call` beside the step inside that it is for",
            "- Sequential: [ReLU]",
        ),
        ("zeros has no forward call of its own", "leave `call` out", "- zeros: {shape: [2]}"),
    ],
)
def test_what_has_no_forward_pass_of_its_own_takes_no_constants_for_it(message: str, help: str, line: str) -> None:
    findings = checked(line, "  call: {a: 1}").findings
    assert [("TD003", message, help, ("layers", 0, "call"))] == [(f.code, f.message, f.help, f.path) for f in findings]


def test_a_constant_is_given_in_one_place() -> None:
    ((_, message, _),) = found("- softmax: {dim: 1}", "  call: {dim: 2}")
    assert "softmax: dim comes in by `call` already" == message


USERS = """
from torch import nn

class Net(nn.Module):
    def __init__(self, act, gate: nn.Module = None):
        super().__init__()
    def forward(self, image, scale: float = 1.0):
        return image
"""


@pytest.fixture
def of_a_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Checked]:
    """The check of a spec that may use ``users_nets.Net``."""
    tmp_path.joinpath("users_nets.py").write_text(USERS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "users_nets", raising=False)
    return lambda lines: check_operations(good(f"input: [B, 8]\nlayers:\n{lines}"), ["users_nets"])


def test_a_bare_name_is_a_layer_where_a_module_is_wanted_and_else_a_text(of_a_user: Callable[[str], Checked]) -> None:
    correct = of_a_user("  - users_nets.Net: {act: ReLU, gate: Sigmoid}")
    assert () == correct.findings
    operation = correct.spec.steps[0].operation
    assert isinstance(operation, Layer)
    assert "ReLU" == operation.args.named["act"]
    assert isinstance(operation.args.named["gate"], Layer)


def test_a_mapping_with_a_layer_is_a_layer_where_no_annotation_says_what_is_wanted(
    of_a_user: Callable[[str], Checked],
) -> None:
    correct = of_a_user("  - users_nets.Net: {act: {ReLU: }}")
    operation = correct.spec.steps[0].operation
    assert isinstance(operation, Layer)
    assert isinstance(operation.args.named["act"], Layer)


def test_wrong_inputs_of_a_users_module_are_told(of_a_user: Callable[[str], Checked]) -> None:
    findings = of_a_user("  - users_nets.Net: {act: a}\n    from: {imag: input}\n    call: {scale: big}").findings
    assert [
        ("users_nets.Net takes no input imag", ("layers", 0, "from", "imag")),
        ("users_nets.Net: scale takes a number, not 'big'", ("layers", 0, "call", "scale")),
    ] == [(finding.message, finding.path) for finding in findings]
