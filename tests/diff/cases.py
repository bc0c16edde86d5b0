"""Changes that a reviewer sees: a spec before and after."""

from __future__ import annotations

VIDEO = """\
name: video
input: [B, T, 3, 32, 32]
sizes: {B: 2, T: 16}
time_axis: T
layers:
  - TimeDistributed:
      - Conv2d: {out_channels: 16, kernel_size: 3, padding: 1}
      - ReLU
      - MaxPool2d: 2
      - Conv2d: {out_channels: 32, kernel_size: 3, padding: 1}
      - ReLU
      - Flatten
  - LSTM: {hidden_size: 24, batch_first: true}
  - Linear: 10
expect:
  output: [B, T, 10]
  params: {max: 1M}
"""

HEADS = """\
input: [B, 16]
layers:
  - name: body
    Linear: 32
  - name: class
    Linear: 5
    from: body
  - name: box
    Linear: 4
    from: body
outputs: [class, box]
"""

CONV = """\
input: [B, 3, 32, 32]
layers:
  - Conv2d: {out_channels: 8, kernel_size: 3}
  - ReLU
  - Flatten
"""

FRAMES = """\
input: [B, T, 3, 8, 8]
time_axis: T
layers:
  - Conv2d: {out_channels: 8, kernel_size: 3}
  - ReLU
"""

WRAPPED = """\
input: [B, T, 3, 8, 8]
time_axis: T
layers:
  - TimeDistributed:
      - Conv2d: {out_channels: 8, kernel_size: 3}
      - ReLU
"""

SEQUENCE = """\
input: [B, T, 8]
sizes: {B: 2, T: 9}
time_axis: T
layers:
  - Linear: 16
  - ReLU
  - Linear: 16
  - LSTM: {hidden_size: 8, batch_first: true}
"""

COPIES = """\
input: [B, T, 16]
layers:
  - Residual:
      - Linear: 32
      - GELU
      - Linear: 16
    repeat: 4
  - Linear: 3
"""

INSERTED = "  - Dropout: 0.1\n"

# name -> before, after
CASES: dict[str, tuple[str, str]] = {
    "inserted_layer": (
        VIDEO,
        VIDEO.replace("      - ReLU\n      - Max", "      - BatchNorm2d\n      - ReLU\n      - Max").replace(
            "  - Linear: 10\n", f"{INSERTED}  - Linear: 10\n"
        ),
    ),
    "inserted_of_the_same_kind": (SEQUENCE, SEQUENCE.replace("layers:\n", "layers:\n  - Linear: 12\n  - ReLU\n")),
    "changed_kernel": (VIDEO, VIDEO.replace("32, kernel_size: 3", "48, kernel_size: 5")),
    "new_size": (VIDEO, VIDEO.replace("T: 16", "T: 32")),
    "new_input_size": (CONV, CONV.replace("32, 32]", "48, 48]")),
    "wrapped_block": (FRAMES, WRAPPED),
    "renamed_layer": (HEADS.replace("class", "label"), HEADS),
    "removed_output": (HEADS, HEADS.replace("[class, box]", "[class]")),
    "another_layer": (SEQUENCE, SEQUENCE.replace("LSTM: {hidden_size: 8", "GRU: {hidden_size: 10")),
    "frozen_layer": (
        SEQUENCE,
        SEQUENCE.replace("  - Linear: 16\n  - ReLU", "  - Linear: 16\n    trainable: false\n  - ReLU"),
    ),
    "wider_copies": (COPIES, COPIES.replace("32", "48").replace("repeat: 4", "repeat: 5")),
    "no_longer_built": (SEQUENCE, SEQUENCE.replace("Linear: 16\n  - LSTM", "Linaer: 16\n  - LSTM")),
    "built_again": (SEQUENCE.replace("Linear: 16\n  - LSTM", "Linaer: 16\n  - LSTM"), SEQUENCE),
}  # fmt: skip
