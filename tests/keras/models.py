"""Models built in Keras: a function for each, named as its test; ``k`` is keras, ``la`` its layers.

Keras is imported when the first of them is built, not when the tests are collected.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from types import ModuleType
from typing import Any

Build = Callable[[Any, Any], Any]
MODELS: dict[str, Build] = {}


def keras() -> ModuleType:
    """Real Keras 3, on torch."""
    os.environ["KERAS_BACKEND"] = "torch"
    import keras

    return keras  # type: ignore[no-any-return,unused-ignore]


def built(name: str) -> Any:
    """The model of this name."""
    k = keras()
    return MODELS[name](k, k.layers)


def a_model(function: Build) -> Build:
    MODELS[function.__name__] = function
    return function


def seq(k: Any, *layers: Any, **named: Any) -> Any:
    return k.Sequential(list(layers), **named)


@a_model
def dense(k: Any, la: Any) -> Any:
    return seq(k, k.Input((8,)), la.Dense(5, activation="relu"), la.Dense(3, use_bias=False), la.Softmax())


@a_model
def conv_same_strides(k: Any, la: Any) -> Any:
    return seq(
        k,
        k.Input((15, 14, 3)),
        la.Conv2D(4, 3, strides=2, padding="same"),
        la.BatchNormalization(),
        la.ReLU(),
        la.Conv2D(5, 4, padding="same", strides=(1, 2)),
        la.Conv2D(5, 3, dilation_rate=2, padding="same"),
        la.Flatten(),
        la.Dense(2),
    )


@a_model
def conv_groups(k: Any, la: Any) -> Any:
    return seq(
        k,
        k.Input((12, 12, 4)),
        la.Conv2D(8, 3, groups=2),
        la.DepthwiseConv2D(3, depth_multiplier=2, padding="same", strides=2),
        la.SeparableConv2D(6, 3, depth_multiplier=2, activation="elu"),
        la.GlobalAveragePooling2D(),
    )


@a_model
def conv1d(k: Any, la: Any) -> Any:
    return seq(
        k,
        k.Input((20, 6)),
        la.Conv1D(8, 3, padding="causal", dilation_rate=2),
        la.Conv1D(8, 4, strides=2, padding="same"),
        la.MaxPooling1D(2),
        la.SeparableConv1D(7, 3, padding="same"),
        la.DepthwiseConv1D(3),
        la.AveragePooling1D(2, padding="same"),
        la.UpSampling1D(2),
        la.ZeroPadding1D((1, 2)),
        la.Cropping1D(1),
        la.SpatialDropout1D(0.3),
        la.Flatten(),
        la.Dense(3),
    )


@a_model
def conv3d(k: Any, la: Any) -> Any:
    return seq(
        k,
        k.Input((9, 10, 11, 2)),
        la.ZeroPadding3D(1),
        la.Conv3D(3, 3, strides=2, padding="same"),
        la.MaxPooling3D(2, padding="same"),
        la.UpSampling3D(2),
        la.Cropping3D(((1, 0), (0, 1), (1, 1))),
        la.AveragePooling3D(2),
        la.GlobalMaxPooling3D(),
    )


@a_model
def transposed(k: Any, la: Any) -> Any:
    return seq(
        k,
        k.Input((5, 6, 3)),
        la.Conv2DTranspose(4, 4, strides=2, padding="same"),
        la.Conv2DTranspose(4, 3, strides=2),
        la.Conv2DTranspose(2, 2, strides=3, padding="valid"),
        la.Conv2DTranspose(2, 3, padding="same"),
    )


@a_model
def transposed1d(k: Any, la: Any) -> Any:
    return seq(
        k,
        k.Input((5, 3)),
        la.Conv1DTranspose(4, 4, strides=2, padding="same"),
        la.Conv1DTranspose(4, 3, strides=1, padding="valid"),
    )


@a_model
def transposed3d(k: Any, la: Any) -> Any:
    return seq(k, k.Input((3, 4, 5, 2)), la.Conv3DTranspose(3, 2, strides=2, padding="same"))


@a_model
def pooling(k: Any, la: Any) -> Any:
    return seq(
        k,
        k.Input((13, 14, 3)),
        la.MaxPooling2D(3, strides=2, padding="same"),
        la.AveragePooling2D(2, strides=1, padding="same"),
        la.AveragePooling2D(3, strides=2, padding="same"),
        la.MaxPooling2D(2, strides=1, padding="same"),
        la.GlobalMaxPooling2D(keepdims=True),
        la.Flatten(),
        la.Dense(2),
    )


@a_model
def norms(k: Any, la: Any) -> Any:
    return seq(
        k,
        k.Input((6, 8)),
        la.LayerNormalization(),
        la.BatchNormalization(),
        la.LayerNormalization(axis=[1, 2]),
        la.BatchNormalization(axis=1, scale=False),
        la.LayerNormalization(center=False),
        la.LayerNormalization(scale=False),
        la.GroupNormalization(4),
        la.BatchNormalization(center=False, momentum=0.9),
        la.UnitNormalization(),
        la.RMSNormalization(),
    )


@a_model
def activations(k: Any, la: Any) -> Any:
    return seq(
        k,
        k.Input((6,)),
        *[
            la.Activation(n)
            for n in [
                "relu",
                "tanh",
                "sigmoid",
                "gelu",
                "elu",
                "selu",
                "softplus",
                "softsign",
                "silu",
                "hard_sigmoid",
                "exponential",
                "mish",
                "relu6",
                "leaky_relu",
                "hard_silu",
                "linear",
                "log_softmax",
                "celu",
                "tanh_shrink",
                "soft_shrink",
                "hard_shrink",
                "log_sigmoid",
                "hard_tanh",
            ]
        ],
        la.LeakyReLU(0.1),
        la.ELU(0.5),
        la.ReLU(max_value=3.0),
        la.ReLU(threshold=0.1),
        la.ReLU(6.0, negative_slope=0.1),
        la.PReLU(),
        la.Softmax(),
    )


@a_model
def prelu2d(k: Any, la: Any) -> Any:
    return seq(k, k.Input((6, 5, 4)), la.Conv2D(3, 2), la.PReLU(shared_axes=[1, 2]), la.PReLU(), la.Softmax(axis=1))


@a_model
def embedding(k: Any, la: Any) -> Any:
    return seq(
        k, k.Input((9,), dtype="int32"), la.Embedding(30, 6), la.LSTM(5, return_sequences=True), la.GRU(4), la.Dense(2)
    )


@a_model
def recurrences(k: Any, la: Any) -> Any:
    return seq(
        k,
        k.Input((None, 6)),
        la.SimpleRNN(4, return_sequences=True),
        la.SimpleRNN(4, activation="relu", return_sequences=True, go_backwards=True),
        la.LSTM(5, use_bias=False, return_sequences=True),
        la.GRU(4, return_sequences=True, go_backwards=True),
        la.LSTM(3, go_backwards=True),
    )
