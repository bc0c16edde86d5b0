"""Which axes carry time and batch, followed through the steps of a spec, and the formulas of sizes that change."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tdinspect.domain.report import SpecReport
from tdinspect.pipeline import Request, Source, execute


def run(shape: Any, steps: list[Any], **keys: Any) -> SpecReport:
    spec = {"input": shape, "layers": steps, "time_axis": "T"} | keys
    spec = {key: value for key, value in spec.items() if value is not None}
    [report] = execute(Request("shape", (Source("spec.yaml", json.dumps(spec)),))).specs
    return report


# input, step, symbols of the output, its time axis, its batch axis
CASES: list[tuple[Any, Any, tuple[str, ...], int | None, int | None]] = [
    (["B", "T", 6], {"permute": {"dims": [0, 2, 1]}}, ("B", "6", "T"), 2, 0),
    (["B", "T", 6], {"transpose": {"dim0": 0, "dim1": 1}}, ("T", "B", "6"), 0, 1),
    (["B", "T", 6], {"select": {"dim": 1, "index": -1}}, ("B", "6"), None, 0),
    (["B", "T", 6], {"narrow": {"dim": 1, "start": -1, "length": 1}}, ("B", "1", "6"), None, 0),
    (["B", "T", 6], {"flatten": {"start_dim": 0, "end_dim": 1}}, ("B*T", "6"), None, None),
    (["B", "T", 6], {"flatten": {"start_dim": 1}}, ("B", "6*T"), None, 0),
    (["B", "T", 6], {"reshape": {"shape": ["$B", -1]}}, ("B", "6*T"), None, 0),
    (["B", "T", 6], {"reshape": {"shape": ["$B", "$T", 2, 3]}}, ("B", "T", "2", "3"), 1, 0),
    (["B", "T", 6], {"reshape": {"shape": [-1, "$T", 6]}}, ("B", "T", "6"), 1, 0),
    (["B", "T", 6], {"unsqueeze": 1}, ("B", "1", "T", "6"), 2, 0),
    (["B", "T", 6], {"mean": 1}, ("B", "6"), None, 0),
    (["B", "T", 6], {"mean": 0}, ("T", "6"), 0, None),
    (["B", "T", 6], {"sum": {"dim": 1, "keepdim": True}}, ("B", "1", "6"), None, 0),
    (["B", 6, "T"], {"Conv1d": {"out_channels": 4, "kernel_size": 3, "stride": 2}}, ("B", "4", "(T-1)//2"), 2, 0),
    (["B", 6, "T"], {"Upsample": {"scale_factor": 2}}, ("B", "6", "2*T"), 2, 0),
    (["B", 3, "T", "H", "H"], {"MaxPool3d": 2}, ("B", "3", "T//2", "H//2", "H//2"), 2, 0),
    (["B", "T", 3, "H", "W"], {"TimeDistributed": ["Flatten"]}, ("B", "T", "3*H*W"), 1, 0),
    (["T", "B", 3, "H", "W"], {"TimeDistributed": [{"AvgPool2d": 4}]}, ("T", "B", "3", "H//4", "W//4"), 0, 1),
    (["B", 8, "T"], {"TimeDistributed": [{"Linear": {"in_features": 8, "out_features": 2}}]}, ("B", "2", "T"), 2, 0),
]


@pytest.mark.parametrize(("shape", "step", "symbols", "time", "batch"), CASES, ids=[f"{c[0]}-{c[1]}" for c in CASES])
def test_an_axis_keeps_its_symbol(
    shape: Any, step: Any, symbols: tuple[str, ...], time: int | None, batch: int | None
) -> None:
    report = run(shape, [step])
    assert report.ok, report.findings
    output = report.outputs["output"]
    assert (symbols, time, batch) == (output.symbols, output.time, output.batch)


def test_numbers_stay_numbers_and_still_carry_time() -> None:
    report = run(
        [5, 3, 3, 64, 64], [{"TimeDistributed": [{"Conv2d": {"out_channels": 4, "kernel_size": 3}}]}], time_axis=0
    )
    output = report.outputs["output"]
    assert ("5", "3", "4", "62", "62") == output.symbols
    assert (0, 1) == (output.time, output.batch)


def test_a_model_without_a_batch_axis_runs_at_its_own_sizes() -> None:
    report = run(
        ["T", 3, 8, 8], [{"TimeDistributed": [{"Conv2d": {"out_channels": 4, "kernel_size": 3}}]}], batch_axis="none"
    )
    assert report.ok, report.findings
    assert ("T", "4", "6", "6") == report.outputs["output"].symbols


def test_a_fold_is_not_undone_into_the_wrong_axes() -> None:
    report = run(["B", "T", 6], [{"TimeDistributed": [{"flatten": {"start_dim": 0}}]}])
    assert ["TD101"] == [finding.code for finding in report.findings]


def test_features_made_from_time_are_not_time_even_where_there_are_as_many() -> None:
    steps = [{"transpose": {"dim0": 1, "dim1": 2}}, {"Linear": {"in_features": 16, "out_features": 16}}]
    report = run(["B", "T", 6], steps, sizes={"T": 16})
    assert ("B", "6", "16") == report.outputs["output"].symbols


@pytest.mark.parametrize(
    ("layer", "shape", "code"),
    [
        ({"Conv1d": {"out_channels": 4, "kernel_size": 3}}, ["B", "T", 6], "TD201"),
        ("BatchNorm1d", ["B", "T", 6], "TD201"),
        ({"Linear": 4}, ["B", 6, "T"], "TD201"),
        ({"TimeDistributed": [{"Conv2d": {"out_channels": 4, "kernel_size": 3}}]}, ["B", "T", 6, 7], "TD204"),
    ],
)
def test_no_size_is_inferred_from_time_or_batch(layer: Any, shape: list[Any], code: str) -> None:
    report = run(shape, [layer])
    assert [code] == [finding.code for finding in report.findings]
    assert "time" in report.findings[0].message


def test_time_distributed_says_why_it_does_not_know_what_to_fold() -> None:
    steps = [
        {"LSTM": {"hidden_size": 4, "batch_first": True}},
        {"select": {"dim": 1, "index": -1}},
        {"TimeDistributed": ["ReLU"]},
    ]
    [finding] = run(["B", "T", 6], steps).findings
    assert "TD003" == finding.code
    assert "no axis of (B, 4) carries time here" in finding.message


def test_a_million_steps_cost_nothing() -> None:
    report = run(["B", "T", 6], [{"LSTM": {"hidden_size": 4, "batch_first": True}}, {"GRU": 5}], sizes={"T": 1_000_000})
    assert (2, 1_000_000, 5) == report.outputs["output"].sizes


def test_everything_before_a_failure_is_reported() -> None:
    report = run(["B", "T", 6], [{"Linear": 4}, {"Linear": {"in_features": 5, "out_features": 2}}, "ReLU"])
    assert [("B", "T", "4"), None] == [row.output.symbols if row.output else None for row in report.layers]
    [finding] = report.findings
    assert "TD101" == finding.code
    assert "RuntimeError: mat1 and mat2 shapes cannot be multiplied" in finding.message


def test_a_tuple_has_as_many_parts_as_it_has() -> None:
    report = run(["B", "T", 6], [{"LSTM": {"hidden_size": 4, "batch_first": True}, "as": ["a", "b", "c"]}])
    [finding] = report.findings
    assert "`as` names 3 parts, and lstm_1 gives 2" == finding.message


def test_states_keep_the_batch_on_their_own_axis() -> None:
    steps = [
        {"LSTM": {"hidden_size": 4, "num_layers": 3, "batch_first": True}, "as": ["seq", ["h", "c"]]},
        {"transpose": {"dim0": 0, "dim1": 1}, "from": "h"},
    ]
    assert ("B", "3", "4") == run(["B", "T", 6], steps).outputs["output"].symbols


def test_constants_of_a_call_reach_the_layer() -> None:
    steps = [
        {"MultiheadAttention": {"num_heads": 2, "batch_first": True}, "from": ["input", "input", "input"],
         "call": {"need_weights": False}},
    ]  # fmt: skip
    assert ("B", "T", "6") == run(["B", "T", 6], steps).outputs["output"].symbols


def test_a_size_read_in_a_call_is_a_number_when_the_layer_runs() -> None:
    steps = [
        {"MaxPool1d": {"kernel_size": 2, "return_indices": True}, "as": ["p", "i"]},
        {"MaxUnpool1d": 2, "from": ["p", "i"], "call": {"output_size": ["$T"]}},
    ]
    report = run(["B", 4, "T"], steps, sizes={"T": 8})
    assert report.ok, report.findings
    assert (2, 4, 8) == report.outputs["output"].sizes


def test_a_frozen_container_freezes_what_is_in_it() -> None:
    steps = [{"Sequential": [{"Linear": 4}, {"Sequential": [{"Linear": 3}]}], "trainable": False}, {"Linear": 2}]
    report = run(["B", "T", 6], steps)
    assert (6 * 4 + 4 + 4 * 3 + 3 + 3 * 2 + 2, 3 * 2 + 2) == (report.totals.params, report.totals.trainable_params)


def test_trainable_belongs_to_the_step_that_has_the_weights() -> None:
    steps = [{"Linear": 6, "name": "a"}, {"share": "a", "trainable": False}]
    [finding] = run(["B", "T", 6], steps).findings
    assert "write it on the step that has the weights, a" == finding.help


def test_a_trillion_parameters_are_counted_without_memory_for_them() -> None:
    steps = [{"Linear": 100_000_000_000}, {"Linear": 10}]
    report = run(["B", "T", 1000], steps)
    assert report.ok, report.findings
    assert 1000 * 10**11 + 10**11 + 10 * 10**11 + 10 == report.totals.params
    assert ("B", "T", "10") == report.outputs["output"].symbols


def test_a_wrong_width_is_told_of_weights_that_have_no_memory() -> None:
    steps = [{"Linear": {"in_features": 100_000_000_000, "out_features": 1000}}]
    [finding] = run(["B", "T", 8], steps).findings
    assert "TD101" == finding.code
    assert "mat1 and mat2 shapes cannot be multiplied (10x8 and 100000000000x1000)" in finding.message


@pytest.mark.parametrize(
    ("shape", "layer", "code"),
    [
        (["B", "T", 8], "LazyBatchNorm1d", "TD201"),
        (["B", 6, "T"], {"LazyLinear": 4}, "TD201"),
        (["B", "T", 6], {"TimeDistributed": [{"LazyConv1d": {"out_channels": 3, "kernel_size": 1}}]}, "TD204"),
        (["B", 8, "T"], {"Linear": 0}, "TD201"),
        (["B", "T", 6], {"Linear": 0}, "TD005"),
    ],
)
def test_lazy_layers_and_empty_weights_are_refused_like_others(shape: list[Any], layer: Any, code: str) -> None:
    assert [code] == [finding.code for finding in run(shape, [layer]).findings]


# input, steps, symbols of the output: each held against a real pass at other sizes below.
CHAINS: list[tuple[list[Any], list[Any], tuple[str, ...]]] = [
    (["B", 3, "H", "H"], ["Flatten"], ("B", "3*H*H")),
    (["B", "T", 6], [{"pad": {"pad": [0, 0, 0, 0, 1, 0]}}], ("B+1", "T", "6")),
    (["B", "T", 6], [{"narrow": {"dim": 1, "start": 0, "length": "$(T-1)"}}], ("B", "T-1", "6")),
    (["B", "T", 6], [{"reshape": {"shape": [-1, 6]}}, "BatchNorm1d",
                     {"reshape": {"shape": [-1, "$T", 6]}}], ("B", "T", "6")),
    (["B", "T", 6], [{"flatten": {"start_dim": 0, "end_dim": 1}}, {"unflatten": {"dim": 0, "sizes": ["$B", "$T"]}}],
     ("B", "T", "6")),
    (["B", "T", 6], [{"narrow": {"dim": 2, "start": 0, "length": 0}}], ("B", "T", "0")),
    (["B", "T", 6], [{"ReLU": {"inplace": True}}], ("B", "T", "6")),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "steps", "symbols"), CHAINS, ids=[str(c[1]) for c in CHAINS])
def test_chains_of_everyday_code_keep_their_symbols(
    shape: list[Any], steps: list[Any], symbols: tuple[str, ...]
) -> None:
    report = run(shape, steps, time_axis="T" if "T" in shape else None)
    assert report.ok, report.findings
    assert symbols == report.outputs["output"].symbols


@pytest.mark.parametrize("steps", [c[1] for c in CHAINS[2:5]], ids=[str(c[1]) for c in CHAINS[2:5]])
def test_time_is_still_time_after_slicing_and_unfolding(steps: list[Any]) -> None:
    report = run(["B", "T", 6], [*steps, {"TimeDistributed": [{"Linear": 3}]}])
    assert report.ok, report.findings
    assert 1 == report.outputs["output"].time


def test_no_size_is_inferred_from_a_slice_of_time() -> None:
    steps = [{"narrow": {"dim": 2, "start": 0, "length": "$(T-1)"}}, {"Linear": 3}]
    assert ["TD201"] == [finding.code for finding in run(["B", 8, "T"], steps).findings]


def test_the_places_of_a_window_hold_at_other_sizes() -> None:
    report = run(["B", 4, "H", "W"], [{"Unfold": {"kernel_size": 3}}], time_axis=None)
    symbol = report.outputs["output"].symbols[2]
    assert 5 * 5 == eval(symbol, {}, {"H": 7, "W": 7})
    assert 9 * 4 == eval(symbol, {}, {"H": 11, "W": 6})


def test_in_place_activations_run_without_a_batch_too() -> None:
    report = run(["T", 6], [{"ReLU": {"inplace": True}}], batch_axis="none")
    assert report.ok, report.findings


def test_dtypes_that_do_not_suit_are_told_in_pytorchs_own_words() -> None:
    import torch

    with pytest.raises(RuntimeError) as raised:
        torch.nn.Linear(8, 3)(torch.zeros(2, 5, 8).half())
    [finding] = run({"shape": ["B", "T", 8], "dtype": "float16"}, [{"Linear": 3}]).findings
    assert f"RuntimeError: {raised.value}" in finding.message


def test_layers_inside_two_wrappers_are_shown_as_the_model_outside_sees_them() -> None:
    inner = {"TimeDistributed": {"layers": [{"Linear": 4}], "time_axis": 1}}
    report = run(["B", "T", 7, 6], [{"TimeDistributed": [inner]}])
    assert report.ok, report.findings
    assert [("B", "T", "7", "4")] * 3 == [row.output.symbols for row in report.layers if row.output]


def test_a_wrapper_that_cannot_unfold_is_marked() -> None:
    report = run(["B", "T", 6], [{"TimeDistributed": [{"flatten": {"start_dim": 0}}]}])
    assert report.layers[0].error is not None
    assert "must keep the folded axis" in report.layers[0].error


def test_an_index_beyond_the_table_is_found_without_values() -> None:
    import torch

    with pytest.raises(IndexError) as raised:
        torch.nn.Embedding(5, 4)(torch.tensor([49]))
    words = {"shape": ["B", "T"], "dtype": "int64", "high": 50}
    steps = [{"unsqueeze": 2}, {"Embedding": {"num_embeddings": 5, "embedding_dim": 4}}]
    [finding] = run(words, steps).findings
    assert f"IndexError: {raised.value}" in finding.message
    assert run(words | {"high": 5}, steps).ok
