"""A zero-size batch lets wrong calls pass and refuses right ones: right and wrong sizes, held against real runs."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from tdinspect.building.construct import construct
from tdinspect.building.tensor_function import Run, TensorFunction
from tdinspect.domain.size import Size
from tdinspect.domain.spec import Arguments, Layer
from tdinspect.domain.trace import Axis, TensorInfo
from tdinspect.domain.tree import first
from tdinspect.running.call import World
from tdinspect.running.engine import inspecting
from tdinspect.running.transfer import LayerError, transfer

B = 3
# type, arguments, per-sample input shapes (all with the batch first): right ones and wrong ones.
LAYERS: list[tuple[str, dict[str, Any], list[tuple[tuple[int, ...], ...]]]] = [
    ("Linear", {"in_features": 4, "out_features": 2}, [((4,),), ((5,),), ((6, 4),)]),
    ("Bilinear", {"in1_features": 4, "in2_features": 3, "out_features": 2}, [((4,), (3,)), ((4,), (4,))]),
    ("Conv1d", {"in_channels": 4, "out_channels": 2, "kernel_size": 3}, [((4, 8),), ((5, 8),), ((4, 2),), ((4,),)]),
    ("Conv2d", {"in_channels": 4, "out_channels": 2, "kernel_size": 3}, [((4, 8, 8),), ((5, 8, 8),), ((4, 2, 8),)]),
    ("Conv3d", {"in_channels": 4, "out_channels": 2, "kernel_size": 2}, [((4, 3, 3, 3),), ((3, 3, 3, 3),)]),
    ("ConvTranspose2d", {"in_channels": 4, "out_channels": 2, "kernel_size": 3}, [((4, 8, 8),), ((5, 8, 8),)]),
    ("BatchNorm1d", {"num_features": 4}, [((4,),), ((5,),), ((4, 7),), ((5, 7),), ((4, 7, 7),)]),
    ("BatchNorm2d", {"num_features": 4}, [((4, 7, 7),), ((5, 7, 7),), ((4, 7),)]),
    ("BatchNorm3d", {"num_features": 4}, [((4, 7, 7, 7),), ((5, 7, 7, 7),)]),
    ("BatchNorm2d", {"num_features": 4, "track_running_stats": False}, [((4, 7, 7),), ((5, 7, 7),)]),
    ("InstanceNorm1d", {"num_features": 4, "affine": True}, [((4, 7),), ((5, 7),)]),
    ("InstanceNorm2d", {"num_features": 4}, [((4, 7, 7),)]),
    ("GroupNorm", {"num_groups": 2, "num_channels": 4}, [((4, 7),), ((5, 7),), ((6, 7),)]),
    ("LayerNorm", {"normalized_shape": 4}, [((4,),), ((5,),), ((7, 4),)]),
    ("RMSNorm", {"normalized_shape": 4}, [((4,),), ((5,),)]),
    ("LocalResponseNorm", {"size": 2}, [((4, 7),), ((4,),)]),
    ("PReLU", {"num_parameters": 4}, [((4, 7),), ((5, 7),)]),
    ("MaxPool1d", {"kernel_size": 2}, [((4, 7),), ((4, 1),)]),
    ("MaxPool2d", {"kernel_size": 2}, [((4, 7, 7),), ((4, 1, 7),), ((4,),)]),
    ("AvgPool2d", {"kernel_size": 2}, [((4, 7, 7),), ((4, 1, 7),)]),
    ("AdaptiveMaxPool2d", {"output_size": 3}, [((4, 7, 7),), ((4, 2, 2),)]),
    ("FractionalMaxPool2d", {"kernel_size": 2, "output_size": 3}, [((4, 7, 7),)]),
    ("LPPool2d", {"norm_type": 2.0, "kernel_size": 2}, [((4, 8, 8),)]),
    ("ReflectionPad1d", {"padding": 2}, [((4, 7),), ((4, 2),)]),
    ("ReplicationPad2d", {"padding": 2}, [((4, 7, 7),), ((4,),)]),
    ("CircularPad1d", {"padding": 3}, [((4, 7),), ((4, 2),)]),
    ("ConstantPad1d", {"padding": (2, 0), "value": 0}, [((4, 7),)]),
    ("Upsample", {"scale_factor": 2}, [((4, 7, 7),), ((4,),)]),
    ("PixelShuffle", {"upscale_factor": 2}, [((4, 7, 7),), ((5, 7, 7),)]),
    ("PixelUnshuffle", {"downscale_factor": 2}, [((4, 8, 8),), ((4, 7, 8),)]),
    ("ChannelShuffle", {"groups": 2}, [((4, 7, 7),), ((5, 7, 7),)]),
    ("Fold", {"output_size": (4, 5), "kernel_size": 2}, [((8, 12),), ((8, 11),), ((7, 12),)]),
    ("Unfold", {"kernel_size": 2}, [((4, 5, 5),), ((4, 1, 5),)]),
    ("Flatten", {}, [((4, 7, 7),), ((4,),)]),
    ("Flatten", {"start_dim": 2}, [((4, 7, 7),)]),
    ("Unflatten", {"dim": 1, "unflattened_size": (2, 2)}, [((4, 7),), ((5, 7),)]),
    ("GLU", {}, [((4,),), ((5,),)]),
    ("Softmax", {"dim": 1}, [((4,),)]),
    ("Softmax", {"dim": 3}, [((4,),)]),
    ("Softmax2d", {}, [((4, 7, 7),), ((4,),)]),
    ("LSTM", {"input_size": 4, "hidden_size": 3, "batch_first": True}, [((6, 4),), ((6, 5),), ((2, 6, 4),), ((4,),)]),
    ("GRU", {"input_size": 4, "hidden_size": 3, "batch_first": True}, [((6, 4),), ((6, 5),)]),
    ("RNN", {"input_size": 4, "hidden_size": 3, "batch_first": True, "bidirectional": True}, [((6, 4),), ((6, 5),)]),
    ("LSTMCell", {"input_size": 4, "hidden_size": 3}, [((4,),), ((5,),)]),
    ("GRUCell", {"input_size": 4, "hidden_size": 3}, [((4,),), ((5,),)]),
    ("MultiheadAttention", {"embed_dim": 4, "num_heads": 2, "batch_first": True},
     [((6, 4), (6, 4), (6, 4)), ((6, 5), (6, 5), (6, 5)), ((6, 4), (7, 4), (7, 4)), ((6, 4), (7, 4), (6, 4))]),
    ("TransformerEncoderLayer", {"d_model": 4, "nhead": 2, "batch_first": True}, [((6, 4),), ((6, 5),)]),
    ("TransformerDecoderLayer", {"d_model": 4, "nhead": 2, "batch_first": True}, [((6, 4), (5, 4)), ((6, 4), (5, 3))]),
    ("Transformer", {"d_model": 4, "nhead": 2, "num_encoder_layers": 1, "num_decoder_layers": 1, "batch_first": True},
     [((6, 4), (5, 4)), ((6, 5), (5, 4))]),
    ("CosineSimilarity", {}, [((4,), (4,)), ((4,), (5,))]),
    ("PairwiseDistance", {}, [((4,), (4,)), ((4,), (5,))]),
]  # fmt: skip
FUNCTIONS: list[tuple[str, dict[str, Any], list[tuple[tuple[int, ...], ...]]]] = [
    ("cat", {"dim": 1}, [((4,), (5,)), ((4, 2), (4, 3)), ((4,), (4, 3))]),
    ("cat", {"dim": 0}, [((4,), (4,)), ((4,), (5,))]),
    ("cat", {"dim": -1}, [((), (4,)), ((), ())]),
    ("stack", {"dim": 1}, [((4,), (4,)), ((4,), (5,))]),
    ("reshape", {"shape": (-1, 2, 2)}, [((4,),), ((5,),), ((3, 4),)]),
    ("reshape", {"shape": (3, -1)}, [((4,),), ((4, 2),)]),
    ("flatten", {"start_dim": 0, "end_dim": 1}, [((4, 2),), ((4,),)]),
    ("unflatten", {"dim": 1, "sizes": (2, -1)}, [((4,),), ((5,),)]),
    ("permute", {"dims": (1, 0)}, [((4,),), ((4, 2),)]),
    ("transpose", {"dim0": 0, "dim1": 1}, [((4,),), ()]),
    ("select", {"dim": 0, "index": 0}, [((4,),)]),
    ("select", {"dim": 1, "index": -1}, [((4,),), ((4, 2),)]),
    ("select", {"dim": 1, "index": 9}, [((4,),)]),
    ("narrow", {"dim": 1, "start": 1, "length": 2}, [((4,),), ((2,),)]),
    ("chunk", {"chunks": 2, "dim": 1}, [((4,),), ((5,),)]),
    ("matmul", {}, [((4, 5), (5, 2)), ((4, 5), (4, 2))]),
    ("bmm", {}, [((4, 5), (5, 2)), ((4, 5), (4, 2))]),
    ("add", {}, [((4,), (4,)), ((4,), (1,)), ((4,), (5,))]),
    ("einsum", {"equation": "bij,bjk->bik"}, [((4, 5), (5, 2)), ((4, 5), (4, 2))]),
    ("scaled_dot_product_attention", {}, [((2, 6, 4), (2, 7, 4), (2, 7, 4)), ((2, 6, 4), (2, 7, 3), (2, 7, 3))]),
    ("mean", {"dim": 1}, [((4,),), ((4, 2),)]),
    ("mean", {"dim": 2}, [((4,),)]),
    ("amax", {"dim": (1,)}, [((4, 2),)]),
    ("max", {"dim": 1}, [((4, 2),)]),
    ("argmax", {"dim": 1}, [((4, 2),)]),
    ("topk", {"k": 3}, [((4,),), ((2,),)]),
    ("softmax", {"dim": 1}, [((4,),)]),
    ("repeat_interleave", {"repeats": 2, "dim": 0}, [((4,),)]),
    ("interpolate", {"scale_factor": 2}, [((4, 5),)]),
    ("pad", {"pad": (1, 1)}, [((4, 5),)]),
    ("squeeze", {"dim": 1}, [((1, 5),), ((2, 5),)]),
    ("unsqueeze", {"dim": 1}, [((5,),)]),
    ("expand", {"shape": (3, 4, 5)}, [((1, 5),), ((2, 5),)]),
]  # fmt: skip
CASES = [(name, arguments, shapes) for name, arguments, all_shapes in LAYERS + FUNCTIONS for shapes in all_shapes]
TAKES_LIST = ("cat", "stack", "einsum")


def module_of(name: str, arguments: dict[str, Any], sizes: dict[str, int]) -> nn.Module:
    if name.islower():
        return TensorFunction(name, arguments, Run(sizes))
    return construct(Layer(name, Arguments(named=arguments))).eval()


def real_outcome(name: str, arguments: dict[str, Any], shapes: tuple[tuple[int, ...], ...]) -> Any:
    module = module_of(name, arguments, {})
    tensors = [torch.randn(B, *shape) for shape in shapes]
    try:
        with inspecting():
            result = first(module(tensors) if name in TAKES_LIST else module(*tensors))
    except Exception as problem:
        return f"{type(problem).__name__}: {problem}"
    return tuple(result.shape)


@pytest.mark.parametrize(
    ("name", "arguments", "shapes"), CASES, ids=[f"{name}-{arguments}-{shapes}" for name, arguments, shapes in CASES]
)
def test_a_layer_gives_the_shape_or_the_error_of_a_real_run(
    name: str, arguments: dict[str, Any], shapes: tuple[tuple[int, ...], ...]
) -> None:
    sizes = {"B": B}
    batch = Axis(Size.symbol("B"), frozenset("B"))
    infos = tuple(TensorInfo((batch, *(Axis(Size.number(n)) for n in shape))) for shape in shapes)
    module = module_of(name, arguments, sizes)
    expected = real_outcome(name, arguments, shapes)
    try:
        with inspecting():
            value = first(
                transfer(
                    module, (list(infos),) if name in TAKES_LIST else infos, {}, World(sizes, "B", Run(dict(sizes)))
                )
            )
    except LayerError as error:
        assert expected == error.text
    else:
        assert expected == value.shape({"B": B})
        again = real_outcome(name, arguments, shapes)
        assert again == expected
