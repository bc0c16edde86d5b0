"""The same models in plain PyTorch, written by hand, without anything of tdinspect."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

Outputs = Mapping[str, Tensor]


class PerStep(nn.Module):
    """Runs a module on one step after the other, and stacks what comes out."""

    def __init__(self, module: nn.Module, time: int) -> None:
        super().__init__()
        self.module = module
        self.time = time

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([self.module(step) for step in x.unbind(self.time)], dim=self.time)


class Recurrent(nn.Module):
    """A stack of recurrences that hand on their sequences, then a head."""

    def __init__(self, *layers: nn.RNNBase, head: Callable[[Tensor], Tensor] = lambda x: x) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.head = head

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x, _ = layer(x)
        return self.head(x)


class LastStep(nn.Module):
    """The last step, without its axis or (``keep``) with it; then a Linear."""

    def __init__(self, features: int, outputs: int, keep: bool = False) -> None:
        super().__init__()
        self.linear = nn.Linear(features, outputs)
        self.keep = keep

    def forward(self, x: Tensor) -> Tensor:
        last: Tensor = x[:, -1:] if self.keep else x[:, -1]
        out: Tensor = self.linear(last)
        return out


class Attention(nn.Module):
    """Bidirectional LSTM with dot-product attention over its own outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(50, 16)
        self.lstm = nn.LSTM(16, 32, batch_first=True, bidirectional=True)
        self.dense = PerStep(nn.Sequential(nn.Linear(128, 64), nn.ReLU()), time=1)
        self.choice = PerStep(nn.Sequential(nn.Linear(64, 40), nn.Softmax(-1)), time=1)

    def forward(self, words: Tensor) -> Tensor:
        h, _ = self.lstm(self.embedding(words))
        weights = (h @ h.mT).softmax(-1)
        out: Tensor = self.choice(self.dense(torch.cat([weights @ h, h], -1)))
        return out


class Proposals(nn.Module):
    """One head, looked through by every pyramid level."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(nn.Conv2d(256, 512, 3, padding=1), nn.ReLU())
        self.objectness = nn.Conv2d(512, 6, 1)
        self.deltas = nn.Conv2d(512, 12, 1)

    def forward(self, **levels: Tensor) -> Outputs:
        objectness, deltas = [], []
        for level in levels.values():
            seen = self.trunk(level)
            objectness.append(self.objectness(seen).movedim(1, -1).reshape(len(level), -1, 2))
            deltas.append(self.deltas(seen).movedim(1, -1).reshape(len(level), -1, 4))
        return {"objectness": torch.cat(objectness, 1).softmax(-1), "deltas": torch.cat(deltas, 1)}


class Heads(nn.Module):
    """Class, box and mask heads, one region at a time."""

    def __init__(self) -> None:
        super().__init__()
        mask = [self._block(256, 256, 3, padding=1) for _ in range(4)]
        self.features = nn.Sequential(self._block(256, 1024, 7), self._block(1024, 1024, 1), nn.Flatten())
        self.classes = nn.Sequential(nn.Linear(1024, 81), nn.Softmax(-1))
        self.box = nn.Linear(1024, 324)
        self.mask = nn.Sequential(
            *mask, nn.ConvTranspose2d(256, 256, 2, stride=2), nn.ReLU(), nn.Conv2d(256, 81, 1), nn.Sigmoid()
        )

    @staticmethod
    def _block(channels: int, out: int, kernel: int, padding: int = 0) -> nn.Sequential:
        return nn.Sequential(nn.Conv2d(channels, out, kernel, padding=padding), nn.BatchNorm2d(out), nn.ReLU())

    def forward(self, regions: Tensor, mask_regions: Tensor) -> Outputs:
        features = [self.features(region) for region in regions.unbind(1)]
        return {
            "class": torch.stack([self.classes(region) for region in features], 1),
            "box": torch.stack([self.box(region).reshape(-1, 81, 4) for region in features], 1),
            "mask": torch.stack([self.mask(region) for region in mask_regions.unbind(1)], 1),
        }


def _lstm(features: int, hidden: int, layers: int = 1, both: bool = False) -> nn.LSTM:
    return nn.LSTM(features, hidden, num_layers=layers, bidirectional=both, batch_first=True)


def _rnn(features: int) -> nn.RNN:
    return nn.RNN(features, 16, batch_first=True)


def _kept_step(layers: int = 1, both: bool = False) -> nn.Module:
    return Recurrent(_lstm(23, 256, layers, both), head=LastStep(512 if both else 256, 1, keep=True))


PLAIN: Mapping[str, Callable[[], nn.Module]] = {
    "linear_time_first": lambda: nn.Linear(10, 5),
    "linear_time_first_wrapped": lambda: PerStep(nn.Linear(10, 5), time=0),
    "linear_many_axes": lambda: nn.Linear(10, 5),
    "conv2d_bare": lambda: nn.Conv2d(3, 16, 3),
    "conv2d_images": lambda: nn.Conv2d(3, 16, 3),
    "conv2d_wrapped": lambda: PerStep(nn.Conv2d(3, 16, 3), time=0),
    "time_distributed_linear": lambda: PerStep(nn.Linear(8, 10), time=1),
    "time_distributed_conv2d": lambda: PerStep(nn.Conv2d(3, 32, 3, padding="same"), time=1),
    "mask_rcnn_rpn": Proposals,
    "mask_rcnn_heads": Heads,
    "lstm_one_to_one": lambda: Recurrent(_lstm(1, 5), head=LastStep(5, 1)),
    "lstm_many_to_one": lambda: Recurrent(_lstm(1, 5), head=LastStep(5, 5)),
    "lstm_many_to_many": lambda: Recurrent(_lstm(1, 5), head=PerStep(nn.Linear(5, 1), time=1)),
    "attention_sequence": Attention,
    "lstm_kept_step": _kept_step,
    "lstm_kept_step_two_layers": lambda: _kept_step(layers=2),
    "lstm_kept_step_bidirectional": lambda: _kept_step(both=True),
    "lstm_kept_step_two_layers_bidirectional": lambda: _kept_step(layers=2, both=True),
    "rnn_sequence": lambda: Recurrent(_rnn(14)),
    "rnn_last_step": lambda: Recurrent(_rnn(14), head=lambda x: x[:, -1]),
    "rnn_stack": lambda: Recurrent(_rnn(14), _rnn(16), _rnn(16)),
    "rnn_open_length": lambda: Recurrent(_rnn(14)),
}


def run(name: str, inputs: Mapping[str, tuple[int, ...]]) -> tuple[dict[str, tuple[int, ...]], nn.Module]:
    """A real forward pass at these sizes: the shapes of the outputs, and the module."""
    torch.manual_seed(0)
    module = PLAIN[name]().eval()
    values = {key: torch.randint(50, shape) if key == "words" else torch.randn(shape) for key, shape in inputs.items()}
    with torch.no_grad():
        out = module(*values.values()) if len(values) == 1 else module(**values)
    outputs = out if isinstance(out, dict) else {"output": out}
    return {key: tuple(value.shape) for key, value in outputs.items()}, module


def count(module: nn.Module) -> int:
    """Every parameter once."""
    return sum(parameter.numel() for parameter in module.parameters())


def keras_count(module: nn.Module) -> int:
    """What Keras would count: one bias where a plain recurrence or LSTM has two; the statistics of a BatchNorm too."""
    total = count(module)
    for part in module.modules():
        if isinstance(part, (nn.LSTM, nn.RNN)):
            total -= sum(value.numel() for name, value in part.named_parameters() if name.startswith("bias_hh"))
        if isinstance(part, nn.BatchNorm2d):
            total += 2 * part.num_features
    return total
