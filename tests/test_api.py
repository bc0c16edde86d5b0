"""The Python interface: a few names, loaded when used."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
import torch
from torch import nn

import tdinspect
from tdinspect import Report, SpecError, TimeDistributed, build, inspect, load
from tdinspect.domain.spec import ModelSpec

SPECS = Path(__file__).parent.parent / "specs"
VIDEO = SPECS / "video_classifier.yaml"


def python(program: str) -> str:
    """What a fresh Python prints."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def written(folder: Path, text: str) -> Path:
    path = folder / "model.yaml"
    path.write_text(text, encoding="utf-8")
    return path


HEAVY = "sorted({name.partition('.')[0] for name in sys.modules} & {'torch', 'yaml', 'rich', 'typer', 'click'})"


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert "[]" == python(f"import sys, tdinspect; tdinspect.__version__; dir(tdinspect); print({HEAVY})")


def test_reading_a_spec_needs_no_torch() -> None:
    assert "['yaml']" == python(f"import sys, tdinspect; tdinspect.load({str(VIDEO)!r}); print({HEAVY})")


def test_a_file_that_is_no_spec_needs_no_torch_either(tmp_path: Path) -> None:
    path = written(tmp_path, "input: [B, 4")
    program = f"import sys, tdinspect; tdinspect.inspect({str(path)!r}); print('torch' in sys.modules)"
    assert "False" == python(program)


def test_every_public_name_is_there_and_listed() -> None:
    names = "Finding ModelSpec Report SpecError TimeDistributed __version__ build inspect load"
    assert names.split() == sorted(tdinspect.__all__) == dir(tdinspect)
    assert all(getattr(tdinspect, name) is not None for name in tdinspect.__all__)


def test_every_public_class_and_function_says_what_it_is() -> None:
    assert [] == [name for name in tdinspect.__all__ if name != "__version__" and not getattr(tdinspect, name).__doc__]


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'tdinspect' has no attribute 'zebra'"):
        tdinspect.zebra  # noqa: B018


def test_load_gives_the_typed_spec() -> None:
    spec = load(VIDEO)
    assert isinstance(spec, ModelSpec)
    assert "T" == spec.time_axis
    assert spec == load(str(VIDEO))
    with pytest.raises(FrozenInstanceError):
        spec.name = "other"  # type: ignore[misc]


def test_load_raises_with_every_finding_of_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "input: [B, 4]\nzebra: 1\nlayers:\n  - Linear: 3\n    from: nowhere\n  - {}\n")
    with pytest.raises(SpecError) as caught:
        load(path)
    assert ["TD002", "TD006", "TD003"] == [finding.code for finding in caught.value.findings]
    assert [2, 5, 6] == [finding.position.line for finding in caught.value.findings if finding.position]
    assert [f"{f.code} {f.message}" for f in caught.value.findings] == str(caught.value).split("\n")


@pytest.mark.parametrize("call", [load, inspect])
def test_a_file_that_is_not_there_is_an_os_error(call: object, tmp_path: Path) -> None:
    assert callable(call)
    with pytest.raises(FileNotFoundError):
        call(tmp_path / "none.yaml")


def test_build_gives_a_model_with_the_shapes_of_the_report() -> None:
    model, (report,) = build(load(VIDEO)), inspect(VIDEO).specs
    assert isinstance(model, nn.Module)
    x = torch.randn(report.inputs["input"].sizes)
    assert report.outputs["output"].sizes == tuple(model(x).shape)
    assert report.totals.params == sum(weight.numel() for weight in model.parameters())


@pytest.mark.parametrize(
    ("codes", "layers"),
    [
        (["TD004", "TD005"], "[Linaer, {Conv2d: {kernel: 3, kernel_size: 3, out_channels: 4}}]"),
        (["TD101"], "[{Linear: {in_features: 3, out_features: 4}}]"),
        (["TD102"], "[{Conv2d: {in_channels: 3, out_channels: 4, kernel_size: 3}}]"),
        (["TD103"], "[{TimeDistributed: [{Conv3d: {in_channels: 5, out_channels: 4, kernel_size: 1}}]}]"),
        (["TD005"], "[{Conv2d: {in_channels: 3, out_channels: 4, kernel_size: 3, groups: 2}}]"),
        (["TD201"], "[{BatchNorm3d: {}}]"),
    ],
)
def test_build_raises_where_the_spec_cannot_be_built(codes: list[str], layers: str, tmp_path: Path) -> None:
    spec = load(written(tmp_path, f"input: [B, T, 3, 8, 8]\nsizes: {{T: 5}}\ntime_axis: T\nlayers: {layers}"))
    with pytest.raises(SpecError) as caught:
        build(spec)
    assert codes == [finding.code for finding in caught.value.findings]


def test_building_leaves_torchs_settings_as_they_are() -> None:
    fast = torch.backends.mha.get_fastpath_enabled()
    build(load(VIDEO))
    assert torch.is_grad_enabled()
    assert fast == torch.backends.mha.get_fastpath_enabled()


def test_looking_at_a_spec_draws_no_random_number() -> None:
    before = torch.get_rng_state()
    inspect(VIDEO, compare=True)
    assert torch.equal(before, torch.get_rng_state())


def test_inspect_is_the_report_of_the_command_line() -> None:
    report = inspect(VIDEO)
    assert isinstance(report, Report)
    assert report.ok
    data = report.to_dict()
    assert (1, "tdinspect", "shape") == (data["version"], data["tool"], data["command"])
    shown = python(
        f"from tdinspect.cli import main; import sys; sys.argv = ['tdinspect', 'shape', {str(VIDEO)!r}, '--format', "
        "'json']; main()"
    )
    assert json.loads(shown) == json.loads(json.dumps(data))


def test_inspect_compares_when_asked() -> None:
    data = inspect(VIDEO, compare=True).to_dict()
    assert "compare" == data["command"]
    conv = next(layer for layer in data["specs"][0]["layers"] if layer["type"] == "Conv2d")
    assert "bare_error" == conv["comparison"]["verdict"]


def test_printing_a_report_prints_the_table() -> None:
    text = str(inspect(VIDEO))
    assert "(B, T, 16, 64, 64)" in text
    assert "LSTM" in text
    assert not text.endswith("\n")
    assert "\x1b" not in text


def test_inspect_reports_a_broken_spec_and_does_not_raise(tmp_path: Path) -> None:
    report = inspect(written(tmp_path, "input: [B, 4]\nlayers: [Linaer]"))
    assert not report.ok
    assert ["TD004"] == [finding.code for finding in report.specs[0].findings]
    assert "TD004" in str(report)


def test_the_wrapper_is_importable_from_the_package() -> None:
    assert (2, 5, 16, 6, 6) == TimeDistributed(nn.Conv2d(3, 16, 3))(torch.zeros(2, 5, 3, 8, 8)).shape
