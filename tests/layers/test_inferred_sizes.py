"""The sizes that shapes tell: for every class that has one, the inferred module runs on that very tensor."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor, nn

from tdinspect.building.construct import construct
from tdinspect.building.infer import Refused, Surroundings, completed
from tdinspect.building.signatures import layer_classes, layer_parameters
from tdinspect.building.wiring import Flow
from tdinspect.domain.size import Size
from tdinspect.domain.spec import Arguments, Layer, Step
from tdinspect.domain.trace import Axis, TensorInfo
from tdinspect.domain.tree import leaves
from tdinspect.layers import inferred_from, is_inferable

B, T = "B", "T"
SIZES = {B: 2, T: 5}
NAMES = (
    "in_channels in_features input_size num_features num_channels embed_dim d_model normalized_shape in1_features "
    "in2_features kdim vdim"
)

Shape = tuple[int | str, ...]
# class: (arguments, the shapes that come in, the sizes they tell)
Case = tuple[Mapping[str, object], tuple[Shape, ...], Mapping[str, int]]
_CONV = {"out_channels": 4, "kernel_size": 3}
_SPACE: tuple[Shape, ...] = ((B, 6, 7), (B, 6, 7, 8), (B, 6, 7, 8, 9))

CASES: dict[str, Case] = {
    **{
        f"Conv{kind}{rank + 1}d": (_CONV, (_SPACE[rank],), {"in_channels": 6})
        for kind in ("", "Transpose")
        for rank in range(3)
    },
    **{
        f"{kind}Norm{rank + 1}d": ({}, (_SPACE[rank],), {"num_features": 6})
        for kind in ("Batch", "Instance")
        for rank in range(3)
    },
    "GroupNorm": ({"num_groups": 3}, (_SPACE[1],), {"num_channels": 6}),
    "LayerNorm": ({}, ((B, T, 6),), {"normalized_shape": 6}),
    "RMSNorm": ({}, ((B, T, 6),), {"normalized_shape": 6}),
    "Linear": ({"out_features": 4}, ((B, T, 6),), {"in_features": 6}),
    "Bilinear": ({"out_features": 4}, ((B, 6), (B, 7)), {"in1_features": 6, "in2_features": 7}),
    **{
        f"{kind}{cell}": ({"hidden_size": 4}, ((B, 6),) if cell else ((B, T, 6),), {"input_size": 6})
        for kind in ("RNN", "LSTM", "GRU")
        for cell in ("", "Cell")
    },
    "MultiheadAttention": (
        {"num_heads": 2, "batch_first": True},
        ((B, T, 6), (B, 9, 7), (B, 9, 8)),
        {"embed_dim": 6, "kdim": 7, "vdim": 8},
    ),
    "TransformerEncoderLayer": ({"nhead": 2}, ((T, B, 6),), {"d_model": 6}),
    "TransformerDecoderLayer": ({"nhead": 2}, ((T, B, 6), (9, B, 6)), {"d_model": 6}),
    "Transformer": ({"nhead": 2}, ((T, B, 6), (9, B, 6)), {"d_model": 6}),
}
# Their targets are class numbers, and they need a GPU.
NO_PLAIN_RUN: dict[str, Case] = {
    "AdaptiveLogSoftmaxWithLoss": ({"n_classes": 9, "cutoffs": (3,)}, ((B, 6), (B,)), {"in_features": 6}),
    "LinearCrossEntropyLoss": ({"num_classes": 9}, ((B, 6), (B,)), {"in_features": 6}),
    "SyncBatchNorm": ({}, (_SPACE[1],), {"num_features": 6}),
}
ALL = {**CASES, **{name: case for name, case in NO_PLAIN_RUN.items() if name in layer_classes()}}


def info(shape: Shape) -> TensorInfo:
    return TensorInfo(
        tuple(Axis(Size.symbol(s), frozenset((s,))) if isinstance(s, str) else Axis(Size.number(s)) for s in shape)
    )


def tensor(shape: Shape) -> Tensor:
    return torch.randn([SIZES[entry] if isinstance(entry, str) else entry for entry in shape])


def inferred(name: str, given: Mapping[str, object], flow: Flow) -> dict[str, int]:
    found = told(Layer(name, Arguments(named=given)), flow, Surroundings(SIZES, (T,), folded=False))
    return {argument: size.value(SIZES) for argument, size in found.items()}


def told(layer: Layer, flow: Flow, where: Surroundings) -> Mapping[str, Size]:
    step = Step("x", layer, ("layers", 0), ("layers", 0, layer.type))
    return completed(layer, flow, where, step)[1]


def built(name: str, given: Mapping[str, object]) -> nn.Module:
    return construct(Layer(name, Arguments(named=given)))


def of(name: str, given: Mapping[str, object], *shapes: Shape) -> dict[str, int]:
    return inferred(name, given, Flow(tuple(map(info, shapes))))


def test_every_class_with_a_size_that_shapes_tell_is_in_the_table() -> None:
    told = {name for name in layer_classes() for p in layer_parameters(name) if is_inferable(p.name)}
    assert set(ALL) == told


def test_the_arguments_that_may_be_left_out_are_those_of_the_contract() -> None:
    every = {parameter.name for name in layer_classes() for parameter in layer_parameters(name)}
    assert set(NAMES.split()) == {name for name in every if is_inferable(name)}


@pytest.mark.parametrize("name", sorted(ALL))
def test_the_size_is_read_from_the_axis_that_torch_reads(name: str) -> None:
    given, shapes, expected = ALL[name]
    assert expected == of(name, given, *shapes)


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_module_of_the_inferred_sizes_runs_on_the_tensors_it_came_from(name: str) -> None:
    given, shapes, _ = CASES[name]
    module = built(name, {**given, **of(name, given, *shapes)})
    module(*map(tensor, shapes))


def shapes_of(value: object) -> list[torch.Size]:
    return [tensor.shape for tensor in leaves(value) if isinstance(tensor, Tensor)]


@pytest.mark.parametrize("name", sorted(CASES))
def test_sizes_left_out_give_the_same_weights_and_outputs_as_sizes_given(name: str) -> None:
    given, shapes, expected = CASES[name]
    with_sizes = layer_classes()[name](**given, **expected)
    without = built(name, {**given, **of(name, given, *shapes)})
    assert shapes_of(list(with_sizes.parameters())) == shapes_of(list(without.parameters()))
    assert shapes_of(with_sizes(*map(tensor, shapes))) == shapes_of(without(*map(tensor, shapes)))


LAZY = sorted(name for name in layer_classes() if name.startswith("Lazy"))


@pytest.mark.parametrize("name", LAZY)
def test_a_lazy_class_is_told_what_it_would_have_taken_itself(name: str) -> None:
    given, shapes, expected = CASES[name.removeprefix("Lazy")]
    assert expected == of(name, given, *shapes)
    lazy, ours = layer_classes()[name](**given), built(name, {**given, **expected})
    output = lazy(*map(tensor, shapes))
    assert shapes_of(list(lazy.parameters())) == shapes_of(list(ours.parameters()))
    assert shapes_of(output) == shapes_of(ours(*map(tensor, shapes)))


@pytest.mark.parametrize("kind", ["Encoder", "Decoder"])
def test_a_layer_that_is_an_argument_is_told_its_size_by_what_enters_the_outer_one(kind: str) -> None:
    layer = Layer(f"Transformer{kind}Layer", Arguments(named={"nhead": 2}))
    given = {f"{kind.lower()}_layer": layer, "num_layers": 2}
    assert {f"{kind.lower()}_layer.d_model": 6} == of(f"Transformer{kind}", given, (T, B, 6), (9, B, 6))


@pytest.mark.parametrize("name", sorted(CASES))
def test_an_input_that_comes_by_keyword_tells_its_size_too(name: str) -> None:
    given, shapes, expected = CASES[name]
    keywords = _forward_names(layer_classes()[name])[: len(shapes)]
    flow = Flow(kwargs=dict(zip(keywords, map(info, shapes), strict=True)))
    assert expected == inferred(name, given, flow)


def _forward_names(cls: type[nn.Module]) -> list[str]:
    code = cls.forward.__code__
    return list(code.co_varnames[1 : code.co_argcount])


@pytest.mark.parametrize("name", sorted(name for name in CASES if name.startswith(("Conv", "Instance"))))
def test_an_unbatched_sample_tells_the_same_channels(name: str) -> None:
    given, shapes, expected = CASES[name]
    found = of(name, given, shapes[0][1:])
    assert expected == found
    if name.startswith("Conv"):
        built(name, {**given, **found})(tensor(shapes[0][1:]))


def test_a_size_that_is_given_is_not_inferred() -> None:
    assert {} == of("Linear", {"in_features": 7}, (B, 6))
    assert {"embed_dim": 6, "vdim": 8} == of("MultiheadAttention", {"kdim": 3}, (B, T, 6), (B, 9, 7), (B, 9, 8))


def test_an_optional_size_is_left_to_torch_where_no_tensor_tells_it() -> None:
    assert {"embed_dim": 6} == of("MultiheadAttention", {"num_heads": 2}, (B, T, 6))


def test_a_layer_without_such_sizes_infers_nothing() -> None:
    assert {} == of("ReLU", {}, (B, 6))


def test_a_lazy_layer_infers_what_it_would_take_from_its_first_input() -> None:
    assert {"in_features": 6} == of("LazyLinear", {"out_features": 4}, (B, 6))


def test_a_size_that_follows_a_symbol_keeps_it() -> None:
    wide = TensorInfo((Axis(Size.symbol(B), frozenset((B,))), Axis(Size.symbol("F") * 4)))
    found = told(Layer("Linear", Arguments()), Flow((wide,)), Surroundings({B: 2, "F": 3}, (), False))
    assert {"in_features": Size.symbol("F") * 4} == found


def refused(name: str, *shapes: Shape) -> tuple[str, str, str | None]:
    with pytest.raises(Refused) as caught:
        of(name, {}, *shapes)
    finding = caught.value.finding
    assert (("layers", 0, name), True) == (finding.path, finding.on_key)
    assert finding.message == str(caught.value)
    return finding.code, finding.message, finding.help


def test_a_size_is_never_read_from_the_time_axis() -> None:
    move = "`- transpose: {dim0: 1, dim1: 2}`"
    help = f"bring the features to axis 1 first ({move}), or give in_channels if this is meant"
    message = "Conv1d would take in_channels from axis 1 of (B, T, 8), which is time"
    assert ("TD201", message, help) == refused("Conv1d", (B, T, 8))


def test_a_size_is_never_read_from_the_batch_axis() -> None:
    message = "Linear would take in_features from axis 1 of (6, B), which is the batch"
    assert ("TD201", message) == refused("Linear", (6, B))[:2]


def test_under_a_wrapper_a_size_is_never_read_from_the_fold() -> None:
    fold = TensorInfo((Axis(Size.symbol(B) * Size.symbol(T), frozenset((B, T))), Axis(Size.number(6))))
    with pytest.raises(Refused) as caught:
        told(Layer("Conv1d", Arguments()), Flow((fold,)), Surroundings(SIZES, (T,), True))
    message = "Conv1d would take in_channels from axis 0 of (B*T, 6), which is the batch folded with time"
    assert ("TD204", message) == (caught.value.finding.code, caught.value.finding.message)


def test_a_needed_size_without_an_axis_is_asked_for() -> None:
    message = "Conv2d: in_channels would be axis -3 of its input, which has 2 axes only"
    help = "it needs an input of 3 axes or more: look at the steps before it"
    assert ("TD005", message, help) == refused("Conv2d", (B, 6))


def test_a_needed_size_without_a_tensor_is_asked_for() -> None:
    message = "Bilinear: in2_features cannot be inferred: no tensor comes in as its input2"
    assert ("TD005", message, "give in2_features") == refused("Bilinear", (B, 6))


def test_a_family_that_is_silent_reads_the_last_axis_of_the_first_input() -> None:
    source = inferred_from("SomeLayerOfTomorrow", "in_features")
    assert (-1, 0) == (source.axis, source.input)
