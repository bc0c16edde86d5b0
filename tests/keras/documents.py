"""The documents' own cases, built in Keras, with the numbers that the documents give."""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.keras.models import a_model, seq


class Numbers(NamedTuple):
    """What Keras counts, what torch counts, and the output as Keras has it."""

    keras: int
    torch: int
    output: tuple[int | None, ...]


NUMBERS = {
    "td_linear": Numbers(90, 90, (None, 12, 10)),
    "td_conv": Numbers(896, 896, (None, 12, 32, 32, 32)),
    "conv_images": Numbers(448, 448, (None, 254, 254, 16)),
    "td_conv_video": Numbers(448, 448, (None, 3, 254, 254, 16)),
    "lstm_one_to_one": Numbers(140 + 6, 160 + 6, (5, 1)),
    "lstm_many_to_one": Numbers(140 + 30, 160 + 30, (1, 5)),
    "lstm_many_to_many": Numbers(140 + 6, 160 + 6, (1, 5, 1)),
    "bilstm_attention": Numbers(24_200, 24_456, (None, None, 40)),
    "lstm_kept_step": Numbers(286_720 + 257, 287_744 + 257, (100, 1, 1)),
    "rnn_whole": Numbers(496, 512, (None, 120, 16)),
    "rnn_last": Numbers(496, 512, (None, 16)),
    "rnn_stack": Numbers(1_552, 1_600, (None, 16)),
    "rnn_open": Numbers(496, 512, (None, None, 16)),
    "shared_head": Numbers(4 * 4 * 3 * 2 + 2, 4 * 4 * 3 * 2 + 2, (None, 14, 2)),
}


@a_model
def td_linear(k: Any, la: Any) -> Any:
    return seq(k, k.Input((12, 8)), la.TimeDistributed(la.Dense(10)))


@a_model
def td_conv(k: Any, la: Any) -> Any:
    return seq(k, k.Input((12, 32, 32, 3)), la.TimeDistributed(la.Conv2D(32, 3, padding="same")))


@a_model
def conv_images(k: Any, la: Any) -> Any:
    return seq(k, k.Input((256, 256, 3)), la.Conv2D(16, 3))


@a_model
def td_conv_video(k: Any, la: Any) -> Any:
    return seq(k, k.Input((3, 256, 256, 3)), la.TimeDistributed(la.Conv2D(16, 3)))


@a_model
def lstm_one_to_one(k: Any, la: Any) -> Any:
    return seq(k, k.Input(batch_shape=(5, 1, 1)), la.LSTM(5), la.Dense(1))


@a_model
def lstm_many_to_one(k: Any, la: Any) -> Any:
    return seq(k, k.Input(batch_shape=(1, 5, 1)), la.LSTM(5), la.Dense(5))


@a_model
def lstm_many_to_many(k: Any, la: Any) -> Any:
    layers = [la.LSTM(5, return_sequences=True), la.TimeDistributed(la.Dense(1))]
    return seq(k, k.Input(batch_shape=(1, 5, 1)), *layers)


@a_model
def bilstm_attention(k: Any, la: Any) -> Any:
    words = k.Input((None,))
    seen = la.Bidirectional(la.LSTM(32, return_sequences=True))(la.Embedding(50, 16)(words))
    weights = la.Softmax()(la.Dot(axes=2)([seen, seen]))
    both = la.Concatenate()([la.Dot(axes=(2, 1))([weights, seen]), seen])
    both = la.TimeDistributed(la.Dense(64, activation="relu"))(both)
    return k.Model(words, la.TimeDistributed(la.Dense(40, activation="softmax"))(both))


@a_model
def lstm_kept_step(k: Any, la: Any) -> Any:
    return seq(k, k.Input(batch_shape=(100, 6, 23)), la.LSTM(256), la.Reshape((1, 256)), la.Dense(1))


def _rnn(la: Any, whole: bool = True) -> Any:
    return la.SimpleRNN(16, return_sequences=whole)


@a_model
def rnn_whole(k: Any, la: Any) -> Any:
    return seq(k, k.Input((120, 14)), _rnn(la))


@a_model
def rnn_last(k: Any, la: Any) -> Any:
    return seq(k, k.Input((120, 14)), _rnn(la, whole=False))


@a_model
def rnn_stack(k: Any, la: Any) -> Any:
    return seq(k, k.Input((120, 14)), _rnn(la), _rnn(la), _rnn(la, whole=False))


@a_model
def rnn_open(k: Any, la: Any) -> Any:
    return seq(k, k.Input((None, 14)), _rnn(la))


@a_model
def shared_head(k: Any, la: Any) -> Any:
    """Mask R-CNN's use: one head over the regions of several feature maps, its weights counted once."""
    head = la.TimeDistributed(seq(k, k.Input((4, 4, 3)), la.Flatten(), la.Dense(2), name="head"))
    near, far = k.Input((10, 4, 4, 3)), k.Input((4, 4, 4, 3))
    return k.Model([near, far], la.Concatenate(axis=1)([head(near), head(far)]))


@a_model
def encoder_decoder(k: Any, la: Any) -> Any:
    layers = [la.LSTM(16), la.RepeatVector(4), la.LSTM(16, return_sequences=True)]
    return seq(k, k.Input((6, 23)), *layers, la.TimeDistributed(la.Dense(23, activation="softmax")))
