"""The sequence architectures of specs/ against the same models in plain PyTorch, and against their papers' counts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
import torch
import yaml
from torch import Tensor, nn

from tdinspect import api
from tdinspect.domain.expression import evaluate
from tdinspect.domain.report import SpecReport
from tdinspect.domain.spec import ModelSpec
from tdinspect.importers import read_spec
from tdinspect.pipeline import Request, Source, execute
from tests.architectures.sequences import SEQUENCES, Architecture, Axes

SPECS = Path(__file__).parent.parent.parent / "specs"

every = pytest.mark.parametrize("architecture", SEQUENCES, ids=lambda architecture: architecture.file)
causal = pytest.mark.parametrize(
    "architecture",
    [a for a in SEQUENCES if "causal: true" in (SPECS / f"{a.file}.yaml").read_text("utf-8")],
    ids=lambda a: a.file,
)
siblings = pytest.mark.parametrize(
    ("architecture", "overrides", "params"),
    [pytest.param(a, *sibling, id=f"{a.file}-{sibling[1]}") for a in SEQUENCES for sibling in a.siblings],
)


@every
def test_the_parameters_are_those_typed_by_hand(architecture: Architecture) -> None:
    report = inspect(architecture)
    assert () == report.findings
    assert (architecture.params, architecture.params) == (plain_count(architecture), report.totals.params)


@siblings
def test_a_published_sibling_is_a_change_of_vars(
    architecture: Architecture, overrides: Mapping[str, int], params: int
) -> None:
    report = execute(Request("params", (source(architecture),), overrides=texts(overrides))).specs[0]
    assert () == report.findings
    assert (params, params) == (plain_count(architecture, overrides), report.totals.params)


@every
def test_the_outputs_have_the_shapes_of_the_paper(architecture: Architecture) -> None:
    report = inspect(architecture)
    assert {name: at(shape, report.sizes) for name, shape in architecture.outputs.items()} == {
        name: shape.sizes for name, shape in report.outputs.items()
    }


@every
def test_the_spec_expects_what_its_paper_says(architecture: Architecture) -> None:
    expect = yaml.safe_load(source(architecture).text)["expect"]
    shapes = expect["output"] if isinstance(expect["output"], dict) else {"output": expect["output"]}
    assert dict(architecture.outputs) == {name: tuple(shape) for name, shape in shapes.items()}
    assert architecture.params == expect["params"]
    assert set(expect["free"]) <= set(inspect(architecture).params_fixed_in)


@every
def test_with_the_same_weights_plain_pytorch_gives_the_same_numbers(architecture: Architecture) -> None:
    torch.manual_seed(0)
    plain = architecture.make(**architecture.small).eval()
    built = api.build(small_spec(architecture)).eval()
    copy_weights(plain, built)
    inputs = real_inputs(architecture)
    with torch.no_grad():
        expected, got = by_name(plain(**inputs)), by_name(built(**inputs))
    assert expected.keys() == got.keys()
    for name, value in expected.items():
        torch.testing.assert_close(got[name], value, rtol=1e-4, atol=1e-5)


@causal
def test_what_is_said_to_be_causal_does_not_see_what_comes_later(architecture: Architecture) -> None:
    torch.manual_seed(0)
    built = api.build(small_spec(architecture)).eval()
    before = real_inputs(architecture)
    after = {name: value.clone() for name, value in before.items()}
    for value in after.values():
        value[:, -1] = 1 - value[:, -1].clamp(max=1)
    with torch.no_grad():
        first, second = (by_name(built(**inputs)) for inputs in (before, after))
    torch.testing.assert_close(first["output"][:, :-1], second["output"][:, :-1])
    assert not torch.equal(first["output"][:, -1], second["output"][:, -1])


@cache
def inspect_file(file: str) -> SpecReport:
    text = (SPECS / f"{file}.yaml").read_text(encoding="utf-8")
    return execute(Request("params", (Source(f"specs/{file}.yaml", text),))).specs[0]


def inspect(architecture: Architecture) -> SpecReport:
    return inspect_file(architecture.file)


def source(architecture: Architecture) -> Source:
    path = SPECS / f"{architecture.file}.yaml"
    return Source(f"specs/{path.name}", path.read_text(encoding="utf-8"))


def texts(overrides: Mapping[str, int]) -> dict[str, str]:
    return {name: str(value) for name, value in overrides.items()}


def small_spec(architecture: Architecture) -> ModelSpec:
    parsed = read_spec(source(architecture).text, architecture.file, texts(architecture.small))
    assert () == parsed.findings
    assert parsed.spec is not None
    return parsed.spec


def plain_count(architecture: Architecture, overrides: Mapping[str, int] | None = None) -> int:
    with torch.device("meta"):
        model = architecture.make(**overrides or {})
    return sum(parameter.numel() for parameter in model.parameters())


def at(shape: Axes, sizes: Mapping[str, int]) -> tuple[int, ...]:
    """The shape in numbers."""
    return tuple(int(evaluate(axis, sizes)) if isinstance(axis, str) else axis for axis in shape)


def copy_weights(plain: nn.Module, built: nn.Module) -> None:
    """Random weights for both, norms and biases too: the parameters stand in the same order."""
    theirs, ours = list(plain.parameters()), list(built.parameters())
    assert [tuple(weight.shape) for weight in theirs] == [tuple(weight.shape) for weight in ours]
    with torch.no_grad():
        for weight, copy in zip(theirs, ours, strict=True):
            weight.add_(0.02 * torch.randn(weight.shape))
            copy.copy_(weight)


def real_inputs(architecture: Architecture) -> dict[str, Tensor]:
    inputs = {}
    for name, shape in architecture.inputs.items():
        sizes = at(shape, architecture.sizes)
        if name == "padding":
            inputs[name] = torch.zeros(sizes, dtype=torch.bool)
            inputs[name][0, -2:] = True
        else:
            inputs[name] = torch.randint(architecture.high, sizes) if architecture.high else torch.rand(sizes)
    return inputs


def by_name(result: Tensor | Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {"output": result} if isinstance(result, Tensor) else dict(result)
