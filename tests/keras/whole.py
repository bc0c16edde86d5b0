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
def nested_as_output(k: Any, la: Any) -> Any:
    """Keras counts the calls of a functional model from one where they are outputs, and from zero elsewhere."""
    i, p = k.Input((4,)), k.Input((4,))
    inner = k.Model(i, la.Dense(4, activation="tanh")(i), name="inner")
    x = inner(p)
    y = inner(x)
    return k.Model(p, [inner(la.ReLU()(y)), x, y, seq(k, k.Input((4,)), la.Dense(2))(y)])


@a_model
def open_inside(k: Any, la: Any) -> Any:
    """A model for images of any size, used for two sizes."""
    j = k.Input((None, None, 3))
    x = la.Conv2D(2, 3, padding="same", strides=2)(j)
    model = k.Model(j, la.GlobalAveragePooling2D()(la.Conv2D(3, 3)(x)), name="any_size")
    p, q = k.Input((8, 8, 3)), k.Input((13, 10, 3))
    return k.Model([p, q], la.Subtract()([model(p), model(q)]))


@a_model
def shared_inside(k: Any, la: Any) -> Any:
    """A layer that an inner model uses twice, a model that an inner model uses twice, and that twice again."""
    i, j, p, q, r = k.Input((4,)), k.Input((4,)), k.Input((4,)), k.Input((4,)), k.Input((3, 4))
    d, norm = la.Dense(4), la.LayerNormalization()
    a = k.Model(i, d(la.ReLU()(d(i))), name="a")
    b = k.Model(j, a(la.Dense(4)(a(j))), name="b")
    frame = k.Model(p, norm(la.ReLU()(norm(p))), name="frame")
    return k.Model([q, r], [b(b(q)), la.TimeDistributed(frame)(r)])


@a_model
def shared_inside_and_outside(k: Any, la: Any) -> Any:
    i, j, p = k.Input((4,)), k.Input((4,)), k.Input((4,))
    a = k.Model(i, la.Dense(4, name="d")(i), name="a")
    b = k.Model(j, la.ReLU()(a(la.Dense(4)(a(j)))), name="b")
    x = b(p)
    y = a(x)
    return k.Model(p, {"left": b(y), "right": y})


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
