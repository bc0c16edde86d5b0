"""The fewest arguments with which every torch.nn class can be constructed."""

from __future__ import annotations

from collections.abc import Mapping

from tdinspect.domain.spec import Arguments, Layer

Minimal = Mapping[str, object]


def _same(names: str, **arguments: object) -> dict[str, Minimal]:
    return dict.fromkeys(names.split(), arguments)


_CONVOLUTIONS = " ".join(f"Conv{n}d ConvTranspose{n}d" for n in "123")
_LAZY_CONVOLUTIONS = " ".join(f"LazyConv{n}d LazyConvTranspose{n}d" for n in "123")
_POOLS = " ".join(f"MaxPool{n}d AvgPool{n}d MaxUnpool{n}d" for n in "123")
_ADAPTIVE = " ".join(f"AdaptiveAvgPool{n}d AdaptiveMaxPool{n}d" for n in "123")
_NORMS = " ".join(f"BatchNorm{n}d InstanceNorm{n}d" for n in "123")
_LAZY_NORMS = " ".join(f"LazyBatchNorm{n}d LazyInstanceNorm{n}d" for n in "123")
_PADS = " ".join(f"{kind}Pad{n}d" for kind in ("Circular", "Reflection", "Replication", "Zero") for n in "123")

ARGUMENTS: Mapping[str, Minimal] = {
    **_same(_CONVOLUTIONS, in_channels=6, out_channels=4, kernel_size=3),
    **_same(_LAZY_CONVOLUTIONS, out_channels=4, kernel_size=3),
    **_same(f"{_POOLS} Unfold", kernel_size=2),
    **_same("LPPool1d LPPool2d LPPool3d", norm_type=2.0, kernel_size=2),
    **_same("FractionalMaxPool2d FractionalMaxPool3d", kernel_size=2, output_size=2),
    **_same("Fold", output_size=4, kernel_size=2),
    **_same(_ADAPTIVE, output_size=2),
    **_same(f"{_NORMS} SyncBatchNorm", num_features=6),
    **_same(f"{_LAZY_NORMS} Upsample UpsamplingNearest2d UpsamplingBilinear2d"),
    **_same("GroupNorm", num_groups=3, num_channels=6),
    **_same("LayerNorm RMSNorm", normalized_shape=6),
    **_same("CrossMapLRN2d LocalResponseNorm", size=2),
    **_same(_PADS, padding=1),
    **_same("ConstantPad1d ConstantPad2d ConstantPad3d", padding=1, value=0.0),
    **_same("ChannelShuffle", groups=2),
    **_same("PixelShuffle", upscale_factor=2),
    **_same("PixelUnshuffle", downscale_factor=2),
    **_same("Linear", in_features=6, out_features=4),
    **_same("LazyLinear", out_features=4),
    **_same("Bilinear", in1_features=6, in2_features=5, out_features=4),
    **_same("Embedding EmbeddingBag", num_embeddings=7, embedding_dim=4),
    **_same("RNN LSTM GRU RNNCell LSTMCell GRUCell", input_size=6, hidden_size=4),
    **_same("MultiheadAttention", embed_dim=6, num_heads=2),
    **_same("TransformerEncoderLayer TransformerDecoderLayer", d_model=6, nhead=2),
    **_same("Transformer", d_model=6, nhead=2, dim_feedforward=8),
    **_same("Threshold", threshold=0.5, value=0.0),
    **_same("Unflatten", dim=1, unflattened_size=(2, 3)),
    **_same("AdaptiveLogSoftmaxWithLoss", in_features=6, n_classes=9, cutoffs=(3, 6)),
    **_same("LinearCrossEntropyLoss", in_features=6, num_classes=9),
    **_same("AlphaDropout Dropout Dropout1d Dropout2d Dropout3d FeatureAlphaDropout"),
    **_same("CELU ELU GELU GLU Hardshrink Hardsigmoid Hardswish Hardtanh LeakyReLU LogSigmoid LogSoftmax Mish PReLU"),
    **_same(
        "RReLU ReLU ReLU6 SELU SiLU Sigmoid Softmax Softmax2d Softmin Softplus Softshrink Softsign Tanh Tanhshrink"
    ),
    **_same("Flatten Identity CosineSimilarity PairwiseDistance"),
    **_same(
        "BCELoss BCEWithLogitsLoss CTCLoss CosineEmbeddingLoss CrossEntropyLoss GaussianNLLLoss HingeEmbeddingLoss"
    ),
    **_same("HuberLoss KLDivLoss L1Loss MSELoss MarginRankingLoss MultiLabelMarginLoss MultiLabelSoftMarginLoss"),
    **_same("MultiMarginLoss NLLLoss NLLLoss2d PoissonNLLLoss SmoothL1Loss SoftMarginLoss TripletMarginLoss"),
    **_same("TripletMarginWithDistanceLoss"),
}

_SIZES: Minimal = {"d_model": 6, "nhead": 2, "dim_feedforward": 8}

# Arguments that are modules.
WITH_MODULES: Mapping[str, Minimal] = {
    f"Transformer{side}": {
        f"{side.lower()}_layer": Layer(f"Transformer{side}Layer", Arguments(named=_SIZES)),
        "num_layers": 2,
    }
    for side in ("Encoder", "Decoder")
}

# Classes of the newest torch; an older one may lack them.
RECENT = frozenset({"LinearCrossEntropyLoss"})


def arguments_of(name: str) -> Minimal:
    """Minimal arguments of a class."""
    return WITH_MODULES[name] if name in WITH_MODULES else ARGUMENTS[name]
