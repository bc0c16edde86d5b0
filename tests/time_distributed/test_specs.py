"""The mode of a TimeDistributed in a spec reaches the built model, and changes neither shapes nor values."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from tdinspect import TimeDistributed, build, inspect
from tdinspect.domain.report import SpecReport
from tests.importers.reading import good
from tests.time_distributed.reference import normal

SPEC = """
inputs: {{x: [B, T, 3, 8, 8], scale: [B, T, 4]}}
time_axis: T
layers:
  - TimeDistributed:
      layers:
        - Conv2d: {{out_channels: 4, kernel_size: 3}}
          from: x
        - BatchNorm2d
        - mean: {{dim: [2, 3]}}
          name: means
        - LSTMCell: 4
          as: [h, c]
        - mul:
          from: [h, scale]
{options}
    from: [x, scale]
    name: frames
  - add:
    from: [frames, frames.means]
"""
FOLD = ""
OPTIONS = ["mode: fold", "mode: loop", "mode: chunk\nchunk_size: 2", "chunk_size: 9\nmode: chunk"]


def spec(options: str) -> str:
    return SPEC.format(options="".join(f"      {line}\n" for line in options.splitlines()))


def model(options: str) -> nn.Module:
    torch.manual_seed(0)
    return build(good(spec(options))).eval()


@pytest.mark.parametrize("options", OPTIONS)
def test_the_mode_of_a_spec_reaches_the_model_and_gives_the_same_values(options: str) -> None:
    found = model(options)
    frames = found.get_submodule("body.frames")
    assert isinstance(frames, TimeDistributed)
    said = "\n".join(f"{name}: {getattr(frames, name)}" for name in ("mode", "chunk_size") if getattr(frames, name))
    assert sorted(options.splitlines()) == sorted(said.splitlines())
    for steps in (5, 1):
        x, scale = normal(2, steps, 3, 8, 8, dtype=torch.float32), normal(2, steps, 4, dtype=torch.float32)
        torch.testing.assert_close(model(FOLD)(x, scale), found(x, scale))


@pytest.mark.parametrize("options", OPTIONS)
def test_a_report_does_not_depend_on_the_mode(options: str, tmp_path: Path) -> None:
    def report(text: str) -> SpecReport:
        path = tmp_path / "model.yaml"
        path.write_text(spec(text), encoding="utf-8")
        return inspect(path).specs[0]

    fold, found = report(FOLD), report(options)
    assert [replace(row, line=None) for row in fold.layers] == [replace(row, line=None) for row in found.layers]
    assert (fold.outputs, fold.totals, fold.findings) == (found.outputs, found.totals, found.findings)


def test_batch_norm_of_a_built_model_updates_once_a_chunk() -> None:
    found = model("mode: chunk\nchunk_size: 2").train()
    found(torch.zeros(2, 5, 3, 8, 8), torch.zeros(2, 5, 4))
    assert found.get_buffer("body.frames.module.body.batchnorm2d_1.num_batches_tracked") == 3
