"""More of the models: models inside models, and shared layers."""

from __future__ import annotations

from typing import Any

from tests.keras.models import a_model, seq


def _cnn(k: Any, la: Any) -> Any:
    return seq(
        k,
        k.Input((16, 16, 3)),
        la.Conv2D(8, 3, activation="relu"),
        la.MaxPooling2D(),
        la.Flatten(),
        la.Dense(6),
        name="cnn",
    )


@a_model
def td_model(k: Any, la: Any) -> Any:
    return seq(k, k.Input((None, 16, 16, 3)), la.TimeDistributed(_cnn(k, la)), la.LSTM(5))


@a_model
def nested_twice(k: Any, la: Any) -> Any:
    c = _cnn(k, la)
    i = k.Input((16, 16, 3))
    j = k.Input((16, 16, 3))
    return k.Model([i, j], la.Subtract()([c(i), c(j)]))


@a_model
def nested_multi(k: Any, la: Any) -> Any:
    i = k.Input((8,))
    j = k.Input((4,))
    a = la.Dense(4)(i)
    b = la.Add()([a, j])
    inner = k.Model([i, j], [a, b], name="inner-two")
    p = k.Input((8,))
    q = k.Input((4,))
    x, y = inner([p, q])
    z, w = inner([p, y])
    return k.Model([p, q], [x, la.Concatenate()([y, z, w])])


@a_model
def shared_td(k: Any, la: Any) -> Any:
    d = la.Dense(4)
    i = k.Input((5, 6))
    j = k.Input((5, 6))
    return k.Model(
        [i, j],
        [la.TimeDistributed(d)(i), d(j), la.TimeDistributed(la.TimeDistributed(la.Dense(2)))(la.Reshape((5, 2, 3))(i))],
    )


@a_model
def unet(k: Any, la: Any) -> Any:
    i = k.Input((None, None, 3))
    a = la.Conv2D(8, 3, padding="same", activation="relu")(i)
    b = la.MaxPooling2D()(a)
    b = la.Conv2D(16, 3, padding="same")(b)
    u = la.Conv2DTranspose(8, 2, strides=2, padding="same")(b)
    c = la.Concatenate()([a, u])
    return k.Model(i, la.Conv2D(4, 1, activation="softmax")(c))


@a_model
def shared_conv_fpn(k: Any, la: Any) -> Any:
    c = la.Conv2D(4, 3, strides=2, padding="same")
    i = k.Input((9, 9, 3))
    j = k.Input((12, 12, 3))
    return k.Model([i, j], [c(i), c(j)])


@a_model
def bn_td(k: Any, la: Any) -> Any:
    return seq(
        k,
        k.Input((5, 8, 8, 3)),
        la.TimeDistributed(la.BatchNormalization()),
        la.TimeDistributed(la.PReLU()),
        la.TimeDistributed(la.GlobalAveragePooling2D()),
        la.TimeDistributed(la.LayerNormalization(scale=False)),
        la.Conv1D(4, 3, padding="same"),
        la.TimeDistributed(la.Dense(2)),
    )


@a_model
def masked(k: Any, la: Any) -> Any:
    return seq(k, k.Input((5, 3)), la.Masking(0.0), la.TimeDistributed(la.Dense(2)))


@a_model
def convlstm_like(k: Any, la: Any) -> Any:
    return seq(
        k,
        k.Input((5, 8, 8, 3)),
        la.Conv3D(4, 3, padding="same"),
        la.TimeDistributed(la.Conv2D(2, 3)),
        la.TimeDistributed(la.Flatten()),
        la.GRU(3),
    )
