"""What comparison and axes say of a module's layers and of the whole, against what is known of such models."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tdinspect import TimeDistributed, inspect
from tdinspect.domain.effect import chart
from tdinspect.domain.report import SpecReport
from tdinspect.running.modules.thin import thinned
from tests.modules.models import CausalBlock, Encoder, Loop, TwoInputs, VideoModel, WrappedVideoModel

FRAMES = torch.randn(2, 6, 3, 16, 16)


def looked_at(module: nn.Module, inputs: Any, **options: Any) -> SpecReport:
    return inspect(module, inputs=inputs, compare=True, axes=True, **options).specs[0]


def verdicts(report: SpecReport) -> dict[str, tuple[str, str]]:
    return {row.name: (row.comparison.verdict, row.comparison.right) for row in report.layers if row.comparison}


def effects(report: SpecReport) -> dict[str, tuple[str | None, str | None]]:
    """Of the layers that time arrives at."""
    return {row.name: (row.axes.time, row.axes.batch) for row in report.layers if row.axes and row.axes.time}


def lower(steps: int) -> tuple[tuple[bool, ...], ...]:
    return tuple(tuple(t <= u for t in range(steps)) for u in range(steps))


@pytest.mark.parametrize("model", [VideoModel, WrappedVideoModel])
def test_a_video_model_is_causal(model: type[nn.Module]) -> None:
    report = looked_at(model(), FRAMES)
    assert report.axes is not None
    assert ("causal", "independent") == (report.axes.time, report.axes.batch)
    assert lower(6) == chart(report.axes.rows, report.axes.steps)
    assert ("causal", "independent") == effects(report)["lstm"]
    assert ("per_step", "independent") == effects(report)["head"]
    assert ("values_differ", "bare") == verdicts(report)["lstm"]
    assert ("same", "either") == verdicts(report)["head"]


def test_under_the_wrapper_layers_are_compared_with_their_bare_selves() -> None:
    model = WrappedVideoModel()
    report = looked_at(model, FRAMES)
    found = verdicts(report)
    assert ("bare_error", "wrapped") == found["cnn.module.0"] == found["cnn.module.3"]
    assert ("per_step", "independent") == effects(report)["cnn.module.1"]
    stops = report.unwrapped_failure
    with pytest.raises(RuntimeError) as raised:
        model.get_submodule("cnn.module.0")(FRAMES)
    assert stops is not None
    assert ("cnn.0", "Conv2d", f"RuntimeError: {raised.value}") == (stops.name, stops.type, stops.error)


def test_a_model_that_never_wraps_runs_as_it_is() -> None:
    assert looked_at(VideoModel(), FRAMES).unwrapped_failure is None


@pytest.mark.parametrize("length", [6, 20])
@pytest.mark.parametrize(("causal", "word"), [(True, "causal"), (False, "mixes")])
def test_a_transformer_is_causal_with_its_mask_alone(causal: bool, word: str, length: int) -> None:
    report = looked_at(Encoder(causal), torch.randint(0, 50, (2, length)))
    assert report.axes is not None
    assert (word, "independent") == (report.axes.time, report.axes.batch)
    assert (word, "independent") == effects(report)["encoder"]
    assert ("same", "either") == verdicts(report)["embed"]


def test_an_attention_that_masks_is_judged_with_its_mask() -> None:
    class Masked(nn.Module):
        def __init__(self, ahead: int) -> None:
            super().__init__()
            self.ahead = ahead
            self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

        def forward(self, x: Tensor) -> Tensor:
            mask = torch.triu(torch.ones(x.shape[1], x.shape[1], dtype=torch.bool), self.ahead)
            y: Tensor = self.attention(x, x, x, attn_mask=mask, need_weights=False)[0]
            return y

    found = {ahead: effects(looked_at(Masked(ahead), torch.randn(2, 6, 8)))["attention"][0] for ahead in (1, 2, 9)}
    assert {1: "causal", 2: "mixes", 9: "mixes"} == found


def test_a_query_that_is_learned_does_not_follow_time() -> None:
    class Pooled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.query = nn.Parameter(torch.randn(1, 8))
            self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

        def forward(self, x: Tensor) -> Tensor:
            y: Tensor = self.attention(self.query.expand(x.shape[0], 1, 8), x, x, need_weights=False)[0]
            return y.squeeze(1)

    report = looked_at(Pooled(), torch.randn(2, 6, 8))
    assert report.axes is not None
    assert ("gone", "independent") == (report.axes.time, report.axes.batch)
    assert ("B", "8") == report.outputs["output"].symbols


@pytest.mark.parametrize("options", [{"mode": "loop"}, {"mode": "chunk", "chunk_size": 2}])
def test_other_modes_of_the_wrapper_do_the_same_to_the_model(options: dict[str, Any]) -> None:
    model = nn.Sequential(
        TimeDistributed(nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten()), **options), nn.Linear(784, 3)
    )
    report = looked_at(model, FRAMES)
    assert report.axes is not None
    assert ("per_step", "independent") == (report.axes.time, report.axes.batch)
    assert ("B", "T", "3") == report.outputs["output"].symbols


def test_a_wrapper_in_a_wrapper() -> None:
    inner = TimeDistributed(nn.Conv2d(3, 4, 3))
    report = looked_at(nn.Sequential(TimeDistributed(inner)), torch.randn(2, 6, 5, 3, 8, 8))
    conv = report.layers[-1]
    assert conv.output is not None
    assert ("0.module.module", ("B", "T", "5", "4", "6", "6")) == (conv.name, conv.output.symbols)
    assert report.axes is not None
    assert "per_step" == report.axes.time


def test_a_batch_norm_over_time_reads_it_as_channels() -> None:
    report = looked_at(nn.BatchNorm1d(5), torch.randn(2, 5, 5))
    assert {"BatchNorm1d": ("values_differ", "wrapped")} == verdicts(report)
    assert report.layers[0].comparison is not None
    assert "T=5 is taken for the 5 channels" in report.layers[0].comparison.reason


def test_a_recurrence_along_the_batch_mixes_samples() -> None:
    report = looked_at(nn.LSTM(4, 8), torch.randn(2, 5, 4))
    assert report.axes is not None
    assert "mixes" == report.axes.batch
    assert {"LSTM": ("per_step", "mixes")} == effects(report)


def test_convolutions_over_the_past_have_a_receptive_field() -> None:
    report = looked_at(nn.Sequential(CausalBlock(4, 1), CausalBlock(4, 2)), torch.randn(2, 4, 16), time_axis=2)
    assert report.axes is not None
    assert "causal" == report.axes.time
    assert 7 == report.axes.receptive_field
    assert ("causal", "independent") == effects(report)["0.conv"]


def test_a_long_sequence_is_looked_at_through_a_short_one() -> None:
    report = looked_at(Loop(), torch.randn(4, 200, 6))
    assert report.axes is not None
    assert ("causal", "independent", 16) == (report.axes.time, report.axes.batch, report.axes.steps)
    assert ("B", "T", "4") == report.outputs["output"].symbols


def test_lengths_keep_their_values_while_others_change() -> None:
    x, lengths, style = torch.randn(2, 6, 6), torch.tensor([4, 6]), torch.randn(2, 4)
    report = looked_at(TwoInputs(), (x, lengths, style))
    assert report.axes is not None
    assert ("causal", "independent") == (report.axes.time, report.axes.batch)


def test_samples_that_meet_are_seen() -> None:
    class Centred(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x - x.mean(0, keepdim=True)

    report = looked_at(Centred(), torch.randn(2, 5, 4))
    assert report.axes is not None
    assert ("per_step", "mixes") == (report.axes.time, report.axes.batch)


def test_one_sample_is_no_proof_that_samples_stay_apart() -> None:
    class Centred(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x - x.mean(0, keepdim=True)

    report = looked_at(Centred(), torch.randn(1, 5, 4))
    assert report.axes is not None
    assert "mixes" == report.axes.batch


def test_layers_that_look_alike_and_are_not_are_told_apart() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.wide, self.narrow = nn.Conv1d(4, 4, 3, padding=1), nn.Conv1d(4, 4, 1)

        def forward(self, x: Tensor) -> Tensor:
            y: Tensor = self.wide(x) + self.narrow(x)
            return y

    found = effects(looked_at(Two(), torch.randn(2, 4, 7), time_axis=2))
    assert {"wide": ("mixes", "independent"), "narrow": ("per_step", "independent")} == found


def test_merged_axes_are_no_time_axis() -> None:
    report = looked_at(nn.Sequential(nn.Flatten(1), nn.Linear(20, 3)), torch.randn(2, 5, 4))
    assert {"0": ("gone", "independent")} == effects(report)
    assert report.axes is not None
    assert "gone" == report.axes.time
    assert ("B", "3") == report.outputs["output"].symbols


def test_upsampled_time_is_time() -> None:
    module = nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv1d(4, 4, 1))
    report = looked_at(module, torch.randn(2, 4, 6), time_axis=2)
    assert {"0": ("per_step", "independent"), "1": ("per_step", "independent")} == effects(report)


def test_what_would_take_too_long_is_left_out_with_a_note() -> None:
    module = nn.Sequential(nn.Linear(6000, 6000), nn.Linear(6000, 4))
    report = looked_at(module, torch.randn(2, 5, 6000))
    assert report.axes is None
    assert "what the whole module does to time was not looked at" in " ".join(report.notes)
    assert ("per_step", "independent") == effects(report)["0"]


class Sequenced(nn.Module):
    """A recurrence over the frames' features, folded by hand."""

    def __init__(self, batch_first: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.lstm = nn.LSTM(4 * 14 * 14, 8, batch_first=batch_first)

    def forward(self, x: Tensor) -> Tensor:
        frames = self.conv(x.flatten(0, 1)).flatten(1)
        y: Tensor = self.lstm(frames.unflatten(0, x.shape[:2]))[0]
        return y


def test_a_forgotten_batch_first_is_found_in_a_module_too() -> None:
    (finding,) = looked_at(Sequenced(batch_first=False), FRAMES).findings
    assert ("TD202", "lstm") == (finding.code, finding.path[0])
    assert finding.help is not None
    assert finding.help.endswith("make model.lstm with batch_first=True")
    assert () == looked_at(Sequenced(batch_first=True), FRAMES).findings


def test_the_axes_are_judged_where_they_are_asked_for() -> None:
    assert () == inspect(Sequenced(batch_first=False), inputs=FRAMES).specs[0].findings


def test_time_in_the_place_of_the_channels_is_found_in_a_module() -> None:
    found = looked_at(nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(6)), torch.randn(2, 6, 8)).findings
    assert [("TD201", "1")] == [(finding.code, finding.path[0]) for finding in found]


@pytest.mark.parametrize("model", [VideoModel, WrappedVideoModel])
def test_a_right_module_has_no_findings(model: type[nn.Module]) -> None:
    assert () == looked_at(model(), FRAMES).findings


class Frames(nn.Module):
    """Convolutions that are too much to run a hundred times as they are."""

    def __init__(self) -> None:
        super().__init__()
        widths = [3, 64, 64, 64, 128, 128, 256, 256]
        convs = [nn.Conv2d(a, b, 3, padding=1, stride=1 + (b > a > 3)) for a, b in itertools.pairwise(widths)]
        self.convs = nn.Sequential(*(part for conv in convs for part in (conv, nn.ReLU())), nn.AdaptiveAvgPool2d(1))
        self.lstm = nn.LSTM(256, 8, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.lstm(self.convs(x.flatten(0, 1)).flatten(1).unflatten(0, x.shape[:2]))[0]
        return y


def test_the_whole_of_a_module_with_large_convolutions_is_looked_at() -> None:
    report = looked_at(Frames(), torch.randn(2, 8, 3, 56, 56))
    assert () == report.notes
    assert report.axes is not None
    assert ("causal", "independent") == (report.axes.time, report.axes.batch)


def test_convolutions_made_thin_follow_what_they_followed() -> None:
    for conv in (nn.Conv1d(20, 24, 3, 2, 1), nn.Conv2d(20, 24, 3, padding="same", padding_mode="reflect")):
        x = torch.randn(2, 20, *(9,) * (conv.weight.ndim - 2), requires_grad=True)
        seen = []
        for side in (conv, thinned(conv)):
            y = side(x)
            (gradient,) = torch.autograd.grad(y[0, 1].flatten()[2], x)
            seen.append((y.shape, (gradient != 0).tolist()))
        assert seen[0] == seen[1]
