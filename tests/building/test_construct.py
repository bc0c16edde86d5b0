"""Real torch.nn modules, initialised or not."""

from __future__ import annotations

import resource
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn.parameter import UninitializedParameter

from tdinspect.building.construct import Workshop, construct, quiet
from tdinspect.building.signatures import layer_classes
from tdinspect.domain.spec import Arguments, Layer
from tests.building.minimal import arguments_of

every_class = pytest.mark.parametrize("name", sorted(layer_classes()))
STATM = Path("/proc/self/statm")


def made(name: str, arguments: Mapping[str, object], *, initialise: bool = True) -> nn.Module:
    """The module of a class by its name."""
    return construct(Layer(name, Arguments(named=arguments)), initialise=initialise)


def tensors(module: nn.Module) -> list[tuple[str, tuple[int, ...] | None, torch.dtype, bool]]:
    """Name, shape (None while a lazy one has none), dtype and trainability of everything a module holds."""
    return [
        (
            name,
            None if isinstance(value, UninitializedParameter) or type(value).__name__ == "UninitializedBuffer"
            else tuple(value.shape),
            value.dtype,
            value.requires_grad,
        )
        for name, value in [*module.named_parameters(), *module.named_buffers()]
    ]  # fmt: skip


def resident() -> int:
    """Bytes of this process's memory that are in use."""
    return int(STATM.read_text().split()[1]) * resource.getpagesize()


def size(module: nn.Module) -> int:
    """Bytes of the weights."""
    return sum(p.numel() * p.element_size() for p in module.parameters())


@every_class
def test_every_class_is_constructed_from_its_minimal_arguments(name: str) -> None:
    assert type(made(name, arguments_of(name))) is layer_classes()[name]


@every_class
def test_without_initialisation_a_module_has_the_same_tensors(name: str) -> None:
    expected = tensors(made(name, arguments_of(name)))
    assert expected == tensors(made(name, arguments_of(name), initialise=False))


@every_class
def test_without_initialisation_no_random_number_is_drawn(name: str) -> None:
    arguments = arguments_of(name)
    before = torch.get_rng_state()
    made(name, arguments, initialise=False)
    assert torch.equal(before, torch.get_rng_state())


def test_initialisation_draws_random_numbers_as_torch_does() -> None:
    torch.manual_seed(5)
    expected = nn.LSTM(3, 4, bidirectional=True).state_dict()
    torch.manual_seed(5)
    found = made("LSTM", {"input_size": 3, "hidden_size": 4, "bidirectional": True}).state_dict()
    assert all(torch.equal(expected[key], found[key]) for key in expected)


@pytest.mark.skipif(not STATM.exists(), reason="reads the process's own memory from /proc")
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("Linear", {"in_features": 4096, "out_features": 8192}),
        ("LSTM", {"input_size": 2048, "hidden_size": 2048}),
        ("Embedding", {"num_embeddings": 65536, "embedding_dim": 512}),
        ("MultiheadAttention", {"embed_dim": 3072, "num_heads": 2}),
        ("TransformerEncoderLayer", {"d_model": 1536, "nhead": 2, "dim_feedforward": 8192}),
        ("Conv2d", {"in_channels": 2048, "out_channels": 2048, "kernel_size": 3}),
    ],
)
def test_weights_that_are_not_initialised_take_no_memory(name: str, arguments: dict[str, object]) -> None:
    before = resident()
    module = made(name, arguments, initialise=False)
    assert resident() - before < 0.1 * size(module)


@pytest.mark.skipif(not STATM.exists(), reason="reads the process's own memory from /proc")
def test_a_stack_copies_no_weights_that_are_not_initialised() -> None:
    before = resident()
    sizes: dict[str, object] = {"d_model": 1024, "nhead": 2, "dim_feedforward": 4096}
    layer = Layer("TransformerEncoderLayer", Arguments(named=sizes))
    stack = made("TransformerEncoder", {"encoder_layer": layer, "num_layers": 4}, initialise=False)
    assert resident() - before < 0.1 * size(stack)


def test_the_mode_of_no_initialisation_ends_with_the_construction() -> None:
    made("Linear", {"in_features": 3, "out_features": 4}, initialise=False)
    assert torch.equal(torch.ones(3), torch.empty(3).fill_(1.0))


def test_the_mode_of_no_initialisation_ends_when_a_constructor_raises() -> None:
    with pytest.raises(ValueError, match="groups"):
        made("Conv2d", {"in_channels": 3, "out_channels": 4, "kernel_size": 1, "groups": 2}, initialise=False)
    assert torch.equal(torch.ones(3), torch.empty(3).fill_(1.0))


def test_a_dtype_is_given_by_its_name() -> None:
    assert torch.float64 == made("Linear", {"in_features": 3, "out_features": 4, "dtype": "float64"}).weight.dtype


@pytest.mark.filterwarnings("error")
def test_torchs_advice_is_not_shown() -> None:
    made("LSTM", {"input_size": 3, "hidden_size": 4, "dropout": 0.5})
    made("TransformerEncoder", arguments_of("TransformerEncoder"))
    made("NLLLoss2d", {})


@every_class
def test_a_layer_made_after_another_is_like_it_and_stands_alone(name: str) -> None:
    workshop, layer = Workshop(initialised=False), Layer(name, Arguments(named=arguments_of(name)))
    with quiet():
        first, second = workshop.made(layer), workshop.made(layer)
    assert (type(first), repr(first), tensors(first)) == (type(second), repr(second), tensors(second))
    held = [{id(value) for value in module.state_dict(keep_vars=True).values()} for module in (first, second)]
    assert not held[0] & held[1]
    second.register_buffer("mark", None)
    second.register_forward_hook(lambda *_: None)
    assert "mark" not in dict(first.named_buffers(remove_duplicate=False)) | first._buffers
    assert not first._forward_hooks
