"""What Keras calls it: the names that people who come from there write, and what torch has instead."""

from __future__ import annotations

from collections.abc import Collection, Mapping

# Where torch's name is not like it.
_NAMES: Mapping[str, tuple[str, ...]] = {
    "Dense": ("Linear",),
    "SimpleRNN": ("RNN",),
    "LayerNormalization": ("LayerNorm",),
    "GroupNormalization": ("GroupNorm",),
    "UpSampling2D": ("Upsample",),
    "Concatenate": ("cat",),
    "Add": ("add",),
    "Subtract": ("sub",),
    "Multiply": ("mul",),
    "Reshape": ("reshape",),
    "Permute": ("permute",),
    "view": ("reshape",),
    **{f"GlobalAveragePooling{rank}D": (f"AdaptiveAvgPool{rank}d",) for rank in (1, 2, 3)},
    **{f"GlobalMaxPooling{rank}D": (f"AdaptiveMaxPool{rank}d",) for rank in (1, 2, 3)},
    **{f"AveragePooling{rank}D": (f"AvgPool{rank}d",) for rank in (1, 2, 3)},
    **{f"ZeroPadding{rank}D": (f"ZeroPad{rank}d",) for rank in (1, 2, 3)},
    **{f"Conv{rank}DTranspose": (f"ConvTranspose{rank}d",) for rank in (1, 2, 3)},
    "units": ("out_features", "hidden_size"),
    "filters": ("out_channels",),
    "strides": ("stride",),
    "rate": ("p",),
    "input_dim": ("num_embeddings",),
    "output_dim": ("embedding_dim",),
    "key_dim": ("embed_dim",),
    "axis": ("dim",),
}
# Where torch has no such thing.
_ADVICE: Mapping[str, str] = {
    "Activation": "an activation is a step of its own: `- ReLU`",
    "Bidirectional": "it is an argument: `LSTM: {hidden_size: 64, bidirectional: true}`",
    "Input": "the shape of the input stands at the top: `input: [B, T, 8]`",
    "InputLayer": "the shape of the input stands at the top: `input: [B, T, 8]`",
    "RepeatVector": "`unsqueeze: 1`, then `expand: {shape: [-1, 5, -1]}`",
    "activation": "an activation is a step of its own, after this one: `- ReLU`",
    "kernel_initializer": "a spec has no initial values but those of `parameter`",
    "return_sequences": "it gives every step; for the last alone add `select: {dim: 1, index: -1}` after it",
    "return_state": "it gives its state too: name the parts with `as: [seq, state]`",
    "input_shape": "the shape of the input stands at the top: `input: [B, T, 8]`",
}


def in_torch(name: str, known: Collection[str]) -> str | None:
    """The known name for what Keras calls ``name``, or None."""
    return next((meant for meant in _NAMES.get(name, ()) if meant in known), None)


def family_in_torch(name: str) -> str:
    """The name that torch's classes begin with where Keras has one class for every rank; else ``name``."""
    return "BatchNorm" if name == "BatchNormalization" else name


def instead(name: str) -> str | None:
    """What to do where Keras has a layer or an argument that torch has not; None for any other name."""
    return _ADVICE.get(name) or _ADVICE.get(f"{name}s")
