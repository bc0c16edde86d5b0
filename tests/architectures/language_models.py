"""GPT, GPT-2 and BERT in plain PyTorch, written by hand from their papers, without anything of tdinspect."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class TransformerLayer(nn.Module):
    """Attention and a feed-forward part, each with a shortcut; normalised before (GPT-2) or after (GPT, BERT)."""

    norm1: nn.LayerNorm
    project: nn.Linear
    merge: nn.Linear
    norm2: nn.LayerNorm
    widen: nn.Linear
    narrow: nn.Linear

    def __init__(self, width: int, heads: int, *, pre_norm: bool, causal: bool, gelu: str, eps: float = 1e-5) -> None:
        super().__init__()
        self.heads, self.pre_norm, self.causal, self.gelu = heads, pre_norm, causal, gelu
        parts: dict[str, Callable[[], nn.Module]] = {
            "norm1": lambda: nn.LayerNorm(width, eps),
            "project": lambda: nn.Linear(width, 3 * width),
            "merge": lambda: nn.Linear(width, width),
            "norm2": lambda: nn.LayerNorm(width, eps),
            "widen": lambda: nn.Linear(width, 4 * width),
            "narrow": lambda: nn.Linear(4 * width, width),
        }
        # Registered in the order of the work, or as torch's own layer has it: the norms at the end.
        late = () if pre_norm else ("norm1", "norm2")
        for name in (*(name for name in parts if name not in late), *late):
            self.add_module(name, parts[name]())

    def forward(self, x: Tensor, ignored: Tensor | None = None) -> Tensor:
        """``ignored``: the positions of each sample that nothing may look at."""
        if self.pre_norm:
            x = x + self.attend(self.norm1(x), ignored)
            return x + self.feed(self.norm2(x))
        x = self.norm1(x + self.attend(x, ignored))
        out: Tensor = self.norm2(x + self.feed(x))
        return out

    def attend(self, x: Tensor, ignored: Tensor | None) -> Tensor:
        batch, time, width = x.shape
        query, key, value = (
            part.reshape(batch, time, self.heads, width // self.heads).transpose(1, 2)
            for part in self.project(x).chunk(3, -1)
        )
        scores = query @ key.mT / math.sqrt(width // self.heads)
        if self.causal:
            scores = scores.masked_fill(torch.ones(time, time).tril() == 0, -math.inf)
        if ignored is not None:
            scores = scores.masked_fill(ignored[:, None, None, :], -math.inf)
        out: Tensor = self.merge((scores.softmax(-1) @ value).transpose(1, 2).reshape(batch, time, width))
        return out

    def feed(self, x: Tensor) -> Tensor:
        out: Tensor = self.narrow(F.gelu(self.widen(x), approximate=self.gelu))
        return out


class Gpt(nn.Module):
    """GPT (normalised after) or GPT-2 (normalised before, and once more at the end), up to the last hidden states."""

    def __init__(self, pre_norm: bool, vocab: int, context: int, width: int, heads: int, depth: int) -> None:
        super().__init__()
        self.words = nn.Embedding(vocab, width)
        self.places = nn.Embedding(context, width)
        gelu = "tanh" if pre_norm else "none"
        self.layers = nn.ModuleList(
            TransformerLayer(width, heads, pre_norm=pre_norm, causal=True, gelu=gelu) for _ in range(depth)
        )
        self.norm = nn.LayerNorm(width) if pre_norm else nn.Identity()

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.words(tokens) + self.places.weight[: tokens.shape[1]]
        for layer in self.layers:
            x = layer(x)
        out: Tensor = self.norm(x)
        return out


def gpt(vocab: int = 40_478, context: int = 512, width: int = 768, heads: int = 12, depth: int = 12) -> Gpt:
    return Gpt(False, vocab, context, width, heads, depth)


def gpt2(vocab: int = 50_257, context: int = 1024, width: int = 768, heads: int = 12, depth: int = 12) -> Gpt:
    return Gpt(True, vocab, context, width, heads, depth)


class Bert(nn.Module):
    """BERT: words, places and sentences embedded, a transformer that sees both sides, a pooler on the first token."""

    def __init__(self, vocab: int = 30_522, width: int = 768, heads: int = 12, depth: int = 12) -> None:
        super().__init__()
        self.words = nn.Embedding(vocab, width)
        self.places = nn.Embedding(512, width)
        self.sentences = nn.Embedding(2, width)
        self.norm = nn.LayerNorm(width, 1e-12)
        self.layers = nn.ModuleList(
            TransformerLayer(width, heads, pre_norm=False, causal=False, gelu="none", eps=1e-12) for _ in range(depth)
        )
        self.pooler = nn.Linear(width, width)

    def forward(self, tokens: Tensor, segments: Tensor, padding: Tensor) -> Mapping[str, Tensor]:
        places = self.places.weight[: tokens.shape[1]]
        x = self.norm(self.words(tokens) + places + self.sentences(segments))
        for layer in self.layers:
            x = layer(x, padding)
        return {"hidden": x, "pooled": torch.tanh(self.pooler(x[:, 0]))}
