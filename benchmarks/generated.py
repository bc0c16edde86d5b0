"""Specs as long as they are asked for: a mix of what real ones hold, with sizes that differ from spec to spec."""

from __future__ import annotations

from random import Random

BLOCKS = """\
blocks:
  ConvNorm:
    params: {{channels: 16, kernel: 3, stride: 1}}
    layers:
      - Conv2d:
          out_channels: $channels
          kernel_size: $kernel
          stride: $stride
          padding: $(kernel // 2)
          bias: false
      - BatchNorm2d
      - ReLU
  Basic:
    params: {{channels: {channels}}}
    layers:
      - Residual:
          - ConvNorm: {{channels: $channels}}
          - Conv2d: {{out_channels: $channels, kernel_size: 3, padding: 1}}
          - BatchNorm2d
      - ReLU
  FeedForward:
    params: {{width: {features}, drop: 0.1}}
    layers:
      - LayerNorm
      - Linear: $(2 * width)
      - GELU
      - Dropout: $drop
      - Linear: $width
"""


def frames_spec(lines: int, seed: int, blocks: bool = True) -> str:
    """A spec of so many lines (40 at least): a CNN on each frame, then LSTMs, Linear layers and residuals over time."""
    random = Random(seed)
    channels, features = random.randrange(8, 64), 2 * random.randrange(16, 128)
    text = [
        f"name: generated-{seed}",
        f"input: [B, T, {random.randrange(1, 5)}, {random.randrange(24, 64)}, {random.randrange(24, 64)}]",
        f"sizes: {{B: {random.randrange(2, 5)}, T: {random.randrange(5, 20)}}}",
        "time_axis: T",
        f"vars: {{channels: {channels}, features: {features}}}",
    ]
    if blocks:
        text += BLOCKS.format(channels=channels, features=features).splitlines()
    text += ["layers:", "  - TimeDistributed:", "      - Conv2d: {out_channels: $channels, kernel_size: 3, padding: 1}"]
    until = len(text) + (lines - len(text)) // 3
    while len(text) < until:
        text += [f"      {line}" for line in _of_frames(random, blocks)]
    text += ["      - AdaptiveAvgPool2d: 1", "      - Flatten", "  - Linear: $features"]
    while len(text) < lines - 1:
        piece = [f"  {line}" for line in _over_time(random, len(text), blocks)]
        text += piece if len(text) + len(piece) < lines else ["  - Tanh"]
    return "\n".join([*text, "  - Linear: 10"]) + "\n"


def _of_frames(random: Random, blocks: bool) -> list[str]:
    kernel = random.choice((1, 3, 5))
    wide = random.randrange(8, 64)
    plain = [
        ["- Conv2d: {out_channels: $channels, kernel_size: %d, padding: %d}" % (kernel, kernel // 2), "- BatchNorm2d"],
        ["- Conv2d:", f"    out_channels: {wide}", "    kernel_size: 1", "    bias: false", "- ReLU", _narrow()],
        ["- Residual:", f"    - {_narrow()[2:]}", "    - BatchNorm2d", "    - ReLU"],
        ["- ReLU", f"- Dropout2d: {random.randrange(1, 5) / 10}"],
    ]
    used = [
        ["- Basic: {channels: $channels}"],
        [
            f"- ConvNorm: {{channels: {wide}, kernel: {kernel}}}",
            f"- Residual: [ConvNorm: {{channels: {wide}}}]",
            _narrow(),
        ],
    ]
    return random.choice(plain + used if blocks else plain)


def _narrow() -> str:
    return "- Conv2d: {out_channels: $channels, kernel_size: 1}"


def _over_time(random: Random, number: int, blocks: bool) -> list[str]:
    wide = random.randrange(16, 256)
    plain = [
        [
            "- LSTM: {hidden_size: $features, batch_first: true}",
            f"  name: lstm_at_{number}",
            "  as: [_, [_, c_%d]]" % number,
        ],
        [f"- GRU: {{hidden_size: {wide}, batch_first: true, bidirectional: true}}", "- Linear: $features"],
        ["- TimeDistributed:", f"    - Linear: {wide}", "    - ReLU", "    - Linear: $features"],
        ["- Residual:", "    - LayerNorm", f"    - Linear: {wide}", "    - GELU", "    - Linear: $features"],
        [
            f"- Linear: {wide}",
            f"  name: wide_{number}",
            "- ReLU",
            f"- Dropout: {random.randrange(1, 5) / 10}",
            "- Linear:",
        ]
        + ["    out_features: $features", "    bias: false"],
        ["- LayerNorm:", f"  name: normed_{number}", "- MultiheadAttention: {num_heads: 2, batch_first: true}"]
        + [f"  from: [{', '.join([f'normed_{number}'] * 3)}]", "  call: {need_weights: false}"],
    ]
    used = [["- Residual:", "    - FeedForward"], ["- Residual:", f"    - FeedForward: {{drop: {wide / 1000}}}"]]
    return random.choice(plain + used if blocks else plain)
