"""Point 3: recurrences and attention inside, whose parts carry the folded axis in several places."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tdinspect.time_distributed import TimeDistributed
from tests.time_distributed.reference import normal

X = normal(2, 4, 5, 3)  # B, T, L, F


class Encoder(nn.Module):
    """A recurrence inside, whose result and states are handed out."""

    def __init__(self, rnn: nn.RNNBase) -> None:
        super().__init__()
        self.rnn = rnn

    def forward(self, x: Tensor) -> dict[str, Any]:
        out, states = self.rnn(x)
        return {"out": out, "states": states}


def alone(rnn: nn.RNNBase, x: Tensor, *states: Tensor) -> list[Tensor]:
    """The result and the states of each (sample, step) alone: (B, T, L, H) and (layers, B, T, H)."""
    out: list[list[Any]] = [[], [], []]
    for b in range(x.shape[0]):
        for t in range(x.shape[1]):
            given = tuple(state[:, b, t] for state in states)
            y, s = rnn(x[b, t], *((given if len(given) > 1 else given[0],) if given else ()))
            for parts, part in zip(out, (y, *(s if isinstance(s, tuple) else (s,))), strict=False):
                parts.append(part)
    lead = tuple(x.shape[:2])
    result, *rest = (torch.stack(parts) for parts in out if parts)
    return [torch.unflatten(result, 0, lead), *(torch.unflatten(part.transpose(0, 1), 1, lead) for part in rest)]


def parts(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    return [part for item in (value.values() if isinstance(value, dict) else value) for part in parts(item)]


RNNS = pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
MODES = pytest.mark.parametrize(("mode", "size"), [("fold", None), ("loop", None), ("chunk", 3)])


@MODES
@RNNS
@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("both_ways", [False, True])
def test_a_recurrence_gives_each_steps_own_result_and_states(
    kind: type[nn.LSTM], mode: str, size: int | None, batch_first: bool, both_ways: bool
) -> None:
    rnn = kind(3, 6, 2, batch_first=batch_first, bidirectional=both_ways).double()
    found = TimeDistributed(rnn, mode=mode, chunk_size=size)(X)
    assert isinstance(found, tuple)
    torch.testing.assert_close(parts(found), alone(rnn, X))


@MODES
@RNNS
def test_the_states_that_came_out_go_in_again(kind: type[nn.LSTM], mode: str, size: int | None) -> None:
    rnn = kind(3, 6, 2, batch_first=True).double()
    wrapped = TimeDistributed(rnn, mode=mode, chunk_size=size)
    _, states = wrapped(X)
    expected = alone(rnn, X, *parts(states))
    torch.testing.assert_close(parts(wrapped(X, states)), expected)
    torch.testing.assert_close(parts(wrapped(X, hx=states)), expected)


@MODES
@pytest.mark.parametrize("steps", [1, 2, 3])
@pytest.mark.parametrize("samples", [1, 2])
def test_states_from_inside_a_module_are_told_from_results_whatever_the_sizes(
    samples: int, steps: int, mode: str, size: int | None
) -> None:
    rnn = nn.LSTM(3, 6, 2, batch_first=True).double()  # two layers: as many as rows for (2, 1) and (1, 2)
    x = normal(samples, steps, 5, 3)
    torch.testing.assert_close(parts(TimeDistributed(Encoder(rnn), mode=mode, chunk_size=size)(x)), alone(rnn, x))


@pytest.mark.parametrize(("batch", "time"), [(0, 1), (1, 0), (1, 2)])
def test_states_keep_their_first_axis_and_have_the_others_where_the_inputs_were(batch: int, time: int) -> None:
    rnn = nn.GRU(3, 6, 2, batch_first=True).double()
    out, state = TimeDistributed(rnn, batch_axis=batch, time_axis=time)(X.movedim((0, 1), (batch, time)))
    expected_out, expected_state = alone(rnn, X)
    torch.testing.assert_close(out, expected_out.movedim((0, 1), (batch, time)))
    torch.testing.assert_close(state, expected_state.movedim((1, 2), (batch + 1, time + 1)))


def test_without_a_batch_axis_states_are_per_step() -> None:
    rnn = nn.GRU(3, 6, 2, batch_first=True).double()
    out, state = TimeDistributed(rnn, batch_axis=None, time_axis=0)(X[0])
    expected = alone(rnn, X[:1])
    torch.testing.assert_close([out, state], [expected[0][0], expected[1][:, 0]])


def test_cells_unfold_their_states_as_results() -> None:
    cell = nn.LSTMCell(3, 6).double()
    x = normal(2, 4, 3)
    h, c = TimeDistributed(cell)(x)
    again, _ = TimeDistributed(cell)(x, (h, c))
    expected = cell(x[1, 2], (h[1, 2], c[1, 2]))[0]
    torch.testing.assert_close(again[1, 2], expected)


@MODES
@pytest.mark.parametrize("batch_first", [True, False])
def test_attention_stays_within_a_step(batch_first: bool, mode: str, size: int | None) -> None:
    attention = nn.MultiheadAttention(6, 2, batch_first=batch_first).double().eval()
    query, key = normal(2, 4, 5, 6), normal(2, 4, 7, 6, seed=4)
    padding = normal(2, 4, 7) > 1
    wrapped = TimeDistributed(attention, mode=mode, chunk_size=size)
    out, weights = wrapped(query, key, key, key_padding_mask=padding)
    for b, t in ((0, 0), (1, 3)):
        expected = attention(query[b, t], key[b, t], key[b, t], key_padding_mask=padding[b, t])
        torch.testing.assert_close((out[b, t], weights[b, t]), expected)


@pytest.mark.parametrize("batch_first", [True, False])
def test_a_transformer_layer_stays_within_a_step(batch_first: bool) -> None:
    layer = nn.TransformerEncoderLayer(6, 2, 8, batch_first=batch_first).double().eval()
    x = normal(2, 4, 5, 6)
    out = TimeDistributed(layer)(x)
    torch.testing.assert_close(out[1, 2], layer(x[1:2, 2])[0] if batch_first else layer(x[1, 2].unsqueeze(1))[:, 0])


@MODES
@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("inside", [False, True])
def test_states_unfold_through_nested_wrappers(inside: bool, batch_first: bool, mode: str, size: int | None) -> None:
    rnn = nn.LSTM(3, 6, 2, batch_first=batch_first or inside).double()
    inner = TimeDistributed(Encoder(rnn) if inside else rnn)
    nested = TimeDistributed(inner, mode=mode, chunk_size=size)
    x = normal(3, 4, 2, 5, 3)
    out, h, c = parts(nested(x))
    assert [(3, 4, 2, 5, 6), (2, 3, 4, 2, 6), (2, 3, 4, 2, 6)] == [part.shape for part in (out, h, c)]
    expected = alone(rnn, x[:, :, 1])
    torch.testing.assert_close([out[:, :, 1], h[:, :, :, 1], c[:, :, :, 1]], expected)
    if not inside:
        again = parts(nested(x, (h, c)))
        states = (h[:, :, :, 1], c[:, :, :, 1])
        torch.testing.assert_close(again[0][:, :, 1], alone(rnn, x[:, :, 1], *states)[0])


def test_what_compiled_code_cannot_tell_from_a_result_is_refused() -> None:
    torch._dynamo.reset()
    wrapped = TimeDistributed(Encoder(nn.GRU(3, 6, 2, batch_first=True).double()))
    compiled = torch.compile(wrapped, backend="eager")
    x = normal(1, 3, 5, 3)
    torch.testing.assert_close(parts(compiled(x)), parts(wrapped(x)))
    with pytest.raises(Exception, match="may be a result or a state"):
        compiled(normal(1, 2, 5, 3))


@pytest.mark.filterwarnings("ignore:The tensor attributes")
def test_what_an_export_cannot_tell_from_a_result_is_refused() -> None:
    wrapped = TimeDistributed(Encoder(nn.GRU(3, 6, 2, batch_first=True).double()))
    torch.export.export(wrapped, (normal(1, 3, 5, 3),), strict=False)
    with pytest.raises(Exception, match="may be a result or a state"):
        torch.export.export(wrapped, (normal(1, 2, 5, 3),), strict=False)
