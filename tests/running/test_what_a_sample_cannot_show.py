"""Mistakes that no sample, or one, would let pass: kinds of numbers, sizes that one stretches to, several batches."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tdinspect.domain.report import SpecReport
from tdinspect.pipeline import Request, Source, execute


def report_of(inputs: dict[str, Any], steps: list[Any], **sizes: int) -> SpecReport:
    used = {"B": 3, "T": 6} if '"T"' in json.dumps(inputs) else {"B": 3}
    spec = {"inputs": inputs, "sizes": {**used, **sizes}, "layers": steps}
    [report] = execute(Request("shape", (Source("generated.yaml", json.dumps(spec)),))).specs
    return report


def whole(*shape: Any) -> dict[str, Any]:
    return {"shape": list(shape), "dtype": "int64"}


def message(report: SpecReport) -> str:
    [finding] = report.findings
    return finding.message


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([{"Linear": 4}], "expected m1 and m2 to have the same dtype"),
        ([{"LSTM": 4}], "does not match weight dtype"),
        ([{"permute": {"dims": [0, 2, 1]}}, {"Conv1d": {"out_channels": 4, "kernel_size": 1}}], "should be the same"),
        ([{"softmax": -1}], "not implemented for 'Long'"),
        ([{"log_softmax": -1}], "not implemented for 'Long'"),
        ([{"adaptive_avg_pool1d": 2}], "not implemented for 'Long'"),
    ],
)
def test_whole_numbers_where_a_layer_computes_with_others_are_its_error(steps: list[Any], said: str) -> None:
    assert said in message(report_of({"x": whole("B", "T", 8)}, steps))


def test_whole_numbers_are_not_multiplied_with_others() -> None:
    inputs = {"x": whole("B", "T", 8), "y": ["B", 8, 4]}
    assert "expected scalar type Long but found Float" in message(
        report_of(inputs, [{"bmm": None, "from": ["x", "y"]}])
    )


def test_whole_numbers_may_be_looked_up_compared_and_masked_with() -> None:
    steps = [
        {"Embedding": {"num_embeddings": 9, "embedding_dim": 4}, "name": "words", "from": "x"},
        {"eq": 0, "name": "blank", "from": "x"},
        {"unsqueeze": -1, "name": "at"},
        {"masked_fill": {"value": 0.0}, "from": ["words", "at"], "name": "masked"},
        {"MultiheadAttention": {"num_heads": 2, "batch_first": True}, "as": ["attended", "weights"],
         "from": {"query": "masked", "key": "masked", "value": "masked", "key_padding_mask": "blank"}},
        {"ReLU": None, "from": "attended"},
    ]  # fmt: skip
    report = report_of({"x": whole("B", "T")}, steps)
    assert () == report.findings
    assert report.layers[-1].output is not None
    assert ("B", "T", "4") == report.layers[-1].output.symbols


def test_a_number_that_is_a_tensor_may_be_whole() -> None:
    steps = [{"sum": {"dim": [0, 1]}, "from": "n", "name": "whole"}, {"add": None, "from": ["x", "whole"]}]
    assert () == report_of({"x": ["B", "T"], "n": whole(2, 3)}, steps).findings


def test_a_mask_that_only_one_sample_would_fit_is_refused() -> None:
    inputs = {"x": ["B", 5, 8], "mask": ["B", 5]}
    steps = [{"scaled_dot_product_attention": None, "from": ["x", "x", "x", "mask"]}]
    refused = report_of(inputs, steps, B=4).findings
    assert "TD101" in {finding.code for finding in refused}, refused
    assert () == report_of(inputs, steps, B=5).findings
    assert () == report_of(inputs, steps, B=1).findings


def test_a_batch_does_not_fit_the_batch_folded_with_time() -> None:
    inputs = {"x": ["B", "T", 8], "y": ["B", 8]}
    steps = [
        {"flatten": {"start_dim": 0, "end_dim": 1}, "name": "folded", "from": "x"},
        {"add": None, "from": ["folded", "y"]},
    ]
    expected = "The size of tensor a (18) must match the size of tensor b (3) at non-singleton dimension 0"
    assert expected in message(report_of(inputs, steps))
    assert () == report_of(inputs, steps, T=1).findings


def test_a_batch_may_be_multiplied_with_the_batch_folded_with_time() -> None:
    inputs = {"x": ["B", "T", 8], "y": [8, "B"]}
    steps = [
        {"flatten": {"start_dim": 0, "end_dim": 1}, "name": "folded", "from": "x"},
        {"matmul": None, "from": ["folded", "y"]},
    ]
    report = report_of(inputs, steps)
    assert () == report.findings
    assert report.layers[-1].output is not None
    assert ("B*T", "B") == report.layers[-1].output.symbols


def test_a_function_on_one_sample_that_reads_a_size_keeps_the_batch() -> None:
    report = report_of({"x": ["B", "T", 8]}, [{"roll": {"shifts": "$T", "dims": 1}}, {"pad": {"pad": ["$B", 0]}}])
    rolled, padded = (row.output for row in report.layers)
    assert rolled is not None
    assert padded is not None
    assert ("B", "T", "8") == rolled.symbols
    assert ("B", "T", "B+8") == padded.symbols


G = 10**9


@pytest.mark.parametrize(
    ("dtype", "step"),
    [
        ("int64", {"one_hot": G}),
        ("int64", {"one_hot": 10**7}),
        ("int64", {"Embedding": {"num_embeddings": 10**12, "embedding_dim": 1000}}),
        ("float32", {"diag_embed": {"offset": G}}),
        ("float32", {"diag_embed": {"offset": 10**6}}),
        ("float32", {"diag_embed": {"offset": 30_000}}),
        ("float32", {"topk": G}),
        ("float32", {"repeat_interleave": {"repeats": G, "dim": 1}}),
        ("float32", {"tile": {"dims": [10**6, 10**6]}}),
        ("float32", {"pad": {"pad": [G, G]}}),
        ("float32", {"pad": {"pad": [0, 0, 0, 0, G, 0]}}),
        ("float32", {"expand": {"shape": [G, 3, 6, 8]}}),
        ("float32", {"interpolate": {"size": G}}),
        ("float32", {"Upsample": {"scale_factor": 100_000}}),
        ("float32", {"Upsample": {"size": G}}),
        ("float32", {"zeros": {"shape": [G, G]}}),
        ("float32", {"Linear": 10**10}),
    ],
)
def test_a_constant_beyond_all_measure_takes_neither_time_nor_memory(dtype: str, step: dict[str, Any]) -> None:
    start = time.process_time()
    report = report_of({"x": {"shape": ["B", "T", 8], "dtype": dtype}}, [step])
    assert 5 > time.process_time() - start
    assert report.findings or report.layers[0].output is not None
