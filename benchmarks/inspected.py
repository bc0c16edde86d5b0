"""What each inspector says of a model: ``python -m benchmarks.inspected TOOL MODEL`` prints it as JSON.

One process per answer, so that its time and memory are the tool's own. The models are written by hand in PyTorch and,
for Keras, in Keras; benchmarks/specs/ has the same three for tdinspect. ``macs`` counts a multiply-add as one.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    import torch
    from torch import nn


class Answer(TypedDict, total=False):
    """What a tool prints; a key that is missing is not printed."""

    params: int
    macs: int
    output: list[int]


INPUTS = {
    "folded_cnn_lstm": (2, 16, 3, 64, 64),
    "resnet50_per_frame": (8, 16, 3, 224, 224),
    "transformer_encoder": (2, 512, 1024),
}


def model(name: str) -> nn.Module:
    """The model in plain PyTorch, in eval mode."""
    from torch import Tensor, nn

    from tests.architectures.networks import resnet50

    class Fold(nn.Module):
        def __init__(self, module: nn.Module) -> None:
            super().__init__()
            self.module = module

        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = self.module(x.flatten(0, 1)).unflatten(0, x.shape[:2])
            return out

    class Lstm(nn.Module):
        def __init__(self, features: int, hidden: int) -> None:
            super().__init__()
            self.lstm = nn.LSTM(features, hidden, batch_first=True)

        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = self.lstm(x)[0]
            return out

    if name == "folded_cnn_lstm":
        cnn = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())
        return nn.Sequential(Fold(cnn), Lstm(16 * 32 * 32, 128), nn.Linear(128, 10)).eval()
    if name == "resnet50_per_frame":
        return Fold(resnet50()).eval()
    layer = nn.TransformerEncoderLayer(1024, 16, 4096, batch_first=True)
    return nn.TransformerEncoder(layer, 24, enable_nested_tensor=False).eval()


def on_meta(name: str) -> tuple[nn.Module, torch.Tensor]:
    """The model and its input on the meta device, where nothing is computed."""
    import torch

    with torch.device("meta"):
        return model(name), torch.empty(INPUTS[name])


def truth(name: str) -> Answer:
    """Parameters as PyTorch has them; products as its dispatcher sees them, with attention's fast path off."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    torch.backends.mha.set_fastpath_enabled(False)
    built, x = on_meta(name)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        out = built(x)
    return {
        "params": sum(parameter.numel() for parameter in built.parameters()),
        "macs": counter.get_total_flops() // 2,
        "output": list(out.shape),
    }


def torchinfo_real(name: str) -> Answer:
    """As its README says: the sizes of the input, and a real pass."""
    from torchinfo import summary

    return _torchinfo(summary(model(name), input_size=INPUTS[name], verbose=0))


def torchinfo_meta(name: str) -> Answer:
    """The same on the meta device."""
    from torchinfo import summary

    built, x = on_meta(name)
    return _torchinfo(summary(built, input_data=x, device="meta", verbose=0))


def _torchinfo(statistics: Any) -> Answer:
    print(statistics, file=sys.stderr)
    return {
        "params": statistics.total_params,
        "macs": statistics.total_mult_adds,
        "output": list(statistics.summary_list[0].output_size),
    }


def torchview(name: str) -> Answer:
    """Its graph has the shapes; it is drawn by another program, which is not counted."""
    from torchview import draw_graph

    graph = draw_graph(model(name), input_size=INPUTS[name], device="meta")
    shapes = [node.tensor_shape for node in graph.edge_list[-1] if hasattr(node, "tensor_shape")]
    return {"output": list(shapes[-1])} if shapes else {}


def fvcore(name: str) -> Answer:
    """Its counter of flops, which counts a multiply-add as one, and its table of parameters."""
    import torch
    from fvcore.nn import FlopCountAnalysis, parameter_count

    built = model(name)
    counted = FlopCountAnalysis(built, torch.zeros(INPUTS[name])).unsupported_ops_warnings(False)
    return {"params": parameter_count(built)[""], "macs": int(counted.total())}


def flop_counter(name: str) -> Answer:
    """PyTorch's own counter around a real pass."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    built, x = model(name), torch.zeros(INPUTS[name])
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        built(x)
    return {"macs": counter.get_total_flops() // 2}


def torch_export(name: str) -> Answer:
    """The exported graph, which prints the shape of every value; the batch is left open."""
    import torch

    x = torch.zeros(INPUTS[name])
    program = torch.export.export(model(name), (x,), dynamic_shapes=({0: torch.export.Dim.AUTO},))
    print(program, file=sys.stderr)
    outputs: Any = program.graph.output_node().args[0]
    return {"output": [size if isinstance(size, int) else INPUTS[name][0] for size in outputs[0].meta["val"].shape]}


def keras(name: str) -> Answer:
    """Keras 3 on its torch backend: the same model in Keras's own layers, and ``summary``."""
    os.environ["KERAS_BACKEND"] = "torch"
    from keras import Input, Model, applications, layers

    batch, *shape = INPUTS[name]
    if len(shape) == 4:
        shape.append(shape.pop(1))  # Keras has the channels last
    x = given = Input(shape)
    if name == "folded_cnn_lstm":
        for layer in (layers.Conv2D(16, 3, padding="same", activation="relu"), layers.MaxPooling2D(), layers.Flatten()):
            x = layers.TimeDistributed(layer)(x)
        x = layers.Dense(10)(layers.LSTM(128, return_sequences=True)(x))
    elif name == "resnet50_per_frame":
        x = layers.TimeDistributed(applications.ResNet50(weights=None))(x)
    else:
        for _ in range(24):
            attended = layers.MultiHeadAttention(16, 64)(x, x)
            x = layers.LayerNormalization()(layers.add([x, attended]))
            fed = layers.Dense(1024)(layers.Dense(4096, activation="relu")(x))
            x = layers.LayerNormalization()(layers.add([x, fed]))
    built = Model(given, x)
    built.summary(print_fn=lambda line: print(line, file=sys.stderr))
    return {"params": built.count_params(), "output": [batch, *built.output_shape[1:]]}


TOOLS: dict[str, Callable[[str], Answer]] = {
    "truth": truth,
    "torchinfo, real pass": torchinfo_real,
    "torchinfo, meta": torchinfo_meta,
    "torchview, meta": torchview,
    "fvcore": fvcore,
    "FlopCounterMode": flop_counter,
    "torch.export": torch_export,
    "Keras 3": keras,
}


if __name__ == "__main__":
    print(json.dumps(TOOLS[sys.argv[1]](sys.argv[2])))
