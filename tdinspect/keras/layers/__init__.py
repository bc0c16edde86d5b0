"""What is known of each family of Keras layers, one file each; ``KINDS`` is the whole of it."""

from __future__ import annotations

from collections.abc import Mapping

from tdinspect.keras.kind import Kind
from tdinspect.keras.layers import (
    activation,
    attention,
    cells,
    conv,
    dense,
    merge,
    noise,
    norm,
    operations,
    padding,
    pooling,
    recurrent,
    reshaping,
    scaling,
    transposed,
)

KINDS: tuple[Kind, ...] = (
    *dense.KINDS, *conv.KINDS, *transposed.KINDS, *pooling.KINDS, *padding.KINDS, *norm.KINDS, *activation.KINDS,
    *noise.KINDS, *scaling.KINDS, *recurrent.KINDS, *cells.KINDS, *attention.KINDS, *merge.KINDS,
    *reshaping.KINDS, *operations.KINDS,
)  # fmt: skip
BY_CLASS: Mapping[str, Kind] = {name: kind for kind in KINDS for name in kind.classes}

_CODE = "it runs Python code of its own, which the file does not hold in a form that can be read"
WHY_NOT: Mapping[str, str] = {
    "Lambda": _CODE,
    "TFOpLambda": "an operation of TensorFlow",
    "SlicingOpLambda": "slicing of a tensor: an operation of TensorFlow",
    "CuDNNLSTM": "a layer of TensorFlow 1: load the model and save it anew, it is an LSTM then",
    "CuDNNGRU": "a layer of TensorFlow 1: load the model and save it anew, it is a GRU then",
}
