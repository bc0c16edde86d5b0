"""What a process has seen before changes no report: specs in any order give what each gives alone, in a new process.

What single layers do is remembered from spec to spec (``domain/remembered.py``); here the memory is emptied for the
reports that the others are held to.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tdinspect.building.construct import Workshop
from tdinspect.domain.report import Report
from tdinspect.pipeline import Request, Source, execute
from tdinspect.running.dependence import axes
from tdinspect.running.ledger import Ledger
from tdinspect.running.sides import Transfers

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "specs").rglob("*.yaml"))

INT, LONG = {"dtype": "int64", "high": 4}, {"dtype": "int64", "high": 50}
LSTM = {"LSTM": {"hidden_size": 3, "batch_first": True}}
ALL = ["x", "x", "x"]
STEPS: list[list[Any]] = [
    [{"Linear": 6}, LSTM, {"softmax": 1}],
    [{"Linear": 6}, {"LSTM": {"hidden_size": 3, "batch_first": False}}, {"softmax": -1}],
    [{"TimeDistributed": [{"Linear": 6}, {"softmax": -1}]}, {"narrow": {"dim": 1, "start": 0, "length": "$(T-k)"}}],
    [{"narrow": {"dim": 1, "start": 1, "length": "$k"}}, {"to": {"dtype": "float64"}}, {"mean": 1}],
    [{"transpose": {"dim0": 1, "dim1": 2}}, {"Conv1d": {"out_channels": 4, "kernel_size": 2, "stride": 2}}],
    [{"scaled_dot_product_attention": {"is_causal": True}, "from": ALL}, {"reshape": {"shape": ["$B", -1]}}],
    [{"MultiheadAttention": {"num_heads": 2, "batch_first": True}, "from": ALL, "call": {"need_weights": False}}],
    [{"diagonal": {"dim1": 1, "dim2": 2}}],
    [{"BatchNorm1d": None}, {"Residual": [{"Linear": 6}]}],
    [{"Embedding": {"num_embeddings": 9, "embedding_dim": 6}}, LSTM],
]  # fmt: skip
# The same names and sizes, and one thing that differs.
WORLDS: list[dict[str, Any]] = [
    {}, {"time_axis": None}, {"time_axis": 2}, {"batch_axis": "none"}, {"batch_axis": 1, "time_axis": 0},
    {"vars": {"k": 2}}, {"sizes": {"B": 6, "T": 6}}, {"sizes": {"T": 4, "B": 6}}, {"shape": ["T", "B", 6]},
    {"shape": [4, 6, 6], "time_axis": 1}, {"shape": ["B", "T"], **INT}, {"shape": ["B", "T"], **LONG},
    {"dtype": "float64"}, {"dtype": "bool"}, {"shape": ["B", "T", "T"]},
]  # fmt: skip


def spec_of(steps: list[Any], world: dict[str, Any]) -> str:
    given = {"shape": ["B", "T", 6], "sizes": {"B": 4, "T": 6}, "time_axis": "T", "vars": {"k": 1}} | world
    entry = {key: given.pop(key) for key in ("shape", "dtype", "high") if key in given}
    used = [name for name in entry["shape"] if isinstance(name, str)]
    given["sizes"] = {name: size for name, size in given["sizes"].items() if name in used}
    return json.dumps({"inputs": {"x": entry}, "layers": steps} | {k: v for k, v in given.items() if v is not None})


def report_of(text: bytes, device: Any = "auto", allow: tuple[str, ...] = ()) -> dict[str, Any]:
    """Everything that `check` finds out about a spec."""
    request = Request("check", (Source("spec.yaml", text),), device=device, allow_import=allow, details=True)
    data: dict[str, Any] = Report("axes", execute(request).specs).to_dict()["specs"][0]
    return data


def forget() -> None:
    for memory in (Transfers._of_all, Ledger._known, axes._EFFECTS, Workshop._patterns):
        memory._known.clear()


def held_to_each_alone(texts: list[tuple[bytes, Any]]) -> Iterator[tuple[bytes, dict[str, Any], dict[str, Any]]]:
    """Each spec with its report by itself, and its report after many others."""
    alone = []
    for text, device in texts:
        forget()
        alone.append(report_of(text, device))
    forget()
    order = list(range(len(texts)))
    random.Random(7).shuffle(order)
    for i in order:
        text, device = texts[i]
        yield text, alone[i], report_of(text, device)


def test_a_report_does_not_follow_from_the_specs_before_it() -> None:
    every = [(spec_of(steps, world).encode(), "auto") for steps in STEPS for world in WORLDS]
    on_meta = [(text, "meta") for text, _ in every[:: len(WORLDS)]]
    texts = [*every, *on_meta, *((file.read_bytes(), "auto") for file in FILES[::4])]
    for text, alone, among_others in held_to_each_alone(texts):
        assert alone == among_others, text.decode(errors="replace")


PART = """
from torch import nn
class Part(nn.TransformerEncoderLayer):
    def forward(self, src, **masks):
        return src[..., :{width}]
"""


def test_a_users_module_inside_a_layer_of_torch_is_looked_at_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = {"partsofmine.Part": {"d_model": 8, "nhead": 2, "batch_first": True}}
    encoder = {"TransformerEncoder": {"encoder_layer": inner, "num_layers": 1}}
    text = json.dumps({"input": ["B", "T", 8], "time_axis": "T", "layers": [encoder]}).encode()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    found = []
    for width in (5, 3):
        (tmp_path / "partsofmine.py").write_text(PART.format(width=width))
        sys.modules.pop("partsofmine", None)
        found.append(report_of(text, allow=("partsofmine",))["outputs"]["output"]["symbols"])
    assert [["B", "T", "5"], ["B", "T", "3"]] == found
