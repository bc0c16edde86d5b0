"""Sequence architectures in plain PyTorch, written by hand from their papers, without anything of tdinspect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.architectures.language_models import Bert, gpt, gpt2

Axes = tuple[int | str, ...]


class Recogniser(nn.Module):
    """CRNN: seven convolutions squeeze a line of text flat, two LSTMs read it from both sides."""

    def __init__(self, hidden: int = 256, symbols: int = 37) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv2d(1, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(64, 128, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(128, 256, 3, padding=1), nn.ReLU(),
            nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d((2, 1)),
            nn.Conv2d(256, 512, 3, padding=1, bias=False), nn.BatchNorm2d(512), nn.ReLU(),
            nn.Conv2d(512, 512, 3, padding=1, bias=False), nn.BatchNorm2d(512), nn.ReLU(), nn.MaxPool2d((2, 1)),
            nn.Conv2d(512, 512, 2), nn.ReLU(),
        )  # fmt: skip
        self.first = nn.LSTM(512, hidden, batch_first=True, bidirectional=True)
        self.second = nn.LSTM(2 * hidden, hidden, batch_first=True, bidirectional=True)
        self.head = nn.Linear(2 * hidden, symbols)

    def forward(self, input: Tensor) -> Tensor:
        columns = self.convolutions(input)[:, :, 0].mT
        return torch.log_softmax(self.head(self.second(self.first(columns)[0])[0]), -1)


class SummedGru(nn.Module):
    """Features normalised over batch and time, then a GRU whose two directions are added."""

    def __init__(self, features: int, hidden: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(features)
        self.gru = nn.GRU(features, hidden, batch_first=True, bidirectional=True)

    def forward(self, x: Tensor) -> Tensor:
        forward, backward = self.gru(self.norm(x.mT).mT)[0].chunk(2, -1)
        out: Tensor = forward + backward
        return out


class Speech(nn.Module):
    """Deep Speech 2: two strided convolutions over a spectrogram, then bidirectional GRUs."""

    def __init__(self, hidden: int = 800, depth: int = 5) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv2d(1, 32, (41, 11), (2, 2), (20, 5), bias=False), nn.BatchNorm2d(32), nn.Hardtanh(0, 20),
            nn.Conv2d(32, 32, (21, 11), (2, 1), (10, 5), bias=False), nn.BatchNorm2d(32), nn.Hardtanh(0, 20),
        )  # fmt: skip
        self.recurrences = nn.Sequential(*(SummedGru(hidden if i else 32 * 41, hidden) for i in range(depth)))
        self.head = nn.Linear(hidden, 29)

    def forward(self, input: Tensor) -> Tensor:
        bands = self.convolutions(input)
        batch, channels, frequencies, frames = bands.shape
        x = bands.reshape(batch, channels * frequencies, frames).mT
        out: Tensor = self.head(self.recurrences(x))
        return out


class CausalPair(nn.Module):
    """Two dilated convolutions that look back only, beside a shortcut."""

    def __init__(self, features: int, channels: int, kernel: int, dilation: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(features, channels, kernel, dilation=dilation)
        self.second = nn.Conv1d(channels, channels, kernel, dilation=dilation)
        self.shortcut = nn.Identity() if features == channels else nn.Conv1d(features, channels, 1)
        self.dropout = nn.Dropout(0.2)
        self.past = dilation * (kernel - 1)

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for convolution in (self.first, self.second):
            y = self.dropout(torch.relu(convolution(F.pad(y, (self.past, 0)))))
        return torch.relu(self.shortcut(x) + y)


class TemporalConvolutions(nn.Module):
    """TCN: causal convolutions whose dilation doubles from level to level."""

    def __init__(self, channels: int = 150, kernel: int = 6) -> None:
        super().__init__()
        levels = [CausalPair(channels if level else 88, channels, kernel, 2**level) for level in range(4)]
        self.levels = nn.Sequential(*levels)
        self.head = nn.Linear(channels, 88)

    def forward(self, input: Tensor) -> Tensor:
        return torch.sigmoid(self.head(self.levels(input.mT).mT))


class Translator(nn.Module):
    """Luong: a decoder starts from the encoder's last states and looks back at all of its steps."""

    def __init__(self, vocab: int = 8000, embedding: int = 256, hidden: int = 256) -> None:
        super().__init__()
        self.source = nn.Embedding(vocab, embedding)
        self.encoder = nn.LSTM(embedding, hidden, batch_first=True, bidirectional=True)
        self.target = nn.Embedding(vocab, embedding)
        self.decoder = nn.LSTM(embedding, 2 * hidden, batch_first=True)
        self.combine = nn.Linear(4 * hidden, 2 * hidden, bias=False)
        self.head = nn.Linear(2 * hidden, vocab)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        memory, (h, c) = self.encoder(self.source(source))
        start = tuple(torch.cat([state[0], state[1]], -1)[None] for state in (h, c))
        decoded, _ = self.decoder(self.target(target), start)
        weights = torch.einsum("bth,bsh->bts", decoded, memory).softmax(-1)
        context = torch.einsum("bts,bsh->bth", weights, memory)
        out: Tensor = self.head(torch.tanh(self.combine(torch.cat([context, decoded], -1))))
        return out


class Aligner(nn.Module):
    """Bahdanau: before every step the decoder's state chooses what to read of the source."""

    def __init__(self, vocab: int = 8000, embedding: int = 256, hidden: int = 256) -> None:
        super().__init__()
        self.source = nn.Embedding(vocab, embedding)
        self.encoder = nn.GRU(embedding, hidden, batch_first=True, bidirectional=True)
        self.keys = nn.Linear(2 * hidden, hidden, bias=False)
        self.start = nn.Linear(hidden, hidden)
        self.target = nn.Embedding(vocab, embedding)
        self.query = nn.Linear(hidden, hidden, bias=False)
        self.score = nn.Linear(hidden, 1, bias=False)
        self.cell = nn.GRUCell(embedding + 2 * hidden, hidden)
        self.head = nn.Linear(hidden, vocab)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        memory, last = self.encoder(self.source(source))
        keys = self.keys(memory)
        state = torch.tanh(self.start(last[1]))
        states = []
        for word in self.target(target).unbind(1):
            weights = self.score(torch.tanh(self.query(state)[:, None] + keys)).softmax(1)
            context = (weights * memory).sum(1)
            state = self.cell(torch.cat([word, context], -1), state)
            states.append(state)
        out: Tensor = self.head(torch.stack(states, 1))
        return out


@dataclass(frozen=True)
class Architecture:
    """One spec with its truth: the count typed by hand, the shapes, and sizes at which a real pass is quick."""

    file: str
    make: Callable[..., nn.Module]
    params: int
    inputs: Mapping[str, Axes]
    outputs: Mapping[str, Axes]
    sizes: Mapping[str, int]  # of a real pass
    high: int = 0  # inputs are whole numbers below this; 0: any numbers
    small: Mapping[str, int] = field(default_factory=dict)  # vars of a small sibling, for a real pass
    siblings: tuple[tuple[Mapping[str, int], int], ...] = ()  # vars of published siblings, and their counts


_DOWN = {"vocab": 40, "width": 24, "heads": 4, "depth": 3}
_MEDIUM = {"width": 1024, "heads": 16, "depth": 24}

SEQUENCES = (
    Architecture(
        "crnn", Recogniser, 8_722_725,
        {"input": ("B", 1, 32, "W")}, {"output": ("B", "W//4 - 1", 37)}, {"B": 2, "W": 44},
    ),
    Architecture(
        "deepspeech2", Speech, 41_188_957,
        {"input": ("B", 1, 161, "T")}, {"output": ("B", "(T+1)//2", 29)}, {"B": 2, "T": 31},
        small={"hidden": 12, "depth": 3},
    ),
    Architecture(
        "tcn", TemporalConvolutions, 1_052_038,
        {"input": ("B", "T", 88)}, {"output": ("B", "T", 88)}, {"B": 2, "T": 33},
    ),
    Architecture(
        "causal_transformer", gpt, 116_534_784,
        {"tokens": ("B", "T")}, {"output": ("B", "T", 768)}, {"B": 2, "T": 9}, high=40, small=_DOWN,
    ),
    Architecture(
        "gpt2", gpt2, 124_439_808,
        {"tokens": ("B", "T")}, {"output": ("B", "T", 768)}, {"B": 2, "T": 9}, high=40, small=_DOWN,
        siblings=((_MEDIUM, 354_823_168), ({"width": 1600, "heads": 25, "depth": 48}, 1_557_611_200)),
    ),
    Architecture(
        "bert_base", Bert, 109_482_240,
        {"tokens": ("B", "T"), "segments": ("B", "T"), "padding": ("B", "T")},
        {"hidden": ("B", "T", 768), "pooled": ("B", 768)}, {"B": 2, "T": 9}, high=2, small=_DOWN,
        siblings=((_MEDIUM, 335_141_888),),
    ),
    Architecture(
        "seq2seq_attention", Translator, 11_353_920,
        {"source": ("B", "S"), "target": ("B", "T")}, {"output": ("B", "T", 8000)},
        {"B": 2, "S": 7, "T": 5}, high=8000,
    ),
    Architecture(
        "attention_decoder", Aligner, 7_992_128,
        {"source": ("B", "S"), "target": ("B", "T")}, {"output": ("B", "T", 8000)},
        {"B": 2, "S": 7, "T": 5}, high=8000,
    ),
)  # fmt: skip

ARCHITECTURES = tuple(architecture.file for architecture in SEQUENCES)
