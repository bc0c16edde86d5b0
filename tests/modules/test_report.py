"""The report on a module of the user's: rows, shapes, parameters, failures. The truth is taken by hooks and by hand."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import tdinspect
from tdinspect import Report, inspect
from tdinspect.domain.report import LayerRow, SpecReport
from tests.modules.models import (
    Encoder,
    Loop,
    NeedsWrapper,
    Shared,
    TwoInputs,
    VideoModel,
    WrappedVideoModel,
)


def looked_at(module: nn.Module, *inputs: Tensor, **options: Any) -> SpecReport:
    return inspect(module, inputs=inputs, **options).specs[0]


def row(report: SpecReport, name: str) -> LayerRow:
    return next(row for row in report.layers if row.name == name)


def symbols(report: SpecReport) -> dict[str, str]:
    return {row.name: " ".join(row.output.symbols) for row in report.layers if row.output}


def shapes_by_hooks(module: nn.Module, *inputs: Tensor) -> dict[str, tuple[int, ...]]:
    """The shape that the first call of every module gives, as a plain pass has it."""
    found: dict[str, tuple[int, ...]] = {}

    def hook(name: str) -> Any:
        def note(part: nn.Module, args: Any, output: Any) -> None:
            first = output[0] if isinstance(output, tuple) else output
            found.setdefault(name, tuple(first.shape))

        return note

    handles = [part.register_forward_hook(hook(name)) for name, part in module.named_modules() if name]
    with torch.no_grad():
        module.eval()(*inputs)
    for handle in handles:
        handle.remove()
    return found


MODELS = [
    (VideoModel(), (torch.randn(2, 6, 3, 16, 16),)),
    (Shared(), (torch.randn(2, 6, 8),)),
    (Encoder(), (torch.randint(0, 50, (2, 6)),)),
    (Loop(), (torch.randn(3, 5, 6),)),
    (nn.Linear(4, 3), (torch.randn(2, 5, 4),)),
    (nn.Transformer(8, 2, 1, 1, 16, batch_first=True), (torch.randn(2, 5, 8), torch.randn(2, 7, 8))),
]
every = pytest.mark.parametrize(("module", "inputs"), MODELS, ids=lambda value: type(value).__name__)


@every
def test_the_shapes_are_those_that_hooks_see(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
    real = shapes_by_hooks(module, *inputs)
    shown = {row.name: row.output.sizes for row in looked_at(module, *inputs).layers if row.output and row.name in real}
    assert shown == {name: real[name] for name in shown}


@every
def test_every_parameter_is_counted_once(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
    report = looked_at(module, *inputs)
    assert sum(p.numel() for p in module.parameters()) == report.totals.params
    assert sum(p.numel() * p.element_size() for p in module.parameters()) == report.totals.param_bytes
    assert report.totals.params == sum(row.params for row in report.layers if not row.container)


@every
def test_the_json_is_the_contracts(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
    data = json.loads(json.dumps(inspect(module, inputs=inputs, compare=True, axes=True).to_dict()))
    (spec,) = data["specs"]
    assert (1, "compare") == (data["version"], data["command"])
    assert ("<module>", type(module).__name__, True) == (spec["file"], spec["name"], spec["ok"])
    assert [None] * len(spec["layers"]) == [layer["line"] for layer in spec["layers"]]
    assert {"comparison", "axes"} <= {*spec} & {*spec["layers"][0]}
    names = [layer["name"] for layer in spec["layers"]]
    assert len(names) == len({*names})


def test_shapes_have_the_batch_and_time_as_symbols() -> None:
    report = looked_at(VideoModel(), torch.randn(2, 6, 3, 16, 16))
    assert {"B": 2, "T": 6} == report.sizes
    assert ("T", "B") == (report.time_axis, report.batch_axis)
    assert ("B", "T", "3", "16", "16") == report.inputs["x"].symbols
    assert ("B", "T", "5") == report.outputs["output"].symbols
    found = symbols(report)
    assert "B*T 8 16 16" == found["cnn.0"]
    assert "B*T 8 8 8" == found["cnn"]
    assert "B T 16" == found["lstm"]


def test_equal_sizes_do_not_confuse_the_symbols() -> None:
    found = symbols(looked_at(VideoModel(), torch.randn(3, 3, 3, 16, 16)))
    assert "B*T 8 16 16" == found["cnn.0"]
    assert "B T 5" == found["head"]


def test_other_axes_may_have_the_roles() -> None:
    report = looked_at(nn.LSTM(4, 8), torch.randn(5, 2, 4), time_axis=-3, batch_axis=1)
    assert ("T", "B", "8") == report.outputs["output.0"].symbols
    assert ("1", "B", "8") == report.outputs["output.1.0"].symbols


def test_a_module_without_a_batch_or_without_time() -> None:
    assert ("T", "3") == looked_at(nn.Linear(4, 3), torch.randn(5, 4), time_axis=0, batch_axis=None).outputs[
        "output"
    ].symbols
    still = looked_at(nn.Conv2d(3, 4, 3), torch.randn(2, 3, 8, 8), time_axis=None, compare=True, axes=True)
    assert ("B", "4", "6", "6") == still.outputs["output"].symbols
    assert (None, None) == (still.time_axis, still.layers[0].comparison)


def test_a_container_stands_before_what_is_inside() -> None:
    report = looked_at(VideoModel(), torch.randn(2, 6, 3, 16, 16))
    assert [
        ("cnn", "Sequential", 0, True),
        ("cnn.0", "Conv2d", 1, False),
        ("cnn.1", "BatchNorm2d", 1, False),
        ("cnn.2", "ReLU", 1, False),
        ("cnn.3", "MaxPool2d", 1, False),
        ("lstm", "LSTM", 0, False),
        ("head", "Linear", 0, False),
    ] == [(row.name, row.type, row.depth, row.container) for row in report.layers]
    assert 3 * 8 * 9 + 8 + 16 == row(report, "cnn").params
    assert "cnn.0" == row(report, "cnn.0").path
    assert "Conv2d 3→8 k3 p1" == row(report, "cnn.0").summary


def test_under_a_wrapper_shapes_are_those_that_the_model_sees() -> None:
    report = looked_at(WrappedVideoModel(), torch.randn(2, 6, 3, 16, 16))
    assert "B T 8 16 16" == symbols(report)["cnn.module.0"]
    assert "B T 512" == symbols(report)["cnn.module.4"]
    assert ("T", True) == (row(report, "cnn").steps, row(report, "cnn.module.0").time_distributed)
    assert not row(report, "head").time_distributed


def test_a_layer_met_again_shares_its_weights() -> None:
    report = looked_at(Shared(), torch.randn(2, 6, 8))
    assert [
        ("mix", None, 72),
        ("mix#2", "mix", 0),
        ("tied", None, 0),
        ("auxiliary", None, 18),
        ("token", None, 8),
    ] == [(row.name, row.shared_with, row.params) for row in report.layers]
    assert "mix" == row(report, "mix#2").path


def test_a_loop_over_time_is_shown_up_to_some_length() -> None:
    report = looked_at(Loop(), torch.randn(2, 30, 6))
    assert 16 == len(report.layers)
    assert ("cell runs 30 times: the first 16 calls are shown",) == report.notes
    assert ("B", "T", "4") == report.outputs["output"].symbols


def test_inputs_may_be_given_by_name_and_need_not_be_tensors() -> None:
    x, lengths, style = torch.randn(2, 6, 6), torch.tensor([4, 6]), torch.randn(2, 4)
    report = inspect(TwoInputs(), inputs={"x": x, "lengths": lengths, "style": style, "scale": 2.0}).specs[0]
    assert ["x", "lengths", "style"] == [*report.inputs]
    assert [("B", "T", "6"), ("B",), ("B", "4")] == [shape.symbols for shape in report.inputs.values()]
    assert {"output.steps": ("B", "T", "3"), "output.mean": ("B", "3")} == {
        name: shape.symbols for name, shape in report.outputs.items()
    }


def test_a_tensor_alone_and_a_list_are_inputs() -> None:
    x = torch.randn(2, 5, 4)
    expected = inspect(nn.Linear(4, 3), inputs=(x,)).to_dict()
    assert expected == inspect(nn.Linear(4, 3), inputs=x).to_dict() == inspect(nn.Linear(4, 3), inputs=[x]).to_dict()


def test_a_lazy_norm_is_shown_and_stays_lazy() -> None:
    module = nn.Sequential(nn.LazyConv1d(8, 3), nn.LazyBatchNorm1d())
    layers = tdinspect.inspect(module, inputs=torch.rand(2, 5, 9), time_axis=2).to_dict()["specs"][0]["layers"]
    assert [["B", "8", "T-2"]] * 2 == [layer["output_symbols"] for layer in layers]
    assert isinstance(module[1], nn.LazyBatchNorm1d)


def test_a_lazy_module_is_shown_with_the_sizes_it_gets_and_stays_lazy() -> None:
    module = nn.Sequential(nn.LazyLinear(8), nn.ReLU(), nn.LazyLinear(3))
    report = looked_at(module, torch.randn(2, 5, 4), compare=True, axes=True)
    assert (4 * 8 + 8) + (8 * 3 + 3) == report.totals.params
    assert all(isinstance(p, nn.UninitializedParameter) for p in module.parameters())


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_modules_of_any_dtype(dtype: torch.dtype) -> None:
    report = looked_at(VideoModel().to(dtype), torch.randn(2, 6, 3, 16, 16, dtype=dtype), compare=True, axes=True)
    assert str(dtype).removeprefix("torch.") == report.outputs["output"].dtype
    assert ("B", "T", "5") == report.outputs["output"].symbols
    assert report.axes is not None
    assert "causal" == report.axes.time


def test_a_module_without_any_values_is_looked_at_by_its_shapes() -> None:
    with torch.device("meta"):
        model, x = VideoModel(), torch.randn(2, 6, 3, 16, 16)
    report = looked_at(model, x, compare=True, axes=True)
    assert ("B", "T", "5") == report.outputs["output"].symbols
    assert sum(p.numel() for p in model.parameters()) == report.totals.params
    assert all(p.is_meta for p in model.parameters())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
def test_a_module_on_a_gpu_has_the_same_report_and_stays_there() -> None:
    model, x = VideoModel(), torch.randn(2, 6, 3, 16, 16)
    expected = inspect(model, inputs=x, compare=True, axes=True).to_dict()
    model.to("cuda")
    before = torch.cuda.get_rng_state()
    assert expected == inspect(model, inputs=x.to("cuda"), compare=True, axes=True).to_dict()
    assert {"cuda"} == {p.device.type for p in model.parameters()}
    assert torch.equal(before, torch.cuda.get_rng_state())


def test_where_values_decide_the_shapes_those_of_the_inputs_are_used() -> None:
    class Picks(nn.Module):
        def forward(self, x: Tensor, keep: Tensor) -> Tensor:
            if int(keep.sum()) != 3:
                raise ValueError("it wants three")
            return x[:, keep]

    report = looked_at(Picks(), torch.randn(2, 5, 4), torch.tensor([True, False, True, True, False]))
    assert (2, 3, 4) == report.outputs["output"].sizes


def test_a_module_made_for_one_length_keeps_its_symbols() -> None:
    class Fixed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.position = nn.Parameter(torch.zeros(8, 4))
            self.lin = nn.Linear(4, 3)

        def forward(self, x: Tensor) -> Tensor:
            y: Tensor = self.lin(x + self.position[torch.arange(x.shape[1])])
            return y.transpose(0, 1)

    assert ("T", "B", "3") == looked_at(Fixed(), torch.randn(2, 8, 4)).outputs["output"].symbols


def test_an_input_given_twice_is_one_input_and_an_output_given_twice_is_one() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(4, 2, batch_first=True)

        def forward(self, query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            y, weights = self.attention(query, key, value)
            return y, y, weights

    x = torch.randn(2, 5, 4)
    report = looked_at(Twice(), x, x, x, compare=True, axes=True)
    assert ["query"] == [*report.inputs]
    assert ["B T 4", "B T 4", "B T T"] == [" ".join(shape.symbols) for shape in report.outputs.values()]
    assert report.axes is not None
    assert ("mixes", "independent") == (report.axes.time, report.axes.batch)


def test_what_comes_out_may_be_an_object_with_fields() -> None:
    @dataclass
    class Result:
        scores: Tensor
        note: str

    class Gives(nn.Module):
        def forward(self, x: Tensor) -> Result:
            return Result(x.sum(-1), "fine")

    report = looked_at(Gives(), torch.randn(2, 5, 4), compare=True, axes=True)
    assert {"output.scores": ("B", "T")} == {name: shape.symbols for name, shape in report.outputs.items()}


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
def test_a_scripted_and_a_compiled_module_have_a_report() -> None:
    x = torch.randn(2, 5, 4)
    scripted = torch.jit.script(nn.Sequential(nn.Linear(4, 3)))
    compiled = torch.compile(nn.Sequential(nn.Linear(4, 3)))
    for module in (scripted, compiled):
        assert isinstance(module, nn.Module)
        report = looked_at(module, x, compare=True, axes=True)
        assert ("B", "T", "3") == report.outputs["output"].symbols
        assert 15 == report.totals.params


def test_a_layer_that_needs_the_wrapper_is_found_with_its_fix_in_python() -> None:
    model, x = NeedsWrapper(), torch.randn(2, 6, 3, 16, 16)
    report = looked_at(model, x, compare=True, axes=True)
    with pytest.raises(RuntimeError) as raised:
        model.cnn[0](x)
    failing = row(report, "cnn.0")
    assert f"RuntimeError: {raised.value}" == failing.error
    assert ["cnn", "cnn.0"] == [row.name for row in report.layers]
    (finding,) = report.findings
    assert ("TD102", ("cnn.0",)) == (finding.code, finding.path)
    assert finding.help == (
        "run it on every time step (tried: gives (B, T, 8, 16, 16))\n"
        "model.cnn[0] = tdinspect.TimeDistributed(model.cnn[0])"
    )
    assert not report.ok
    assert {} == report.outputs
    model.cnn[0] = tdinspect.TimeDistributed(model.cnn[0])
    assert "cnn.1" == looked_at(model, x).findings[0].path[0]


def test_a_model_that_raises_outside_of_any_layer_says_so() -> None:
    class Mistaken(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.block = nn.Sequential(nn.Linear(4, 3))

        def forward(self, x: Tensor) -> Tensor:
            y: Tensor = self.block(x) + x
            return y

    report = looked_at(Mistaken(), torch.randn(2, 5, 4), compare=True, axes=True)
    error = "RuntimeError: The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 2"
    assert error == row(report, "Mistaken").error
    assert ["TD101"] == [finding.code for finding in report.findings]
    assert "B T 3" == symbols(report)["block.0"]


def test_a_wrapped_layer_that_raises() -> None:
    model = nn.Sequential(nn.Linear(4, 6), tdinspect.TimeDistributed(nn.Conv1d(5, 3, 1)))
    report = looked_at(model, torch.randn(2, 5, 4))
    assert ["TD103"] == [finding.code for finding in report.findings]
    assert "1.module" == report.findings[0].path[0]
    assert report.findings[0].help is not None
    assert report.findings[0].help.startswith("take it out of TimeDistributed")


def test_a_report_prints_as_a_table_and_shows_itself_as_html() -> None:
    report = inspect(VideoModel(), inputs=torch.randn(2, 6, 3, 16, 16), compare=True, axes=True)
    assert isinstance(report, Report)
    assert "input x (B, T, 3, 16, 16)   B=2 T=6   time axis T" in str(report)
    assert "the wrapper changes nothing" in str(report)
    assert "which output step sees which input step" in str(report)
    page = report._repr_html_()
    assert "<table>" in page
    assert "Conv2d 3→8 k3 p1" in page
    assert page.count("<td") == page.count("</td>")


def test_what_a_module_says_cannot_break_the_page() -> None:
    class Sly(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            raise ValueError("<script>alert(1)</script>")

    page = inspect(Sly(), inputs=torch.zeros(1, 2))._repr_html_()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
