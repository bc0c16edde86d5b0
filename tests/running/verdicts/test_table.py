"""Verdict, right side and reason of every layer: a table read by hand, a slow reference and ``compare`` agree."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import pytest

from tdinspect.building.signatures import layer_classes
from tdinspect.domain.trace import Comparison
from tdinspect.pipeline import Request, Source, execute
from tests.running.tables import NO_LAYERS, OF_PARTS, one_thread  # noqa: F401 - a fixture for all
from tests.running.verdicts.reference import Truth, truth
from tests.running.verdicts.table import SIZES, Case, case_of, cases

CASES = cases()
NO_TIME_COMES_OUT = {"AdaptiveLogSoftmaxWithLoss", "NLLLoss2d"}


@cache
def truth_of(case: Case) -> Truth:
    return truth(case)


def compared(case: Case, sizes: Mapping[str, int] = SIZES) -> Comparison:
    [report] = execute(Request("compare", (Source("spec.yaml", case.spec(sizes)),))).specs
    assert report.layers, report.findings
    found = report.layers[0].comparison
    assert found is not None, report.findings
    return found


def ids(some: tuple[Case, ...]) -> list[str]:
    return [case.text for case in some]


def test_every_layer_of_torch_has_its_line() -> None:
    lazy = {name for name in layer_classes() if name.startswith("Lazy")}
    expected = {name for name in layer_classes() if not name.endswith(NO_LAYERS)} - lazy - OF_PARTS - NO_TIME_COMES_OUT
    assert set() == expected - {case.name for case in CASES}
    assert len(CASES) > 500


@pytest.mark.parametrize("case", CASES, ids=ids(CASES))
def test_the_table_is_true(case: Case) -> None:
    found = truth_of(case)
    assert (case.verdict, case.right) == (found.verdict, found.right)


@pytest.mark.parametrize("case", CASES, ids=ids(CASES))
def test_compare_says_what_the_table_says_with_pytorchs_own_shapes_and_errors(case: Case) -> None:
    found, expected = compared(case), truth_of(case)
    assert (case.verdict, case.right) == (found.verdict, found.right)
    assert case.words in found.reason
    assert expected.bare == (found.bare.error or found.bare.shape)
    if isinstance(expected.wrapped, str):  # how the fold words its own errors is another matter
        assert found.wrapped.error is not None
    else:
        assert expected.wrapped == found.wrapped.shape


# A layer, the input that it takes frame by frame, and the word for the axis that its argument counts.
COUNTING = [
    ("BatchNorm1d num_features=5", "B T 5", "channels"),
    ("BatchNorm1d num_features=5 affine=False", "B T 5", "channels"),
    ("SyncBatchNorm num_features=5", "B T 5", "channels"),
    ("GroupNorm num_groups=5 num_channels=5", "B T 5", "channels"),
    ("GroupNorm num_groups=1 num_channels=5", "B T 5 7", "channels"),
    ("PReLU num_parameters=5", "B T 5", "channels"),
    ("PReLU num_parameters=5", "B T 5 7 7", "channels"),
]


@pytest.mark.parametrize(("call", "shape", "word"), COUNTING)
def test_steps_as_many_as_channels_are_taken_for_them_and_other_lengths_raise(call: str, shape: str, word: str) -> None:
    case = case_of(f"{call} | {shape} | ? ? | ?")
    by_chance, otherwise = compared(case, {"B": 3, "T": 5}), compared(case, {"B": 3, "T": 4})
    assert ("values_differ", "wrapped") == (by_chance.verdict, by_chance.right)
    assert f"without it, T=5 is taken for the 5 {word}" == by_chance.reason
    assert ("bare_error", "wrapped") == (otherwise.verdict, otherwise.right)
    assert f"without it, T=4 stands where it looks for its 5 {word}" == otherwise.reason


# Frames that lack an axis: these run bare only because there are 5 steps, and wrapped never.
LACKING = [
    ("Conv1d in_channels=5 out_channels=2 kernel_size=3", "B T 7"),
    ("Conv2d in_channels=5 out_channels=2 kernel_size=3", "B T 7 7"),
    ("Conv3d in_channels=5 out_channels=2 kernel_size=3", "B T 7 7 7"),
    ("ConvTranspose1d in_channels=5 out_channels=2 kernel_size=3", "B T 7"),
    ("ConvTranspose2d in_channels=5 out_channels=2 kernel_size=3", "B T 7 7"),
    ("ConvTranspose3d in_channels=5 out_channels=2 kernel_size=3", "B T 7 7 7"),
    ("BatchNorm1d num_features=5", "B T 7"),
    ("BatchNorm2d num_features=5", "B T 7 7"),
    ("BatchNorm3d num_features=5", "B T 2 7 7"),
    ("InstanceNorm1d num_features=5 affine=True", "B T 7"),
    ("InstanceNorm2d num_features=5 affine=True", "B T 7 7"),
    ("GroupNorm num_groups=1 num_channels=5", "B T 7"),
    ("PReLU num_parameters=5", "B T 7"),
]


@pytest.mark.parametrize(("call", "shape"), LACKING)
def test_what_runs_for_one_number_of_steps_only_is_right_on_no_side(call: str, shape: str) -> None:
    case = case_of(f"{call} | {shape} | ? ? | ?")
    by_chance, otherwise = compared(case, {"B": 3, "T": 5}), compared(case, {"B": 3, "T": 4})
    assert ("wrapped_error", "neither") == (by_chance.verdict, by_chance.right)
    assert "T=5 is taken for the 5 channels" in by_chance.reason
    assert ("both_error", "neither") == (otherwise.verdict, otherwise.right)


@pytest.mark.parametrize(
    ("call", "shape"),
    [
        ("LSTM input_size=5 hidden_size=4 batch_first=True", "B T 5"),
        ("MultiheadAttention embed_dim=5 num_heads=1 batch_first=True", "B T 5; B T 5; B T 5"),
        ("TransformerEncoderLayer d_model=5 nhead=1 dim_feedforward=4 batch_first=True", "B T 5"),
    ],
)
def test_as_many_steps_as_features_is_no_fault_of_a_layer_that_tells_them_apart(call: str, shape: str) -> None:
    found = compared(case_of(f"{call} | {shape} | ? ? | ?"), {"B": 3, "T": 5})
    assert ("values_differ", "bare") == (found.verdict, found.right)
    assert "wrapped, it reads all B*T folded steps as one sequence" == found.reason


def test_local_response_normalisation_across_steps_is_seen_though_it_changes_little() -> None:
    found = compared(case_of("LocalResponseNorm size=2 | B T 6 7 | ? ? | ?"), {"B": 3, "T": 5})
    assert "values_differ" == found.verdict
    assert found.max_abs_diff is not None
    assert 1e-4 < found.max_abs_diff < 5e-3


def test_a_difference_of_a_millionth_is_none() -> None:
    found = compared(case_of("LocalResponseNorm size=2 alpha=0.0000001 | B T 6 7 | ? ? | ?"), {"B": 3, "T": 5})
    assert ("same", "either") == (found.verdict, found.right)
    assert found.max_abs_diff is not None
    assert 1e-7 < found.max_abs_diff < 5e-6


def test_few_channels_in_as_many_groups_do_not_hide_that_a_long_clip_is_shuffled() -> None:
    found = compared(case_of("ChannelShuffle groups=2 | B T 3000 | ? ? | ?"), {"B": 8, "T": 6})
    assert ("wrapped_error", "neither") == (found.verdict, found.right)


# Train mode, by hand: where its verdict is another than that of eval mode, and where it is not.
TRAIN = [
    ("Dropout2d", "B T 3 4 4", "values_differ wrapped"),
    ("Dropout3d", "B T 2 3 3 3", "values_differ wrapped"),
    ("Dropout3d", "B T 2 3 3", None),  # wrapped it reads the fold as the channels of one sample: both drop whole steps
    ("Dropout1d", "B T 4", None),  # the same
    ("FeatureAlphaDropout", "B T 3 4", "values_differ wrapped"),
    ("Dropout", "B T 4", None),
    ("AlphaDropout", "B T 4", None),
    ("ReLU", "B T 4", None),
    ("BatchNorm1d num_features=6", "B 6 T", None),
    ("BatchNorm1d num_features=4", "T 4", None),
    ("LayerNorm normalized_shape=4", "B T 4", None),
]


@pytest.mark.parametrize(("call", "shape", "expected"), TRAIN)
def test_train_mode_is_told_where_it_differs(call: str, shape: str, expected: str | None) -> None:
    found = compared(case_of(f"{call} | {shape} | ? ? | ?")).train
    assert expected == (None if found is None else f"{found.verdict} {found.right}")


def test_attention_over_a_long_clip_of_few_features_is_compared_on_a_short_one() -> None:
    layer = "TransformerEncoderLayer d_model=4 nhead=1 dim_feedforward=3 batch_first=True"
    case = case_of(f"{layer} | B T 4 | ? ? | ?")
    found = compared(case, {"B": 2, "T": 8_000})  # folded, its weights would be 16 000 times 16 000
    assert ("values_differ", "bare") == (found.verdict, found.right)
    assert (2, 8_000, 4) == found.wrapped.shape
