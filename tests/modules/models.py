"""Models as people write them: none of them knows of tdinspect, except where a wrapper is what is looked at."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from tdinspect import TimeDistributed


class VideoModel(nn.Module):
    """A CNN for each frame, folded by hand, then an LSTM: (B, T, 3, H, W) -> (B, T, 5)."""

    def __init__(self, size: int = 16) -> None:
        super().__init__()
        self.cnn = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2))
        self.lstm = nn.LSTM(8 * (size // 2) ** 2, 16, batch_first=True)
        self.head = nn.Linear(16, 5)

    def forward(self, x: Tensor) -> Tensor:
        b, t = x.shape[:2]
        frames = self.cnn(x.flatten(0, 1)).view(b, t, -1)
        scores: Tensor = self.head(self.lstm(frames)[0])
        return scores


class WrappedVideoModel(VideoModel):
    """The same with TimeDistributed."""

    def __init__(self, size: int = 16) -> None:
        super().__init__(size)
        self.cnn = TimeDistributed(nn.Sequential(*self.cnn, nn.Flatten()))  # type: ignore[assignment]

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.head(self.lstm(self.cnn(x))[0])
        return scores


class NeedsWrapper(VideoModel):
    """The same without either: its first layer raises."""

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.head(self.lstm(self.cnn(x).flatten(2))[0])
        return scores


class TwoInputs(nn.Module):
    """A sequence, its lengths and a condition: (B, T, 6), (B,), (B, 4) -> a dict."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(6, 8, batch_first=True)
        self.condition = nn.Linear(4, 8)
        self.out = nn.Linear(8, 3)

    def forward(self, x: Tensor, lengths: Tensor, style: Tensor, *, scale: float = 1.0) -> dict[str, Any]:
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        y, _ = nn.utils.rnn.pad_packed_sequence(self.rnn(packed)[0], batch_first=True, total_length=x.shape[1])
        y = self.out(y + self.condition(style).unsqueeze(1)) * scale
        return {"steps": y, "mean": y.mean(1)}


class Shared(nn.Module):
    """One Linear twice, a tied weight, a loose parameter, a layer that no call reaches."""

    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Linear(8, 8)
        self.again = self.mix
        self.tied = nn.Linear(8, 8, bias=False)
        self.tied.weight = self.mix.weight
        self.token = nn.Parameter(torch.zeros(8))
        self.auxiliary = nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.tied(self.again(torch.relu(self.mix(x)))) + self.token
        return y


class Encoder(nn.Module):
    """A Transformer encoder over token ids with a causal mask: (B, T) -> (B, T, 11)."""

    def __init__(self, causal: bool = True) -> None:
        super().__init__()
        self.causal = causal
        self.embed = nn.Embedding(50, 16)
        self.position = nn.Parameter(torch.zeros(32, 16))
        layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(16, 11)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.embed(ids) + self.position[: ids.shape[1]]
        mask = nn.Transformer.generate_square_subsequent_mask(ids.shape[1]) if self.causal else None
        scores: Tensor = self.head(self.encoder(x, mask=mask))
        return scores


class CausalBlock(nn.Module):
    """A convolution that sees the past only: (B, C, T) -> (B, C, T)."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.pad = nn.ConstantPad1d((2 * dilation, 0), 0.0)
        self.conv = nn.Conv1d(channels, channels, 3, dilation=dilation)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x + torch.relu(self.conv(self.pad(x)))
        return y


class Loop(nn.Module):
    """A cell over time, as many calls as there are steps."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.GRUCell(6, 4)

    def forward(self, x: Tensor) -> Tensor:
        h, out = x.new_zeros(x.shape[0], 4), []
        for t in range(x.shape[1]):
            h = self.cell(x[:, t], h)
            out.append(h)
        return torch.stack(out, 1)


class Restless(nn.Module):
    """Everything that a pass may touch: statistics, a counter, draws, a buffer, the input, its own attributes."""

    seen: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(4)
        self.drop = nn.Dropout(0.5)
        self.lin = nn.Linear(4, 4)
        self.register_buffer("seen", torch.zeros(()))
        self.calls = 0
        self.kept: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        self.kept.append(x)
        self.seen += 1
        x += torch.rand(())
        y: Tensor = self.lin(self.drop(self.norm(x.flatten(0, 1))).unflatten(0, x.shape[:2]))
        if x.shape[-1] != 4 or self.calls < 0:
            raise RuntimeError("no")
        return y
