"""The table at the end of the spec language's contract, row by row, typed by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Axes = tuple[int | str, ...]


@dataclass(frozen=True)
class Case:
    """One spec of the table: what goes in, what must come out. A string in a shape is a symbol."""

    file: str
    inputs: Mapping[str, Axes]
    outputs: Mapping[str, Axes]
    params: int = 0
    keras_params: int = 0
    sizes: Mapping[str, int] = field(default_factory=dict)  # those that the table gives
    layers: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # name -> parameters, Keras-equivalent
    free: tuple[str, ...] = ()  # the count is the same whatever these are
    error: str | None = None


def _one(shape: Axes) -> Mapping[str, Axes]:
    return {"input": shape}


def _out(shape: Axes) -> Mapping[str, Axes]:
    return {"output": shape}


CASES = (
    # Linear on (5,3,10), time axis 0: with and without the wrapper the same
    Case("linear_time_first", _one((5, 3, 10)), _out((5, 3, 5)), 55, 55),
    Case("linear_time_first_wrapped", _one((5, 3, 10)), _out((5, 3, 5)), 55, 55),
    # Linear(10,5) on (5,3,2,2,10)
    Case("linear_many_axes", _one((5, 3, 2, 2, 10)), _out((5, 3, 2, 2, 5)), 55, 55),
    # Conv2d(3,16,3) on (5,3,3,256,256), time axis 0, bare
    Case(
        "conv2d_bare",
        _one((5, 3, 3, 256, 256)),
        {},
        448,
        448,
        error="RuntimeError: Expected 3D (unbatched) or 4D (batched) input to conv2d, "
        "but got input of size: [5, 3, 3, 256, 256]",
    ),
    # Conv2d(3,16,3) on (3,3,256,256), no time axis
    Case("conv2d_images", _one((3, 3, 256, 256)), _out((3, 16, 254, 254)), 448, 448),
    # TimeDistributed Conv2d(3,16,3) on (5,3,3,256,256)
    Case("conv2d_wrapped", _one((5, 3, 3, 256, 256)), _out((5, 3, 16, 254, 254)), 448, 448),
    # TimeDistributed Linear(8,10) on (B,12,8), whatever T
    Case(
        "time_distributed_linear", _one(("B", "T", 8)), _out(("B", "T", 10)), 90, 90, sizes={"T": 12}, free=("B", "T")
    ),
    # TimeDistributed Conv2d(3,32,3, padding same) on (B,12,3,32,32), whatever T
    Case(
        "time_distributed_conv2d",
        _one(("B", "T", 3, 32, 32)),
        _out(("B", "T", 32, 32, 32)),
        896,
        896,
        sizes={"T": 12},
        free=("B", "T"),
    ),
    # One head shared by several feature maps: weights counted once
    Case(
        "mask_rcnn_rpn",
        {"p2": ("B", 256, 64, 64), "p3": ("B", 256, 32, 32), "p4": ("B", 256, 16, 16), "p5": ("B", 256, 8, 8)},
        {"objectness": ("B", 16320, 2), "deltas": ("B", 16320, 4)},
        1_189_394,
        1_189_394,
        layers={
            "trunk_p2": (1_180_160, 1_180_160),
            "class_p2": (3_078, 3_078),
            "box_p2": (6_156, 6_156),
            "trunk_p3": (0, 0),
            "class_p4": (0, 0),
            "box_p5": (0, 0),
        },
        free=("B",),
    ),
    Case(
        "mask_rcnn_heads",
        {"regions": ("B", "R", 256, 7, 7), "mask_regions": ("B", "R", 256, 14, 14)},
        {"class": ("B", "R", 81), "box": ("B", "R", 81, 4), "mask": ("B", "R", 81, 28, 28)},
        16_960_486,
        16_966_630,
        sizes={"R": 3},
        layers={
            "features": (13_899_776, 13_903_872),
            "class": (83_025, 83_025),
            "box": (332_100, 332_100),
            "mask": (2_645_585, 2_647_633),
        },
        free=("B", "R"),
    ),
    # LSTM(5): 160 torch / 140 Keras-equivalent parameters; the Linear 6, 30, 6
    Case(
        "lstm_one_to_one",
        _one((5, 1, 1)),
        _out((5, 1)),
        166,
        146,
        layers={"lstm_1": (160, 140), "linear_1": (6, 6)},
    ),
    Case(
        "lstm_many_to_one",
        _one((1, 5, 1)),
        _out((1, 5)),
        190,
        170,
        layers={"lstm_1": (160, 140), "linear_1": (30, 30)},
    ),
    Case(
        "lstm_many_to_many",
        _one((1, 5, 1)),
        _out((1, 5, 1)),
        166,
        146,
        layers={"lstm_1": (160, 140), "timedistributed_1.linear_1": (6, 6)},
    ),
    # Bidirectional LSTM + attention: vocab 50, emb 16, lstm 32, dense 64, out 40
    Case(
        "attention_sequence",
        {"words": ("B", "T")},
        _out(("B", "T", 40)),
        24_456,
        24_200,
        sizes={"T": 12},
        layers={
            "embedding_1": (800, 800),
            "h": (12_800, 12_544),
            "timedistributed_1.linear_1": (8_256, 8_256),
            "timedistributed_2.linear_1": (2_600, 2_600),
        },
        free=("B", "T"),
    ),
    # LSTM(23 -> 256), last step kept as an axis, Linear(1) on (100,6,23); also 2 layers, bidirectional
    Case(
        "lstm_kept_step",
        _one((100, 6, 23)),
        _out((100, 1, 1)),
        288_001,
        286_977,
        layers={"lstm_1": (287_744, 286_720), "linear_1": (257, 257)},
    ),
    Case(
        "lstm_kept_step_two_layers",
        _one((100, 6, 23)),
        _out((100, 1, 1)),
        814_337,
        812_289,
        layers={"lstm_1": (814_080, 812_032), "linear_1": (257, 257)},
    ),
    Case(
        "lstm_kept_step_bidirectional",
        _one((100, 6, 23)),
        _out((100, 1, 1)),
        576_001,
        573_953,
        layers={"lstm_1": (575_488, 573_440), "linear_1": (513, 513)},
    ),
    Case(
        "lstm_kept_step_two_layers_bidirectional",
        _one((100, 6, 23)),
        _out((100, 1, 1)),
        2_152_961,
        2_148_865,
        layers={"lstm_1": (2_152_448, 2_148_352), "linear_1": (513, 513)},
    ),
    # RNN(16) on (B,120,14): whole sequence; last step only; stack of three; sequence length left open
    Case("rnn_sequence", _one(("B", "T", 14)), _out(("B", "T", 16)), 512, 496, sizes={"T": 120}, free=("B", "T")),
    Case("rnn_last_step", _one(("B", "T", 14)), _out(("B", 16)), 512, 496, sizes={"T": 120}, free=("B", "T")),
    Case(
        "rnn_stack",
        _one(("B", "T", 14)),
        _out(("B", "T", 16)),
        1_600,
        1_552,
        sizes={"T": 120},
        layers={"rnn_1": (512, 496), "rnn_2": (544, 528), "rnn_3": (544, 528)},
        free=("B", "T"),
    ),
    Case("rnn_open_length", _one(("B", "T", 14)), _out(("B", "T", 16)), 512, 496, free=("B", "T")),
)

# Specs that are no row of the table.
EXTRA = frozenset({"video_classifier"})
