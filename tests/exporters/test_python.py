"""Every spec of the repository as PyTorch code: the same parameters, and the same values with the same weights."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch

from tdinspect.domain.spec import ModelSpec
from tdinspect.importers import read_spec
from tdinspect.pipeline import Request, Source, inspect_source
from tests.exporters.sameness import differences, exported_text, run_text

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
OURS, VALID, OWN = ROOT / "specs", ROOT / "tests" / "specs" / "valid", HERE / "specs"
# Specs that are not meant to run: no code either.
NOT_BUILT = ("conv2d_bare.yaml", "blocks.yaml", "containers_and_sources.yaml", "everything.yaml")
FILES = [path for folder in (OURS, VALID, OWN) for path in sorted(folder.rglob("*.yaml")) if path.name not in NOT_BUILT]

# For the values the large ones run with other numbers in their text: fewer channels, smaller images, fewer layers.
_WIDTHS = {"4096": "12", "1024": "16", "512": "8", "384": "8", "256": "8", "128": "8", "1000": "7"}
SMALLER: dict[str, Mapping[str, str]] = {
    "attention_decoder.yaml": {"8000": "50", "256": "8"},
    "bert_base.yaml": {"30522": "60", "768": "24", "depth: 12": "depth: 2"},
    "c3d.yaml": {**_WIDTHS, "112": "32", "64": "4"},
    "causal_transformer.yaml": {"40478": "60", "768": "24", "depth: 12": "depth: 2"},
    "conv2d_images.yaml": {"256": "12"},
    "conv2d_wrapped.yaml": {"256": "12"},
    "convlstm.yaml": {"128": "8", "64, 64": "16, 16", "16, 16": "4, 4", "64": "4", "T: 4": "T: 3"},
    "crnn.yaml": {"512": "16", "256": "8", "128": "8", "64": "8"},
    "deepspeech2.yaml": {"800": "12", "depth: 5": "depth: 2", "T: 64": "T: 20"},
    "gpt2.yaml": {"50257": "60", "1024": "40", "768": "24", "depth: 12": "depth: 2"},
    "linear_many_axes.yaml": {},
    "lrcn.yaml": {**_WIDTHS, "96": "4", "227": "67"},
    "mask_rcnn_fpn.yaml": {"2048": "8", **_WIDTHS, "91": "5", "64, 64": "16, 16", "32, 32": "8, 8",
    "16, 16": "4, 4", "8, 8": "2, 2"},
    "mask_rcnn_heads.yaml": {"1024": "8", "256": "4", "81": "5"},
    "mask_rcnn_rpn.yaml": {"256": "4", "512": "8"},
    "mobilenet_v2.yaml": {"224": "32"},
    "resnet50.yaml": {"512": "16", "256": "8", "128": "8", "64": "4", "224": "32", "1000": "7"},
    "resnet50_lstm.yaml": {"512": "16", "256": "8", "128": "8", "width: 64": "width: 4",
    "channels: 64": "channels: 4", "T: 4": "T: 2"},
    "seq2seq_attention.yaml": {"8000": "50", "256": "8"},
    "unet.yaml": {"1024": "32", "512": "16", "256": "8", "128": "8", "channels: 64": "channels: 4", "64": "32"},
    "vgg16.yaml": {**_WIDTHS, "224": "32", "64": "4"},
    "vit_b16.yaml": {"224": "32", "768": "24", "repeat: 12": "repeat: 2", "1000": "7"},
}  # fmt: skip


def read(path: Path, replaced: Mapping[str, str] | None = None) -> ModelSpec:
    text, _, expect = path.read_text(encoding="utf-8").partition("\nexpect:")
    for old, new in (replaced or {}).items():
        text = re.sub(rf"(?<![\w.\0]){re.escape(old)}(?![\w.\0])", f"\0{new}\0", text)
    text = re.sub("\0+", "", text)
    parsed = read_spec(text, path.name, {})
    assert parsed.spec is not None, parsed.findings
    return parsed.spec


def other_sizes(path: Path, spec: ModelSpec) -> list[dict[str, int]]:
    """One more of each symbol that the spec says is free."""
    parsed = read_spec(path.read_bytes(), path.name, {}).spec
    free = parsed.expect.free if parsed is not None and parsed.expect is not None else ()
    return [{symbol: spec.sizes[symbol] + 1} for symbol in free]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_code_computes_what_the_built_model_does(path: Path) -> None:
    spec = read(path, SMALLER.get(path.name))
    assert [] == differences(spec, exported_text(spec), other_sizes(path, spec))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_so_does_the_code_with_tdinspect(path: Path) -> None:
    spec = read(path, SMALLER.get(path.name))
    text = exported_text(spec, with_tdinspect=True)
    assert text == exported_text(spec) or "from tdinspect import TimeDistributed" in text
    if "TimeDistributed(" in text:
        assert [] == differences(spec, text, other_sizes(path, spec))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_code_has_as_many_parameters_as_the_report_says(path: Path) -> None:
    source = Source(path.name, path.read_bytes())
    totals = inspect_source(source, Request("params", (source,))).totals
    with torch.device("meta"):
        module = run_text(exported_text(read(path)))
    assert totals.params == sum(p.numel() for p in module.parameters())
    assert totals.trainable_params == sum(p.numel() for p in module.parameters() if p.requires_grad)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_code_imports_torch_alone(path: Path) -> None:
    tree = ast.parse(exported_text(read(path)))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert imported <= {"__future__", "torch", "torch.nn"}


def test_the_code_is_the_same_every_time() -> None:
    path = OURS / "convlstm.yaml"
    assert exported_text(read(path)) == exported_text(read(path))


def test_every_export_is_formatted_linted_and_typed(tmp_path: Path) -> None:
    for path in FILES:
        for with_tdinspect in (False, True):
            folder = tmp_path / ("wrapped" if with_tdinspect else "plain")
            folder.mkdir(exist_ok=True)
            text = exported_text(read(path), with_tdinspect=with_tdinspect)
            (folder / f"{path.stem}.py").write_text(text, encoding="utf-8")
    rules = ["--select", "E,F,I,W,B,UP,C4,SIM", "--line-length", "88"]
    for command in (["ruff", "format", "--check", "--isolated"], ["ruff", "check", "--isolated", *rules]):
        run = subprocess.run([sys.executable, "-m", *command, "."], cwd=tmp_path, capture_output=True, text=True)
        assert 0 == run.returncode, run.stdout + run.stderr
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", os.devnull, "plain"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert 0 == run.returncode, run.stdout + run.stderr
