"""Many specs of about fifty layers, as a team's repository might hold them: four kinds of model, no two the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

_KINDS = 4


def write_specs(folder: Path, count: int, changed: int = 0) -> None:
    """Write ``count`` specs below ``folder``, twenty a sub-folder; another ``changed`` gives each another text."""
    for number in range(count):
        path = folder / f"group_{number // 20:03}" / f"model_{number:04}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(spec(number, changed), encoding="utf-8")


def spec(number: int, changed: int = 0) -> str:
    """The text of one spec; widths, sizes and depths follow the number, so that few layers meet again."""
    kinds = (_video, _speech, _transformer, _sensors)
    lines = kinds[number % _KINDS](number // _KINDS)
    return f"# model {number}, revision {changed}\n" + "\n".join(lines) + "\n"


def _video(number: int) -> Iterator[str]:
    """A CNN for each frame, then a recurrence: 51 layers."""
    width, size = 8 + number % 23, 64 + 16 * (number % 5)
    yield from (f"name: video-{number}", f"input: [B, T, 3, {size}, {size}]", "sizes: {B: 2, T: 8}", "time_axis: T")
    yield from ("layers:", "  - TimeDistributed:")
    for block in range(14):
        stride = 2 if block % 4 == 3 else 1
        channels = width * (1 + block // 4) + number % 3
        yield f"      - Conv2d: {{out_channels: {channels}, kernel_size: 3, padding: 1, stride: {stride}, bias: false}}"
        yield from ("      - BatchNorm2d", "      - ReLU")
    yield from ("      - AdaptiveAvgPool2d: 1", "      - Flatten", "      - Dropout: 0.2")
    yield f"  - LSTM: {{hidden_size: {32 + number % 31}, batch_first: true}}"
    yield from (f"  - LayerNorm: {32 + number % 31}", f"  - Linear: {64 + number % 7}", "  - GELU")
    yield from (f"  - Linear: {5 + number % 11}", f"expect: {{output: [B, T, {5 + number % 11}], free: [B, T]}}")


def _speech(number: int) -> Iterator[str]:
    """Convolutions along time: 50 layers."""
    width = 32 + number % 37
    yield from (f"name: speech-{number}", "input: [B, 80, T]", "sizes: {B: 2, T: 128}", "time_axis: T", "layers:")
    for block in range(12):
        channels = width + 4 * (block % 6)
        window = f"kernel_size: {3 + 2 * (block % 3)}, padding: {1 + block % 3}"
        yield f"  - Conv1d: {{out_channels: {channels}, {window}, bias: false}}"
        yield from (f"  - BatchNorm1d: {channels}", "  - SiLU", f"  - Dropout: 0.{1 + block % 3}")
    yield f"  - Conv1d: {{out_channels: {28 + number % 5}, kernel_size: 1}}"
    yield from ("  - permute: {dims: [0, 2, 1]}", f"expect: {{output: [B, T, {28 + number % 5}]}}")


def _transformer(number: int) -> Iterator[str]:
    """Pre-norm blocks with attention written out and residual ways round them: 52 layers and functions."""
    width = 32 * (1 + number % 5) + 8 * (number % 3)
    yield from (f"name: transformer-{number}", f"input: [B, T, {24 + number % 19}]", "sizes: {B: 2, T: 32}")
    yield from ("time_axis: T", f"vars: {{width: {width}, heads: 4}}", "blocks:", "  Block:", "    - Residual:")
    yield from ("        - LayerNorm", "        - Linear: $(3 * width)")
    yield "        - unflatten: {dim: -1, sizes: [3, $heads, $(width // heads)]}"
    yield from (
        "        - permute: {dims: [2, 0, 3, 1, 4]}",
        "        - unbind: 0",
        "          as: [query, key, value]",
    )
    yield from ("        - scaled_dot_product_attention: {is_causal: true}", "          from: [query, key, value]")
    yield from ("        - transpose: {dim0: 1, dim1: 2}", "        - flatten: 2", "        - Linear: $width")
    yield from ("    - Residual:", "        - LayerNorm", "        - Linear: $(4 * width)", "        - GELU")
    yield from ("        - Linear: $width", "layers:", "  - Linear: $width", "  - Block:", "    repeat: 4")
    yield from ("  - LayerNorm", f"  - Linear: {10 + number % 13}", f"expect: {{output: [B, T, {10 + number % 13}]}}")


def _sensors(number: int) -> Iterator[str]:
    """A deep MLP for each step between two recurrences: 50 layers."""
    width = 24 + number % 41
    yield from (f"name: sensors-{number}", f"input: [B, T, {6 + number % 17}]", "sizes: {B: 4, T: 16}", "time_axis: T")
    yield from ("layers:", f"  - GRU: {{hidden_size: {width}, batch_first: true}}")
    for block in range(15):
        yield f"  - Linear: {width + 3 * (block % 9)}"
        yield from (f"  - LayerNorm: {width + 3 * (block % 9)}", "  - ReLU")
    yield f"  - LSTM: {{hidden_size: {width}, batch_first: true, bidirectional: true}}"
    yield from (f"  - Linear: {width}", "  - Tanh", f"  - Linear: {3 + number % 9}")
    yield f"expect: {{output: [B, T, {3 + number % 9}]}}"
