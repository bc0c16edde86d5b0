"""The JSON Schema for editors: what it knows, what it lets pass and what it rejects."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tdinspect.building.functions import FUNCTIONS
from tdinspect.building.signatures import layer_classes, layer_parameters
from tdinspect.domain.finding import RULES
from tdinspect.domain.spec import CONTAINERS, SOURCES
from tdinspect.importers import read_document
from tdinspect.schema import schema, schema_text

_ROOT = Path(__file__).parents[2]
_VALID = sorted(
    path
    for folder in ("specs", "tests/specs/valid", "tdinspect/cli/starters")
    for path in (_ROOT / folder).rglob("*.yaml")
)
_INVALID = sorted((_ROOT / "tests/specs/invalid").rglob("*.yaml"))

_SCHEMA: Any = schema()

# What a schema cannot express, by what the finding says, and why. A spec with any other finding must be rejected.
_BEYOND: Mapping[str, str] = {
    r"TD001 ": "it is no YAML, so there is nothing to validate",
    r"TD006 ": "whether a name is defined is written elsewhere in the spec",
    r"TD007 ": "whether a name is used twice likewise",
    r"TD008 ": "a product of many numbers, or a size of the whole file",
    r"TD009 ": "what may be imported is decided on the command line",
    r"TD[123]\d\d ": "only running the layers tells",
    r"TD003 a key must be a text|the tag|`<<`|TD003 the file is empty": "the reader of YAML sees it, not what it gives",
    r"several inputs|has \d+ inputs|several outputs": "how many inputs and outputs there are is written elsewhere",
    r"has \d+ axes|same axis|takes no input": "the axes of a shape are written elsewhere",
    r"cannot be read|can be read only alone": "which axis is batch or time is written elsewhere",
    r"by zero|infinite number|expected .* found the number": "the value of an expression is reckoned",
    r"so it cannot name an axis|is not an expression|is not allowed here|no number to reckon": "so is its syntax",
    r"uses itself": "a block leads to itself through others",
    r"is a (function|source|part|input)|only a layer or a container": "what a name stands for is written elsewhere",
    r"character that cannot be shown": "the tables of printable characters are Python's own",
    r"is above max": "two numbers are compared",
    r"is a second operation": "two blocks, or two dotted paths, are names like any other",
}


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    return Draft202012Validator(_SCHEMA)


def _data(path: Path) -> object:
    return read_document(path.read_bytes())[0].data


def _of(text: str) -> object:
    document, findings = read_document(text)
    assert not findings
    return document.data


def _step(step: str, blocks: str = "") -> object:
    return _of(f"input: [B, T, 8]\n{blocks}layers:\n  - {step}\n")


def _argument(layer: str, argument: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = _definition(layer)["properties"][argument]
    return found


def _definition(name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = _SCHEMA["$defs"][name]
    return found


def _resolved(part: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a ``$ref`` leads to, followed by hand as an editor does."""
    while "$ref" in part:
        found: Any = _SCHEMA
        for key in part["$ref"].removeprefix("#/").split("/"):
            found = found[key]
        part = found
    return part


def test_it_is_a_valid_schema_of_draft_2020_12() -> None:
    assert "https://json-schema.org/draft/2020-12/schema" == _SCHEMA["$schema"]
    Draft202012Validator.check_schema(_SCHEMA)


def test_its_text_is_itself_ends_with_a_newline_and_stays_below_a_megabyte() -> None:
    text = schema_text()
    assert _SCHEMA == json.loads(text)
    assert text.endswith("}\n")
    assert len(text.encode()) < 1_000_000


def test_every_reference_leads_somewhere() -> None:
    for reference in set(re.findall(r'"\$ref": "(#[^"]*)"', schema_text())):
        assert isinstance(_resolved({"$ref": reference}), dict), reference


@pytest.mark.parametrize("path", _VALID, ids=lambda path: path.stem)
def test_a_good_spec_is_valid(path: Path, validator: Draft202012Validator) -> None:
    assert [] == [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(_data(path))]


@pytest.mark.parametrize("path", _INVALID, ids=lambda path: path.stem)
def test_a_wrong_spec_is_rejected_where_a_schema_can_say_so(path: Path, validator: Draft202012Validator) -> None:
    expected = path.with_suffix(".txt")
    lines = re.findall(r"^(?:\S+:)?\d+:\d+:? (TD\d{3} .*)$", expected.read_text("utf-8"), re.MULTILINE)
    sayable = [line for line in lines if not any(re.search(kind, line) for kind in _BEYOND)]
    if sayable and not read_document(path.read_bytes())[1]:
        assert not validator.is_valid(_data(path)), sayable


def test_every_layer_function_source_and_container_can_be_a_step() -> None:
    names = {*layer_classes(), *FUNCTIONS, *SOURCES, *CONTAINERS, "share"}
    for step in ("step", "block_step"):
        assert set() == names - _definition(step)["anyOf"][1]["properties"].keys()


def test_an_editor_that_completes_conv2d_offers_its_arguments() -> None:
    layers = _SCHEMA["else"]["properties"]["layers"]  # of a spec without blocks
    step = _resolved(_resolved(layers)["items"])["anyOf"][1]
    conv = _resolved(step["properties"]["Conv2d"])
    assert ["out_channels", "kernel_size"] == conv["required"]
    assert {p.name for p in layer_parameters("Conv2d")} == conv["properties"].keys()
    assert 1 == conv["properties"]["stride"]["default"]
    assert "Applies a 2D convolution over an input signal composed of several input planes." in conv["description"]
    assert "https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html" in conv["description"]


@pytest.mark.parametrize(
    ("layer", "argument", "text"),
    [
        ("Conv2d", "kernel_size", "Size of the convolving kernel."),
        ("Conv2d", "in_channels", "Number of channels in the input image. The shapes tell it"),
        ("LSTM", "hidden_size", "The number of features in the hidden state `h`."),
        ("Dropout", "p", "probability of an element to be zeroed."),
        ("softmax", "dim", "A dimension along which softmax will be computed."),
        ("cat", "dim", "the dimension over which the tensors are concatenated."),
        ("causal_mask", "size", "How many rows and columns it has."),
    ],
)
def test_an_argument_says_what_it_means(layer: str, argument: str, text: str) -> None:
    assert _argument(layer, argument)["description"].startswith(text)


def test_nearly_every_argument_and_every_operation_says_what_it_means() -> None:
    silent = []
    for name in (*layer_classes(), *FUNCTIONS, *SOURCES):
        definition = _definition(name)
        assert not definition["description"].startswith("http"), name
        mapping = definition if "properties" in definition else definition["anyOf"][0]
        silent += [f"{name}.{key}" for key, value in mapping["properties"].items() if "description" not in value]
    assert len(silent) <= 10, silent


def test_descriptions_are_free_of_markup() -> None:
    descriptions = re.findall(r'"description": "((?:[^"\\]|\\.)*)"', schema_text())
    assert [] == [text for text in descriptions if re.search(r":\w+:`|``|\.\. |\\\\", text)]


@pytest.mark.parametrize("name", sorted(layer_classes()))
def test_torchs_own_defaults_are_valid(name: str) -> None:
    mapping = _definition(name) if "properties" in _definition(name) else _definition(name)["anyOf"][0]
    for argument, value in mapping["properties"].items():
        if "default" in value:
            rule = {**value, "$defs": _SCHEMA["$defs"]}
            assert Draft202012Validator(rule).is_valid(value["default"]), argument


@pytest.mark.parametrize(
    "step",
    [
        "ReLU",
        "Linear: 10",
        "Linear: $hidden",
        "Linear: $(2 * hidden)",
        "Linear: {out_features: 10, bias: false}",
        "LSTM: 128",
        "LayerNorm",
        "softmax: -1",
        "add: 2",
        "add:",
        "Conv2d: {out_channels: 8, kernel_size: [3, 5], padding: same}",
        "Conv2d: {out_channels: $c, kernel_size: [3, $k], dtype: float64}",
        "AvgPool1d: {kernel_size: 2, stride: null}",
        "ConstantPad1d: {padding: [2, 0], value: 0}",
        "AdaptiveAvgPool2d: {output_size: [1, null]}",
        "TransformerEncoder: {encoder_layer: {TransformerEncoderLayer: {nhead: 2}}, num_layers: 6, norm: LayerNorm}",
        "mypkg.nets.Head: {size: 3, label: a$$b}",
        "torchvision.models.resnet50",
        "{ReLU: , repeat: 3, name: a, from: [a, [b, c]], as: [x, [y, _]], trainable: false, time: per_step}",
        "{share: a, from: {query: x, key: [y, z.0]}}",
        "parameter: {shape: [1, 8], init: normal}",
        "causal_mask: $T",
        "Residual: [ReLU]",
        "Residual: {layers: [ReLU], shortcut: [Linear: 8]}",
        "Recurrent: {state: {h: [8, $c, H]}, layers: [ReLU], next: {h: relu_1}, initial: {h: a}}",
        "TimeDistributed: {layers: [ReLU], mode: chunk, chunk_size: 4, batch_axis: none}",
    ],
)
def test_a_good_step_is_valid(step: str, validator: Draft202012Validator) -> None:
    assert validator.is_valid(_step(step))


@pytest.mark.parametrize(
    "step",
    [
        "Linear",  # needs out_features
        "Conv2d: 16",  # a kernel_size is missing
        "Conv2d: [3, 16, 3]",  # a list never means positional arguments
        "Conv2d: {out_channels: 8, kernal_size: 3}",
        "Conv2d: {out_channels: 8.5, kernel_size: 3}",
        "Conv2d: {out_channels: 8, kernel_size: [3, 3, 3]}",
        "Conv2d: {out_channels: 8, kernel_size: 3, padding_mode: mirror}",
        "LSTM: {hidden_size: 8, batch_first: yes}",
        "Linear: $n * 2",
        "Linear: {out_features: 8, dtype: float23}",
        "Conv2D: {out_channels: 8, kernel_size: 3}",
        "sofmax: -1",
        "softmax",
        "Sigmoid: 3",
        "{Linear: 8, ReLU: }",
        "{Linear: 8, Unknown: }",
        "{Linear: 8, share: a}",
        "{Linear: 8, nmae: head}",
        "{name: head}",
        "{ReLU: , repeat: 0}",
        "{ReLU: , time: casual}",
        "{ReLU: , from: 0}",
        "{zeros: {shape: [1]}, from: a}",
        "parameter: {shape: [1], init: random}",
        "TransformerEncoder: {encoder_layer: {Nothing: 3}, num_layers: 6}",
        "Recurrent: {layers: [ReLU]}",
        "TimeDistributed: {layers: [ReLU], mode: folded}",
        "Sequential: []",
        "nn.Linear: 8",
        "nn.ReLU()",
    ],
)
def test_a_wrong_step_is_rejected(step: str, validator: Draft202012Validator) -> None:
    assert not validator.is_valid(_step(step))


def test_a_capital_name_is_a_block_only_where_the_spec_has_blocks(validator: Draft202012Validator) -> None:
    blocks = "blocks:\n  Twice: {params: {c: 8}, inputs: [x, y], outputs: [z], layers: [ReLU]}\n"
    for step in ("Twice", "Twice: 8", "Twice: {c: 8}", "TimeDistributed: [Twice]"):
        assert validator.is_valid(_step(step, blocks))
        assert not validator.is_valid(_step(step))


def test_with_blocks_the_arguments_of_a_layer_are_still_checked(validator: Draft202012Validator) -> None:
    blocks = "blocks:\n  Twice: [ReLU]\n"
    for step in ("Linear", "Linear: {out: 8}", "sofmax: 1", "Twice: [ReLU]", "Sequential: [Linear: {out: 8}]"):
        assert not validator.is_valid(_step(step, blocks))


@pytest.mark.parametrize("name", ["twice", "Linear", "Sequential", "two words"])
def test_a_block_cannot_be_named_so(name: str, validator: Draft202012Validator) -> None:
    assert not validator.is_valid(_of(f"input: [B, 8]\nblocks:\n  {name}: [ReLU]\nlayers: [ReLU]\n"))


@pytest.mark.parametrize(
    "top",
    [
        "layers: [ReLU]",
        "input: [B, 8]\ninputs: {a: [B, 8]}\nlayers: [ReLU]",
        "input: [B, 8]",
        "input: [B, 8]\nlayer: [ReLU]\nlayers: [ReLU]",
        "input: {shape: [B, 8], dtype: float32, high: 3}\nlayers: [ReLU]",
        "input: [B, H//2]\nlayers: [ReLU]",
        "input: [B, 8]\nlayers: [ReLU]\nexpect: {parms: 3}",
        "input: [B, 8]\nlayers: [ReLU]\nexpect: {params: {mx: 3}}",
        "input: [B, 8]\nlayers: [ReLU]\nexpect: {params: 5 millions}",
        "input: [B, 8]\nlayers: [ReLU]\nexpect: {fails: TD999}",
        "input: [B, 8]\nlayers: [ReLU]\nexpect: {causal: yes}",
    ],
)
def test_a_wrong_top_is_rejected(top: str, validator: Draft202012Validator) -> None:
    assert not validator.is_valid(_of(top))


def test_expect_offers_every_rule_there_is() -> None:
    assert sorted(RULES) == _definition("code")["enum"]
