"""More of the models: recurrences in two directions, states, attention, merging, moving numbers about."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.keras.models import MODELS, a_model, seq


def _bi(k: Any, la: Any, mode: str | None, whole: bool, cell: str = "LSTM") -> Any:
    i = k.Input((7, 6))
    o = la.Bidirectional(getattr(la, cell)(4, return_sequences=whole), merge_mode=mode)(i)
    return k.Model(i, o)


for _mode in ("concat", "sum", "mul", "ave", None):
    for _whole in (True, False):
        MODELS[f"bidirectional_{_mode}_{'whole' if _whole else 'last'}"] = partial(_bi, mode=_mode, whole=_whole)
MODELS["bidirectional_gru"] = partial(_bi, mode="sum", whole=False, cell="GRU")
MODELS["bidirectional_rnn"] = partial(_bi, mode="concat", whole=False, cell="SimpleRNN")


@a_model
def states(k: Any, la: Any) -> Any:
    i = k.Input((7, 6))
    x, h, c = la.LSTM(4, return_sequences=True, return_state=True)(i)
    y = la.LSTM(4)(x, initial_state=[h, c])
    g, s = la.GRU(4, return_state=True)(x, initial_state=h)
    return k.Model(i, [y, g, s])


@a_model
def encoder_decoder_states(k: Any, la: Any) -> Any:
    e = k.Input((None,), name="words")
    d = k.Input((None,), name="target")
    x = la.Embedding(20, 8)(e)
    _, h, c = la.LSTM(6, return_state=True)(x)
    y = la.Embedding(25, 8)(d)
    y = la.LSTM(6, return_sequences=True)(y, initial_state=[h, c])
    return k.Model([e, d], la.TimeDistributed(la.Dense(25, activation="softmax"))(y))


@a_model
def bidirectional_states(k: Any, la: Any) -> Any:
    i = k.Input((7, 6))
    x, a, b, c, d = la.Bidirectional(la.LSTM(4, return_sequences=True, return_state=True))(i)
    h = la.Concatenate()([a, c])
    cc = la.Concatenate()([b, d])
    y = la.LSTM(8)(x, initial_state=[h, cc])
    z = la.Bidirectional(la.LSTM(4))(x, initial_state=[a, b, c, d])
    return k.Model(i, [y, z])


@a_model
def multi_head_attention(k: Any, la: Any) -> Any:
    i = k.Input((7, 8))
    x = la.MultiHeadAttention(2, 4)(i, i)
    y = la.MultiHeadAttention(2, 3)(x, i, use_causal_mask=True)
    z = la.MultiHeadAttention(2, 3, value_dim=5, use_bias=False, output_shape=6)(y, x)
    j = la.Dense(5)(i)
    w = la.MultiHeadAttention(2, 4)(x, j)
    return k.Model(i, [z, w])


@a_model
def attention(k: Any, la: Any) -> Any:
    i = k.Input((7, 8))
    q = la.Dense(8)(i)
    a = la.Attention()([q, i])
    b = la.Attention(use_scale=True)([q, i, a])
    c = la.AdditiveAttention()([q, i])
    d = la.Attention(score_mode="concat")([q, i])
    e = la.Attention()([q, i], use_causal_mask=True)
    return k.Model(i, [la.Concatenate()([a, b, c, d, e])])


@a_model
def merges(k: Any, la: Any) -> Any:
    i = k.Input((6, 6, 3))
    a = la.Conv2D(4, 3, padding="same")(i)
    b = la.Conv2D(4, 1)(i)
    x = la.Add()([a, b])
    y = la.Multiply()([a, b, x])
    z = la.Average()([x, y, a])
    w = la.Maximum()([z, x])
    v = la.Minimum()([w, y])
    u = la.Subtract()([v, a])
    c = la.Concatenate()([u, v])
    d = la.Concatenate(axis=1)([c, c])
    s = la.GlobalAveragePooling2D()(d)
    s = la.Dense(8)(s)
    s = la.Reshape((1, 1, 8))(s)
    d = la.Multiply()([d, s])
    return k.Model(i, d * 2.0 + 1.0)


@a_model
def numbers(k: Any, la: Any) -> Any:
    i = k.Input((4, 6))
    x = (i * 2.0 - 1.0) / 3.0
    return k.Model(i, [1.0 - x, x / (i * i + 1.0)])


@a_model
def slices(k: Any, la: Any) -> Any:
    i, j = k.Input((None, 6)), k.Input((5, 7, 4))
    x = la.LSTM(5, return_sequences=True)(i)
    image = la.Conv2D(3, 3)(j)
    parts = [image[:, 1:3], image[..., 1], image[:, :, -2:, 0], image[:, 0, :, 1:]]
    return k.Model([i, j], [la.Dense(2)(x[:, -1]), x[:, 0, :], i[:, :, 1:3], *parts])


@a_model
def reductions(k: Any, la: Any) -> Any:
    i, j = k.Input((None, 6)), k.Input((5, 7, 4))
    image = la.Conv2D(3, 3)(j)
    parts = [k.ops.mean(image, axis=(1, 2)), k.ops.max(image, axis=-1, keepdims=True), k.ops.min(image, axis=2)]
    return k.Model([i, j], [la.Dense(2)(k.ops.sum(la.Dense(3)(i), axis=1)), *parts])


@a_model
def dots(k: Any, la: Any) -> Any:
    i = k.Input((7, 8))
    j = k.Input((5, 8))
    a = la.Dot(axes=2)([i, j])
    b = la.Dot(axes=(1, 2))([a, la.Permute((2, 1))(i)])
    left = la.Dense(8)(la.GlobalAveragePooling1D()(i))
    right = la.GlobalMaxPooling1D()(j)
    c = la.Dot(axes=1)([left, right])
    d = la.Dot(axes=1, normalize=True)([left, right])
    return k.Model([i, j], [a, b, c, d])


@a_model
def reshapes(k: Any, la: Any) -> Any:
    return seq(
        k,
        k.Input((4, 6, 3)),
        la.Conv2D(5, 3, padding="same"),
        la.Permute((3, 1, 2)),
        la.Reshape((5, 24)),
        la.Dense(7),
        la.Reshape((-1,)),
        la.RepeatVector(3),
        la.Permute((2, 1)),
        la.Reshape((5, 7, 3)),
        la.Conv2D(2, 3),
        la.Flatten(),
        la.Dense(4),
        la.Reshape((4, 1)),
        la.Flatten(),
    )


@a_model
def channels_first(k: Any, la: Any) -> Any:
    return seq(
        k,
        k.Input((3, 8, 9)),
        la.Conv2D(4, 3, data_format="channels_first", padding="same"),
        la.BatchNormalization(axis=1),
        la.MaxPooling2D(data_format="channels_first"),
        la.GlobalAveragePooling2D(data_format="channels_first"),
        la.Dense(3),
    )


@a_model
def dropouts(k: Any, la: Any) -> Any:
    return seq(
        k,
        k.Input((6, 6, 3)),
        la.Conv2D(4, 3),
        la.Dropout(0.2),
        la.SpatialDropout2D(0.2),
        la.GaussianNoise(0.1),
        la.GaussianDropout(0.1),
        la.AlphaDropout(0.1),
        la.ActivityRegularization(l1=0.1),
        la.Flatten(),
        la.Dense(2),
    )


@a_model
def up2d(k: Any, la: Any) -> Any:
    return seq(
        k,
        k.Input((5, 6, 3)),
        la.UpSampling2D(2),
        la.UpSampling2D((2, 3), interpolation="bilinear"),
        la.ZeroPadding2D(((1, 2), (0, 3))),
        la.Cropping2D(((0, 1), (2, 0))),
        la.Conv2D(2, 3),
    )


@a_model
def scaling(k: Any, la: Any) -> Any:
    return seq(
        k,
        k.Input((6, 5, 3)),
        la.Rescaling(1 / 255.0, offset=-1),
        la.Normalization(),
        la.Rescaling([0.1, 0.2, 0.3]),
        la.Normalization(mean=[1.0, 2.0, 3.0], variance=[1.0, 4.0, 9.0]),
        la.Conv2D(4, 3),
    )
