"""Arguments of a spec against a signature: what is wrong with them, in full sentences."""

from __future__ import annotations

import pytest

from tdinspect.building.arguments import bind_arguments
from tdinspect.building.functions import FUNCTIONS
from tdinspect.building.signatures import function_parameters, is_tensor, layer_parameters
from tdinspect.domain.finding import Finding
from tdinspect.domain.location import Path
from tdinspect.domain.spec import Arguments, Expression, Layer

PLACE: Path = ("layers", 0, "Layer")


def bind(name: str, args: Arguments) -> tuple[dict[str, object], list[Finding]]:
    if name[0].isupper():
        return bind_arguments(name, args, layer_parameters(name), PLACE)
    constants = [p for p in function_parameters(FUNCTIONS[name]) if not is_tensor(p)]
    return bind_arguments(name, args, constants, PLACE)


def named(name: str, **arguments: object) -> list[Finding]:
    return bind(name, Arguments(named=arguments))[1]


def scalar(name: str, value: object) -> list[Finding]:
    return bind(name, Arguments(scalar=value, has_scalar=True))[1]


def messages(findings: list[Finding]) -> list[str]:
    assert all(finding.code == "TD005" for finding in findings)
    return [finding.message for finding in findings]


CONV = {"out_channels": 4, "kernel_size": 3}


@pytest.mark.parametrize(
    ("message", "name", "arguments"),
    [
        ("Linear: out_features takes a whole number, not 'ten'", "Linear", {"out_features": "ten"}),
        ("Linear: out_features takes a whole number, not '10'", "Linear", {"out_features": "10"}),
        ("Linear: out_features takes a whole number, not true", "Linear", {"out_features": True}),
        ("Linear: out_features takes a whole number, not 3.0", "Linear", {"out_features": 3.0}),
        ("Linear: out_features takes a whole number, not null", "Linear", {"out_features": None}),
        ("Linear: out_features takes a whole number, not [3, 4]", "Linear", {"out_features": (3, 4)}),
        ("Linear: out_features takes a whole number, not {a: 1}", "Linear", {"out_features": {"a": 1}}),
        ("Linear: bias takes true or false, not 1", "Linear", {"out_features": 3, "bias": 1}),
        ("Linear: bias takes true or false, not 'no'", "Linear", {"out_features": 3, "bias": "no"}),
        ("Linear: dtype takes a torch dtype or null, not 'float33'", "Linear", {"out_features": 3, "dtype": "float33"}),
        ("Linear: dtype takes a torch dtype or null, not 'save'", "Linear", {"out_features": 3, "dtype": "save"}),
        ("Linear: dtype takes a torch dtype or null, not 32", "Linear", {"out_features": 3, "dtype": 32}),
        (
            "Conv2d: kernel_size takes a whole number or a list of 2 whole numbers, not [3, 3, 3]",
            "Conv2d",
            {"out_channels": 4, "kernel_size": (3, 3, 3)},
        ),
        (
            "Conv2d: kernel_size takes a whole number or a list of 2 whole numbers, not ['3', '3']",
            "Conv2d",
            {"out_channels": 4, "kernel_size": ("3", "3")},
        ),
        (
            "Conv2d: kernel_size takes a whole number or a list of 2 whole numbers, not [3, true]",
            "Conv2d",
            {"out_channels": 4, "kernel_size": (3, True)},
        ),
        (
            "Conv1d: stride takes a whole number or a list of 1 whole number, not [2, 2]",
            "Conv1d",
            {**CONV, "stride": (2, 2)},
        ),
        (
            "Conv2d: padding takes a text, a whole number or a list of 2 whole numbers, not 1.5",
            "Conv2d",
            {**CONV, "padding": 1.5},
        ),
        (
            "Conv2d: padding_mode takes zeros, reflect, replicate or circular, not 'zero'",
            "Conv2d",
            {**CONV, "padding_mode": "zero"},
        ),
        (
            "AdaptiveAvgPool2d: output_size takes a whole number, null or a list of whole numbers or nulls, not ['a']",
            "AdaptiveAvgPool2d",
            {"output_size": ("a",)},
        ),
        (
            "LayerNorm: normalized_shape takes a whole number or a list of whole numbers, not [6, 'x']",
            "LayerNorm",
            {"normalized_shape": (6, "x")},
        ),
        ("LayerNorm: eps takes a number, not '1e-5'", "LayerNorm", {"normalized_shape": 6, "eps": "1e-5"}),
        ("LazyBatchNorm1d: eps takes a number, not 'small'", "LazyBatchNorm1d", {"eps": "small"}),
        ("Dropout: p takes a number, not true", "Dropout", {"p": True}),
        ("LSTM: batch_first takes true or false, not 'yes'", "LSTM", {"hidden_size": 4, "batch_first": "yes"}),
        ("RNN: nonlinearity takes a text, not 3", "RNN", {"hidden_size": 4, "nonlinearity": 3}),
        ("MultiheadAttention: num_heads takes a whole number, not 'two'", "MultiheadAttention", {"num_heads": "two"}),
        ("MultiheadAttention: bias takes true or false, not 2", "MultiheadAttention", {"num_heads": 2, "bias": 2}),
        (
            "TransformerEncoderLayer: activation takes a text or a layer, not 3",
            "TransformerEncoderLayer",
            {"nhead": 2, "activation": 3},
        ),
        (
            "MultiheadAttention: dropout takes a number, not the layer ReLU",
            "MultiheadAttention",
            {"num_heads": 2, "dropout": Layer("ReLU", Arguments())},
        ),
        (
            "Linear: bias takes true or false, not the layer ReLU",
            "Linear",
            {"out_features": 3, "bias": Layer("ReLU", Arguments())},
        ),
        (
            "TripletMarginWithDistanceLoss: distance_function takes a layer or null, not 'far'",
            "TripletMarginWithDistanceLoss",
            {"distance_function": "far"},
        ),
        ("softmax: dim takes a whole number, not 'last'", "softmax", {"dim": "last"}),
        ("permute: dims takes a list of whole numbers, not 2", "permute", {"dims": 2}),
        ("permute: dims takes a list of whole numbers, not ['a', 'b']", "permute", {"dims": ("a", "b")}),
    ],
)
def test_an_ill_typed_argument_is_a_sentence_that_says_what_suits(
    message: str, name: str, arguments: dict[str, object]
) -> None:
    assert [message] == messages(named(name, **arguments))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("Linear", {"out_features": 3, "dtype": "float64"}),
        ("Linear", {"out_features": 3, "dtype": None}),
        ("Linear", {"in_features": 3, "out_features": 3, "bias": False}),
        ("Conv2d", {"out_channels": 4, "kernel_size": (3, 5), "padding": "same"}),
        ("Conv1d", {"out_channels": 4, "kernel_size": (3,)}),
        ("AvgPool1d", {"kernel_size": 2, "stride": None}),
        ("AdaptiveAvgPool2d", {"output_size": (None, 2)}),
        ("BatchNorm1d", {"momentum": None}),
        ("LazyBatchNorm1d", {"momentum": None}),
        ("LayerNorm", {"normalized_shape": (6, 4)}),
        ("LayerNorm", {"eps": 1}),
        ("Dropout", {"p": 0}),
        ("Unflatten", {"dim": 1, "unflattened_size": (2, 3)}),
        ("TransformerEncoderLayer", {"nhead": 2, "activation": "gelu"}),
        ("TransformerEncoderLayer", {"nhead": 2, "activation": Layer("SiLU", Arguments())}),
        ("TripletMarginWithDistanceLoss", {"distance_function": Layer("CosineSimilarity", Arguments())}),
        ("MultiheadAttention", {"num_heads": 2, "kdim": None, "vdim": 3}),
        ("Linear", {"out_features": Expression("T", frozenset("T"))}),
        ("Conv2d", {"out_channels": 4, "kernel_size": (Expression("T", frozenset("T")), 3)}),
        ("mean", {"dim": (1, 2)}),
        ("mean", {"dim": 1, "keepdim": True}),
        ("add", {}),
    ],
)
def test_arguments_that_suit_are_handed_on_as_they_are(name: str, arguments: dict[str, object]) -> None:
    assert (arguments, []) == bind(name, Arguments(named=arguments))


def test_an_ill_typed_argument_is_found_at_its_value() -> None:
    (finding,) = named("Linear", out_features="ten")
    assert ((*PLACE, "out_features"), False) == (finding.path, finding.on_key)


def test_an_ill_typed_scalar_is_found_at_the_operation() -> None:
    assert [Finding("TD005", "Linear: out_features takes a whole number, not 'ten'", PLACE)] == scalar("Linear", "ten")


def test_a_scalar_becomes_the_argument_that_it_stands_for() -> None:
    assert ({"out_features": 10}, []) == bind("Linear", Arguments(scalar=10, has_scalar=True))


def test_a_false_or_null_scalar_is_a_scalar_all_the_same() -> None:
    assert ["Linear: out_features takes a whole number, not null"] == messages(scalar("Linear", None))
    assert ["Linear: out_features takes a whole number, not false"] == messages(scalar("Linear", False))


def test_a_scalar_for_a_layer_without_arguments_is_refused() -> None:
    assert [Finding("TD005", "Tanh takes no argument", PLACE, help="write `Tanh`")] == scalar("Tanh", 3)


@pytest.mark.parametrize(
    ("help", "name", "unknown"),
    [
        ("did you mean `kernel_size`?", "Conv2d", "kernel"),
        ("did you mean `out_channels`?", "Conv2d", "out_chanels"),
        ("did you mean `batch_first`?", "LSTM", "batchFirst"),
        ("did you mean `hidden_size`?", "LSTM", "units"),
        ("did you mean `out_features`?", "Linear", "units"),
        ("did you mean `p`?", "Dropout", "rate"),
        ("did you mean `dim`?", "Softmax", "axis"),
        ("it takes start_dim, end_dim", "Flatten", "zebra"),
        ("it takes no argument", "Tanh", "zebra"),
        ("did you mean `dim`?", "softmax", "dims"),
    ],
)
def test_an_unknown_argument_is_a_finding_on_its_key_with_the_nearest_name(help: str, name: str, unknown: str) -> None:
    finding = named(name, **{unknown: 3})[0]
    assert Finding("TD005", f"{name} has no argument {unknown}", (*PLACE, unknown), on_key=True, help=help) == finding


def test_a_device_cannot_be_chosen_in_a_spec() -> None:
    assert ["Linear has no argument device"] == messages(named("Linear", out_features=3, device="cuda"))


def test_a_missing_argument_is_a_finding_with_the_form_to_write() -> None:
    expected = Finding(
        "TD005", "Conv2d needs kernel_size", PLACE, True, "write `Conv2d: {out_channels: 4, kernel_size: ...}`"
    )
    assert [expected] == named("Conv2d", out_channels=4)


def test_a_long_layer_is_not_repeated_in_the_form_to_write() -> None:
    (finding,) = named("Conv2d", out_channels=4, padding=10**40, stride=10**40)
    assert "write `Conv2d: {..., kernel_size: ...}`" == finding.help


def test_every_missing_argument_is_told() -> None:
    assert ["Conv2d needs out_channels", "Conv2d needs kernel_size"] == messages(named("Conv2d"))


@pytest.mark.parametrize("name", ["BatchNorm2d", "LayerNorm", "RMSNorm", "InstanceNorm1d"])
def test_a_size_that_the_shape_tells_may_be_missing(name: str) -> None:
    assert [] == named(name)


def test_all_mistakes_of_one_layer_are_told_at_once() -> None:
    found = messages(named("Conv2d", kernel=3, out_channels="x", bias="no"))
    assert [
        "Conv2d has no argument kernel",
        "Conv2d: out_channels takes a whole number, not 'x'",
        "Conv2d: bias takes true or false, not 'no'",
    ] == found  # kernel_size is misspelt, not missing as well


def test_an_unknown_argument_is_not_handed_on() -> None:
    assert {"out_features": 3} == bind("Linear", Arguments(named={"out_features": 3, "zebra": 1}))[0]
