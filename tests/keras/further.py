"""More of the models: what met at odd places."""

from __future__ import annotations

from typing import Any

from tests.keras.models import a_model, seq


@a_model
def td_lstm(k: Any, la: Any) -> Any:
    return seq(
        k,
        k.Input((5, 7, 6)),
        la.TimeDistributed(la.LSTM(4)),
        la.TimeDistributed(la.Dense(3)),
        la.Bidirectional(la.GRU(3)),
    )


@a_model
def td_bi(k: Any, la: Any) -> Any:
    return seq(
        k,
        k.Input((5, 7), dtype="int32"),
        la.TimeDistributed(la.Embedding(9, 6)),
        la.TimeDistributed(la.Bidirectional(la.LSTM(4))),
        la.LSTM(3),
    )


@a_model
def td_td_conv(k: Any, la: Any) -> Any:
    return seq(
        k,
        k.Input((2, 3, 8, 8, 3)),
        la.TimeDistributed(la.TimeDistributed(la.Conv2D(4, 3, activation="relu"))),
        la.TimeDistributed(la.TimeDistributed(la.GlobalMaxPooling2D())),
        la.TimeDistributed(la.LSTM(3)),
        la.Flatten(),
        la.Dense(2),
    )


@a_model
def seq_in_seq(k: Any, la: Any) -> Any:
    return seq(
        k,
        k.Input((9, 9, 3)),
        seq(k, la.Conv2D(3, 3), seq(k, la.BatchNormalization(), la.ReLU(), name="bn-relu"), name="a b"),
        la.Flatten(),
        la.Dense(2, name="output"),
    )


@a_model
def two_readers(k: Any, la: Any) -> Any:
    i = k.Input((6, 6, 3))
    return k.Model(i, [la.Dense(2)(la.Flatten()(i)), la.Conv2D(2, 3)(i), i])


@a_model
def shared_bare_and_td(k: Any, la: Any) -> Any:
    c = seq(k, k.Input((6, 6, 3)), la.Conv2D(2, 3), la.Flatten(), la.Dense(3), name="enc")
    i = k.Input((6, 6, 3))
    j = k.Input((4, 6, 6, 3))
    a = c(i)
    b = la.TimeDistributed(c)(j)
    return k.Model([i, j], [a, b])


@a_model
def open_time_stride(k: Any, la: Any) -> Any:
    return seq(
        k,
        k.Input((None, 6)),
        la.Conv1D(4, 3, strides=2, padding="same"),
        la.Conv1D(4, 3),
        la.BatchNormalization(),
        la.GlobalAveragePooling1D(),
        la.Dense(2),
    )


@a_model
def mixed_layouts(k: Any, la: Any) -> Any:
    i = k.Input((4, 6, 3))
    c = la.Conv2D(3, 3, padding="same")(i)
    d = la.Dense(3)(i)
    e = la.Add()([d, c])
    f = la.Concatenate(axis=2)([c, d, e])
    g = la.Permute((2, 1, 3))(f)
    return k.Model(i, [e, f, g])


@a_model
def broadcast(k: Any, la: Any) -> Any:
    i = k.Input((4, 6))
    j = k.Input((6,))
    return k.Model([i, j], [la.Add()([i, j]), la.Multiply()([j, i, i])])


@a_model
def conv1d_lstm(k: Any, la: Any) -> Any:
    return seq(
        k,
        k.Input((30, 6)),
        la.Conv1D(8, 5, activation="relu"),
        la.MaxPooling1D(2),
        la.Dropout(0.1),
        la.LSTM(4, return_sequences=True),
        la.TimeDistributed(la.Dense(2)),
    )


@a_model
def transformer(k: Any, la: Any) -> Any:
    i = k.Input((None,), dtype="int32")
    x = la.Embedding(20, 8)(i)
    a = la.MultiHeadAttention(2, 4)(x, x)
    x = la.LayerNormalization(epsilon=1e-6)(la.Add()([x, a]))
    f = la.Dense(8)(la.Dense(16, activation="gelu")(x))
    x = la.LayerNormalization()(x + f)
    return k.Model(i, la.Dense(2)(la.GlobalAveragePooling1D()(x)))


@a_model
def deep_open(k: Any, la: Any) -> Any:
    return seq(
        k,
        k.Input((None, None, 3)),
        *(one for _ in range(5) for one in (la.Conv2D(4, 3), la.MaxPooling2D())),
        la.GlobalAveragePooling2D(),
    )


@a_model
def fixed_batch(k: Any, la: Any) -> Any:
    return seq(k, k.Input(batch_shape=(3, 5, 4)), la.LSTM(2, stateful=True), la.Dense(1))


@a_model
def names(k: Any, la: Any) -> Any:
    i = k.Input((4,), name="1st input")
    j = k.Input((4,), name="B")
    return k.Model(
        [i, j], la.Add(name="layers")([la.Dense(4, name="T")(i), la.Dense(4, name="é")(j)]), name="my: model #1"
    )


@a_model
def frozen(k: Any, la: Any) -> Any:
    m = seq(k, k.Input((8, 8, 3)), la.Conv2D(3, 3), la.BatchNormalization(), la.Flatten(), la.Dense(2))
    m.layers[0].trainable = False
    m.layers[1].trainable = False
    return m


@a_model
def mha_td(k: Any, la: Any) -> Any:
    i = k.Input((3, 5, 8))
    inner = k.Input((5, 8))
    m = k.Model(inner, la.MultiHeadAttention(2, 4)(inner, inner), name="att")
    return k.Model(i, la.LSTM(2)(la.TimeDistributed(la.Flatten())(la.TimeDistributed(m)(i))))


@a_model
def conv1d_only(k: Any, la: Any) -> Any:
    return seq(k, k.Input((30, 6)), la.Conv1D(8, 5), la.GlobalMaxPooling1D())


@a_model
def reshape_open(k: Any, la: Any) -> Any:
    return seq(
        k,
        k.Input((None, 4, 6)),
        la.Reshape((-1, 24)),
        la.LSTM(3, return_sequences=True),
        la.Reshape((-1, 3, 1)),
        la.TimeDistributed(la.Flatten()),
    )


@a_model
def inception_bn_noscale(k: Any, la: Any) -> Any:
    return seq(
        k,
        k.Input((8, 8, 3)),
        la.Conv2D(4, 3, use_bias=False),
        la.BatchNormalization(scale=False),
        la.Activation("relu"),
        la.AveragePooling2D(3, strides=1, padding="same"),
    )


@a_model
def named_arguments(k: Any, la: Any) -> Any:
    i = k.Input((7, 6))
    j = k.Input((5, 4))
    y = la.MultiHeadAttention(2, 3)(query=i, value=j)
    z = la.MultiHeadAttention(2, 3)(i, value=j, key=j)
    return k.Model([i, j], la.LSTM(3)(sequences=la.Add()(inputs=[y, z])))


@a_model
def activations_by_name(k: Any, la: Any) -> Any:
    names = ("relu", "tanh", "softmax", "gelu", "hard_sigmoid", "swish", "elu", "exponential")
    return seq(k, k.Input((6,)), *(la.Dense(6, activation=name) for name in names))


@a_model
def attention_by_a_dense_over_time(k: Any, la: Any) -> Any:
    """The time axis is the features of a Dense: it is no time for a model that any length suits."""
    i = k.Input((10, 8))
    seen = la.LSTM(6, return_sequences=True)(i)
    weights = la.Permute((2, 1))(la.Dense(10, activation="softmax")(la.Permute((2, 1))(seen)))
    return k.Model(i, la.LSTM(3)(la.Multiply()([seen, weights])))


@a_model
def mixer(k: Any, la: Any) -> Any:
    i = k.Input((6, 8))
    x = la.BatchNormalization(axis=1)(la.Conv1D(8, 3, padding="same")(i))
    return k.Model(i, la.TimeDistributed(la.Dense(2))(x))


@a_model
def names_that_yaml_reads_otherwise(k: Any, la: Any) -> Any:
    i, j = k.Input((4,), name="null"), k.Input((4,), name="true")
    x = la.Dense(4, name="no")(i)
    return k.Model([i, j], [la.Add(name="false")([x, j]), la.ReLU(name="lambda")(x), la.Dense(2, name="n")(x)])
