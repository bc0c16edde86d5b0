"""What a careless or hostile spec may hold: texts that are no code, names with a meaning, steps without code."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tdinspect.exporters.interface import CannotExport
from tdinspect.exporters.names import attribute_names, names_of_steps
from tdinspect.importers import read_spec
from tests.exporters.keras_side import keras_text
from tests.exporters.sameness import differences, exported_text, run_text

EVIL = '"""\nimport os\nos.system("boom")\n"""'
PACKAGE = """
from torch import Tensor, nn

class Net(nn.Module):
    def __init__(self, width, label="", sizes=(1,), options=None, listed=None):
        super().__init__()
        self.label, self.sizes, self.options, self.listed = label, sizes, options, listed
        self.linear = nn.Linear(width, 4)

    def forward(self, x: Tensor, scale: float = 1.0) -> tuple[Tensor, Tensor]:
        return self.linear(x) * scale, x
"""


def spec(text: str) -> object:
    parsed = read_spec(text, "edge.yaml", {})
    assert parsed.spec is not None, parsed.findings
    return parsed.spec


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "mynets.py").write_text(PACKAGE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("mynets", None)


@pytest.mark.parametrize("export", [exported_text, keras_text], ids=["python", "keras"])
def test_no_text_of_a_spec_becomes_code(export: object) -> None:
    for said in (
        EVIL,
        "\\",
        'a quote at the end"',
        "a tab\t, a bell\u0007, \u2028 a line",
        "{braces} %s",
        "#",
        "\u202e",
    ):
        head = f"name: 'evil # comment'\ndescription: {json.dumps(said)}\n"
        code = export(spec(f"{head}input: [B, 4]\nlayers:\n  - Linear: 4\n"))  # type: ignore[operator]
        names = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}
        assert {"os", "boom"}.isdisjoint(names)
        assert code.replace("\n", "").isprintable()


def test_texts_of_a_users_module_are_literals(package: None) -> None:
    text = (
        'input: [B, 3]\nlayers:\n  - mynets.Net: {width: 3, label: "it\'s \\"quoted\\"\\n", sizes: [2, 3], '
        'options: {"a\'b": [1, {c: null}]}, listed: [1, [2]]}\n    call: {scale: 2.5}\n    as: [y, _]\n  - ReLU\n'
    )
    made = spec(text)
    code = exported_text(made, allow=("mynets",))  # type: ignore[arg-type]
    assert "import mynets\n" in code
    net = next(m for m in run_text(code).modules() if type(m).__name__ == "Net")
    wanted = {"label": 'it\'s "quoted"\n', "sizes": (2, 3), "options": {"a'b": [1, {"c": None}]}, "listed": [1, [2]]}
    assert wanted == {name: vars(net)[name] for name in wanted}


def test_a_users_module_runs_in_the_code(package: None) -> None:
    made = spec("input: [B, T, 3]\ntime_axis: T\nlayers:\n  - TimeDistributed:\n      - mynets.Net: 3\n")
    code = exported_text(made, allow=("mynets",))  # type: ignore[arg-type]
    assert (2, 5, 4) == tuple(run_text(code)(torch.zeros(2, 5, 3)).shape)


SHARED = """
inputs: {a: [B, T, 4], b: [T, B, 4]}
time_axis: T
blocks:
  Per:
    - TimeDistributed: [{Linear: 4}]
    - relu
layers:
  - {Per: , from: a, name: first}
  - {share: first, from: b, name: second}
"""


def test_weights_used_again_in_another_way_are_refused_by_name() -> None:
    with pytest.raises(CannotExport, match=r"^second cannot be exported: ") as caught:
        exported_text(spec(SHARED))  # type: ignore[arg-type]
    assert ("layers", 1, "share") == caught.value.finding.path


TUPLES = """
inputs: {x: [B, T, 4], h: [1, B, 4], c: [1, B, 4]}
sizes: {T: 5}
time_axis: T
blocks:
  Read:
    inputs: [x, state]
    outputs: [seq, last]
    layers:
      - {LSTM: {hidden_size: 4, batch_first: true}, from: [x, state], as: [seq, last]}
layers:
  - {Read: , from: [x, [h, c]], as: [one, state]}
  - {Read: , from: [one, state], as: [two, [h2, _]], name: again}
  - {Linear: 4, from: two}
outputs: [linear_1, h2]
"""


def test_a_tuple_enters_a_block_and_leaves_it() -> None:
    made = spec(TUPLES)
    assert [] == differences(made, exported_text(made), [{"T": 7}])  # type: ignore[arg-type]


UNUSED = """
inputs: {x: [B, 4], y: [B, 4]}
layers:
  - {Linear: 4, from: y, name: idle}
  - {chunk: {chunks: 2, dim: 1}, from: x, as: [left, _]}
  - {unbind: 0, from: x, as: [row]}
  - {Linear: 4, from: x, name: used}
outputs: [used, row]
"""


def test_what_nobody_reads_keeps_its_weights_and_is_not_computed() -> None:
    made = spec(UNUSED)
    code = exported_text(made)  # type: ignore[arg-type]
    assert "self.idle = nn.Linear(4, 4)" in code
    assert "self.idle(" not in code
    assert "chunk" not in code
    assert [] == differences(made, code)  # type: ignore[arg-type]


def test_the_names_of_attributes_follow_the_steps() -> None:
    made = spec(SHARED)
    assert {"first.timedistributed_1.linear_1": "first.timedistributed_1"}.items() <= names_of_steps(made).items()  # type: ignore[arg-type]
    assert {("blocks", "Per", 0, "TimeDistributed", 0): "first.timedistributed_1"} == attribute_names(made)  # type: ignore[arg-type]


def test_one_class_has_the_numbers_in_which_its_uses_differ() -> None:
    block = "blocks:\n  Two:\n    params: {c: 8}\n    layers: [{Linear: $c}, ReLU, {Linear: 3}]\n"
    code = exported_text(spec(f"input: [B, 5]\n{block}layers:\n  - Two: 8\n  - Two: 16\n"))  # type: ignore[arg-type]
    assert 1 == code.count("class Two(")
    assert "self.two_1 = Two(in_features=5, out_features=8)" in code
    assert "self.two_2 = Two(in_features=3, out_features=16)" in code


def test_a_class_of_another_name_than_the_imports() -> None:
    blocks = "blocks:\n  Tensor: [{Linear: 4}]\n  Exported: [{Linear: 4}]\n"
    made = spec(f"name: tensor\ninput: [B, 4]\n{blocks}layers:\n  - Tensor\n  - Exported\n")
    assert [] == differences(made, exported_text(made))  # type: ignore[arg-type]


def test_one_time_distributed_after_another_folds_once() -> None:
    steps = "".join(f"  - TimeDistributed: [{layer}]\n" for layer in ("Linear: 3", "ReLU", "Linear: 2"))
    text = exported_text(spec(f"input: [B, T, 4]\ntime_axis: T\nlayers:\n{steps}"))  # type: ignore[arg-type]
    assert 1 == text.count("flatten(0, 1)") == text.count("unflatten(")


def test_a_call_that_does_not_fit_behind_a_long_name_stands_on_its_own_line() -> None:
    long = "the_attention_of_the_second_decoder_layer"
    steps = f"  - unflatten: {{dim: -1, sizes: [2, 2]}}\n    name: {long}_split\n"
    steps += f"  - transpose: {{dim0: 1, dim1: 2}}\n    name: {long}_heads\n"
    steps += f"  - add:\n    from: [{long}_heads, {long}_heads]\n"
    text = exported_text(spec(f"input: [B, T, 4]\ntime_axis: T\nlayers:\n{steps}"))  # type: ignore[arg-type]
    assert f"{long}_heads = (\n            {long}_split.transpose(1, 2)\n        )" in text
