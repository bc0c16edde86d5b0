"""The folder is the test list: every file in it reads without a finding. One is compared whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tdinspect.domain.spec import (
    Arguments,
    Container,
    Expect,
    Expression,
    Function,
    InputSpec,
    Layer,
    ModelSpec,
    Share,
    Step,
)
from tdinspect.importers import read_spec

ROOT = Path(__file__).parents[2]
CASES = sorted((ROOT / "tests" / "specs" / "valid" / "reading").glob("*.yaml"))
EXAMPLES = sorted((ROOT / "specs").glob("*.yaml"))

WHOLE = """
description: a spec with a bit of everything
inputs:
  words: {shape: [B, S], dtype: long, high: 50}
  video: [B, T, $channels, 32]
sizes: {S: 7}
time_axis: [S, T]
vars: {channels: 3, kernel: [3, 3]}
layers:
  - Embedding: {num_embeddings: 50, embedding_dim: $(channels * 4)}
    from: words
  - LSTM: 16
    as: [seq, [h, _]]
    time: causal
  - TimeDistributed:
      layers:
        - Conv1d: {out_channels: 8, kernel_size: $kernel}
        - Flatten
      mode: loop
    from: video
    name: frames
  - share: lstm_1
    from: [embedding_1, [h, h]]
    trainable: false
  - reshape: {shape: [$B, $(S * channels), -1]}
    from: {input: frames.conv1d_1}
    call: {out: null}
outputs: [frames, reshape_1]
expect:
  output: {frames: [B, T, ...]}
  params: 5M
  fails: TD101
"""

EXPECTED = ModelSpec(
    name="whole",
    description="a spec with a bit of everything",
    inputs=(
        InputSpec("words", ("B", "S"), ("inputs", "words"), dtype="int64", high=50, time_axis=1, batch_axis=0),
        InputSpec("video", ("B", "T", 3, 32), ("inputs", "video"), time_axis=1, batch_axis=0),
    ),
    steps=(
        Step(
            "embedding_1",
            Layer("Embedding", Arguments(named={"num_embeddings": 50, "embedding_dim": 12})),
            ("layers", 0),
            ("layers", 0, "Embedding"),
            source="words",
        ),
        Step(
            "lstm_1",
            Layer("LSTM", Arguments(16, has_scalar=True)),
            ("layers", 1),
            ("layers", 1, "LSTM"),
            parts=("seq", ("h", "_")),
            time="causal",
        ),
        Step(
            "frames",
            Container(
                "TimeDistributed",
                (
                    Step(
                        "conv1d_1",
                        Layer("Conv1d", Arguments(named={"out_channels": 8, "kernel_size": (3, 3)})),
                        ("layers", 2, "TimeDistributed", "layers", 0),
                        ("layers", 2, "TimeDistributed", "layers", 0, "Conv1d"),
                    ),
                    Step(
                        "flatten_1",
                        Layer("Flatten", Arguments()),
                        ("layers", 2, "TimeDistributed", "layers", 1),
                        ("layers", 2, "TimeDistributed", "layers", 1),
                    ),
                ),
                {"mode": "loop"},
            ),
            ("layers", 2),
            ("layers", 2, "TimeDistributed"),
            source="video",
        ),
        Step(
            "share_1",
            Share("lstm_1"),
            ("layers", 3),
            ("layers", 3, "share"),
            source=("embedding_1", ("h", "h")),
            trainable=False,
        ),
        Step(
            "reshape_1",
            Function(
                "reshape",
                Arguments(named={"shape": (Expression("B", frozenset("B")), Expression("S * 3", frozenset("S")), -1)}),
            ),
            ("layers", 4),
            ("layers", 4, "reshape"),
            source={"input": "frames.conv1d_1"},
            call={"out": None},
        ),
    ),
    sizes={"B": 2, "S": 7, "T": 5},
    defaults={"B": 2, "T": 5},
    time_axis="S",
    batch_axis="B",
    vars={"channels": 3, "kernel": (3, 3)},
    outputs=("frames", "reshape_1"),
    expect=Expect(
        outputs={"frames": ("B", "T", "...")}, counts={"params": (5_000_000, 5_000_000)}, fails=("TD101", None)
    ),
)


def test_a_whole_spec_becomes_exactly_this_data() -> None:
    parsed = read_spec(WHOLE, "specs/whole.yaml")
    assert parsed.findings == ()
    assert parsed.spec == EXPECTED


@pytest.mark.parametrize("case", [*CASES, *EXAMPLES], ids=lambda case: case.stem)
def test_each_valid_spec_reads_without_a_finding(case: Path) -> None:
    parsed = read_spec(case.read_bytes(), case.name)
    assert parsed.findings == ()
    assert parsed.spec is not None


def test_reading_loads_neither_torch_nor_rich_and_yaml_only_with_the_first_file() -> None:
    code = (
        "import sys, tdinspect.importers as i\n"
        "assert 'yaml' not in sys.modules\n"
        "assert i.read_spec('input: [3]', 'x.yaml').spec\n"
        "assert not {'torch', 'rich', 'typer'} & sys.modules.keys()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
