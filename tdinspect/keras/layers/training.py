"""What acts in training only, and belongs to how a model is trained rather than to what it is."""

from __future__ import annotations

_LOSS = "it adds to the loss in training; the outputs are the same"
_BOUND = "it binds the weights in training; the outputs are the same"

_INSIDE = "it acts inside the recurrence, in training only; torch has none there"

TRAINING_ONLY = {
    **{
        f"{what}_regularizer": _LOSS for what in ("kernel", "bias", "recurrent", "embeddings", "depthwise", "pointwise")
    },
    **{f"{what}_regularizer": _LOSS for what in ("activity", "beta", "gamma", "alpha")},
    **{
        f"{what}_constraint": _BOUND for what in ("kernel", "bias", "recurrent", "embeddings", "depthwise", "pointwise")
    },
    **{f"{what}_constraint": _BOUND for what in ("beta", "gamma", "alpha")},
}
RECURRENT_ONLY = {
    **TRAINING_ONLY,
    "dropout": _INSIDE,
    "recurrent_dropout": _INSIDE,
    "stateful": "the state starts at zero at every call; hand it on yourself",
}
