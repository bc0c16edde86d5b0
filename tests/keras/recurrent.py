"""More of the models: recurrences that torch has no layer for."""

from __future__ import annotations

from typing import Any

from tests.keras.models import a_model, seq


@a_model
def conv_lstm(k: Any, la: Any) -> Any:
    layers = [la.ConvLSTM2D(4, 3, padding="same", return_sequences=True), la.ConvLSTM2D(3, (3, 2), strides=2)]
    return seq(k, k.Input((4, 8, 9, 2)), *layers, la.Flatten(), la.Dense(2))


@a_model
def conv_lstm_1d(k: Any, la: Any) -> Any:
    layers = [la.ConvLSTM1D(4, 3, recurrent_activation="hard_sigmoid", go_backwards=True, return_sequences=True)]
    return seq(k, k.Input((None, 8, 2)), *layers, la.TimeDistributed(la.Flatten()), la.GRU(3))


@a_model
def other_activations(k: Any, la: Any) -> Any:
    layers = [
        la.LSTM(5, recurrent_activation="hard_sigmoid", return_sequences=True),
        la.LSTM(4, activation="relu", use_bias=False, return_sequences=True, go_backwards=True),
        la.SimpleRNN(4, activation="linear", return_sequences=True),
        la.GRU(3, activation="softsign", return_sequences=True),
        la.GRU(3, recurrent_activation="hard_sigmoid", use_bias=False),
    ]
    return seq(k, k.Input((None, 6)), *layers)


@a_model
def reset_before(k: Any, la: Any) -> Any:
    return seq(k, k.Input((7, 6)), la.GRU(4, reset_after=False, return_sequences=True), la.GRU(3, reset_after=False))


@a_model
def written_out_twice_and_per_step(k: Any, la: Any) -> Any:
    gru = la.GRU(4, reset_after=False)
    i, j, m = k.Input((7, 6)), k.Input((5, 6)), k.Input((3, 5, 6))
    per_step = la.TimeDistributed(la.LSTM(2, recurrent_activation="hard_sigmoid"))(m)
    return k.Model([i, j, m], [gru(i), gru(j), per_step])
