"""Names, scopes, wiring and constants of steps."""

from __future__ import annotations

import pytest

from tdinspect.domain.spec import Container, Expression, Function, Layer, Step
from tests.importers.reading import codes, good, steps


def names(found: tuple[Step, ...]) -> list[str]:
    return [step.name for step in found]


def scalar(step: Step) -> object:
    assert isinstance(step.operation, Layer | Function)
    return step.operation.args.scalar


def test_a_default_name_is_the_operation_and_its_number() -> None:
    assert ["conv2d_1", "relu_1", "conv2d_2", "relu_2", "softmax_1"] == names(
        steps("- Conv2d: 8", "- ReLU", "- Conv2d: 8", "- ReLU:", "- softmax: -1")
    )


def test_naming_one_step_does_not_renumber_the_others() -> None:
    assert ["stem", "conv2d_2"] == names(steps("- Conv2d: 8", "  name: stem", "- Conv2d: 8"))


def test_a_number_skips_a_name_given_by_hand_also_further_down() -> None:
    found = steps("- ReLU", "- ReLU", "- Tanh:", "  name: relu_2", "- LSTM: 8", "  as: [relu_1, _]")
    assert ["relu_3", "relu_4", "relu_2", "lstm_1"] == names(found)


def test_a_number_skips_an_inputs_name() -> None:
    assert ["relu_2"] == names(steps("- ReLU", head="inputs: {relu_1: [B]}"))


def test_each_container_counts_for_itself() -> None:
    found = steps("- ReLU", "- Sequential: [ReLU, ReLU]", "- Sequential: [ReLU]", "- ReLU")
    assert ["relu_1", "sequential_1", "sequential_2", "relu_2"] == names(found)
    inner = [step.operation for step in found if isinstance(step.operation, Container)]
    assert [["relu_1", "relu_2"], ["relu_1"]] == [names(container.steps) for container in inner]


def test_a_dotted_layer_is_named_by_its_last_word() -> None:
    assert ["resnet50_1"] == names(steps("- torchvision.models.resnet50: {weights: null}"))


@pytest.mark.parametrize(
    ("kind", "operation"),
    [(Layer, "ReLU"), (Function, "relu"), (Layer, "pkg.relu"), (Layer, "pkg.nn.ReLU"), (Function, "_relu")],
)
def test_the_spelling_tells_a_layer_from_a_function(kind: type, operation: str) -> None:
    assert kind is type(steps(f"- {operation}")[0].operation)


SEEN = [
    ["- ReLU:", "  name: a", "- Sequential:", "    - add:", "      from: [a, input]"],
    ["- ReLU:", "  name: a", "- TimeDistributed:", "    - add:", "      from: [a, a]", "  from: a"],
    ["- TimeDistributed:", "    - ReLU", "    - Tanh:", "      from: relu_1"],
    ["- TimeDistributed:", "    - ReLU", "    - Sequential:", "        - Tanh:", "          from: relu_1"],
    ["- TimeDistributed: [ReLU]", "- Tanh:", "  from: timedistributed_1.relu_1"],
    ["- Sequential:", "    - LSTM: 8", "      as: [_, [h, _]]", "  name: enc", "- Tanh:", "  from: enc.h"],
    ["- Sequential:", "    - Sequential: [ReLU]", "- Tanh:", "  from: sequential_1.sequential_1.relu_1"],
    ["- Linear: 8", "- TimeDistributed:", "    - share: linear_1"],
    ["- TimeDistributed:", "    - Linear: 8", "- share: timedistributed_1.linear_1"],
    ["- Linear: 8", "- share: linear_1", "- share: share_1"],
    ["- Sequential: [ReLU]", "- share: sequential_1"],
    ["- ReLU:", "  name: a", "- Sequential:", "    - ReLU:", "      name: a"],  # a scope of its own
]


@pytest.mark.parametrize("lines", SEEN, ids=lambda lines: " ".join(" ".join(lines).split()))
def test_these_names_are_seen(lines: list[str]) -> None:
    assert steps(*lines)


UNSEEN = [
    ["- ReLU:", "  name: a", "- TimeDistributed:", "    - Tanh:", "      from: a"],
    ["- TimeDistributed:", "    - Sequential:", "        - ReLU:", "          from: input"],
    [
        "- TimeDistributed:",
        "    - ReLU:",
        "      from: input",
        "  from: input",
        "- Sequential:",
        "    - ReLU:",
        "      from: x",
    ],
    ["- Sequential: [ReLU]", "- Tanh:", "  from: relu_1"],
    ["- Sequential:", "    - ReLU:", "      from: sequential_1"],
    ["- ReLU:", "  from: relu_1"],
    ["- ReLU:", "  from: input.relu_1"],
    ["- ReLU:", "  from: ''"],
    ["- ReLU:", "  from: _"],
    ["- LSTM: 8", "  as: [_, _]", "- ReLU:", "  from: _"],
    ["- share: linear_1", "- Linear: 8"],
]


@pytest.mark.parametrize("lines", UNSEEN, ids=lambda lines: " ".join(" ".join(lines).split()))
def test_these_names_are_not_seen(lines: list[str]) -> None:
    assert ["TD006"] == codes("\n".join(["input: [B, T, 8]", "layers:", *(f"  {line}" for line in lines)]))


def test_a_wrong_step_still_gives_its_names_to_later_ones() -> None:
    text = "input: [B, T, 8]\nlayers:\n  - LSTM: [1]\n    name: a\n    as: [b]\n  - Li near: 3\n    name: c\n"
    assert ["TD003", "TD003"] == codes(text + "  - cat:\n    from: [a, b, c]\n  - share: c\n")


def test_a_wrong_step_leaves_the_others_in_the_spec() -> None:
    from tdinspect.importers import read_spec

    parsed = read_spec("input: [B, T, 8]\nlayers: [ReLU, 3, Tanh]", "x.yaml")
    assert parsed.spec is not None
    assert ["relu_1", "tanh_1"] == names(parsed.spec.steps)


@pytest.mark.parametrize(
    ("expected", "written"),
    [
        (128, "$hidden"),
        (128, "$(hidden)"),
        (64, "$(hidden // 2)"),
        (64.0, "$(hidden / 2)"),
        ((3, 5), "$kernel"),
        ("relu", "$act"),
        (Expression("T", frozenset("T")), "$T"),
        (Expression("T // 128", frozenset("T")), "$(T // hidden)"),
        ("$hidden", "$$hidden"),
        ("$", "$$"),
        ("plain", "plain"),
        (None, "null"),
        (True, "true"),
    ],
)
def test_a_constant_is_its_value_or_an_expression_of_sizes(expected: object, written: str) -> None:
    head = "input: [B, T, 8]\nvars: {hidden: 128, kernel: [3, 5], act: relu}"
    step = steps(f"- Linear: {{a: {written}}}", head=head)[0]
    assert isinstance(step.operation, Layer)
    assert {"a": expected} == step.operation.args.named


def test_constants_are_read_inside_lists_mappings_and_calls() -> None:
    head = "input: [B, T, 8]\nvars: {n: 4}"
    step = steps("- Big: {a: [$n, {b: $n}]}", "  call: {c: [$n]}", head=head)[0]
    assert isinstance(step.operation, Layer)
    assert {"a": (4, {"b": 4})} == step.operation.args.named
    assert {"c": (4,)} == step.call


def test_the_batch_size_may_stand_alone_in_a_shape_only() -> None:
    assert Expression("B", frozenset("B")) == reshape("[$B, -1]")
    for written in ("[$(B * 2), 4]", "$B"):
        text = f"input: [B, T, 8]\nlayers:\n  - reshape: {{shape: {written}}}"
        assert ["TD003"] == codes(text)


def reshape(shape: str) -> object:
    operation = steps(f"- reshape: {{shape: {shape}}}")[0].operation
    assert isinstance(operation, Function)
    found = operation.args.named["shape"]
    return found[0] if isinstance(found, tuple) else found


@pytest.mark.parametrize(("code", "size"), [("TD003", "T"), ("TD003", "B"), (None, "H")])
def test_under_time_distributed_only_other_sizes_can_be_read(code: str | None, size: str) -> None:
    text = f"input: [B, T, H]\ntime_axis: T\nlayers:\n  - TimeDistributed:\n      - view: {{shape: [${size}, -1]}}"
    assert ([code] if code else []) == codes(text)


def test_a_spec_is_named_after_its_file_unless_it_says() -> None:
    assert "some-model" == good("input: [8]\nlayers: [ReLU]").name
    assert "other" == good("name: other\ninput: [8]\nlayers: [ReLU]").name
