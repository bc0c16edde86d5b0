"""Point 6: no steps, half precision, gradients, nesting, compile, export, copies, saved weights, repr, hooks."""

from __future__ import annotations

import copy
import io
import pickle
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.export import Dim, export

from tdinspect.time_distributed import TimeDistributed
from tests.time_distributed.reference import counted, normal, one_by_one

MODES = pytest.mark.parametrize(("mode", "size"), [("fold", None), ("loop", None), ("chunk", 2)])


class Both(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Linear(3, 2).double(), nn.Linear(3, 2).double()

    def forward(self, x: Tensor, other: Tensor) -> dict[str, Tensor]:
        return {"sum": self.left(x).tanh() + self.right(other), "square": x.square()}


def cnn() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(16, 2)).eval()


@MODES
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("samples", "steps"), [(0, 5), (2, 0), (0, 0), (1, 1), (1, 5), (2, 1)])
def test_any_number_of_samples_and_steps_is_fine(
    samples: int, steps: int, masked: bool, mode: str, size: int | None
) -> None:
    x = normal(samples, steps, 3, 4, 4, dtype=torch.float32)
    named = {"mask": torch.ones(samples, steps) > 0} if masked else {}
    found = TimeDistributed(cnn(), mode=mode, chunk_size=size)(x, **named)
    assert (samples, steps, 2) == found.shape
    if samples * steps:
        torch.testing.assert_close(found, one_by_one(cnn(), x))


@MODES
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_stays_half(dtype: torch.dtype, mode: str, size: int | None) -> None:
    module, x = nn.Linear(3, 2).to(dtype), normal(2, 5, 3).to(dtype)
    for named in ({}, {"lengths": [5, 2]}):
        found = TimeDistributed(module, mode=mode, chunk_size=size)(x, **named)
        assert dtype is found.dtype
        torch.testing.assert_close(found[0], module(x[0]))


def test_autocast_reaches_the_module() -> None:
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.bfloat16 is TimeDistributed(nn.Linear(3, 2))(torch.zeros(2, 5, 3)).dtype


@MODES
@pytest.mark.parametrize("named", [{}, {"lengths": [3, 1]}])
@pytest.mark.parametrize("axes", [(0, 1), (1, 0), (0, 2)])
def test_gradients_agree_with_finite_differences(
    axes: tuple[int, int], named: dict[str, Any], mode: str, size: int | None
) -> None:
    wrapped = TimeDistributed(Both(), mode=mode, chunk_size=size, batch_axis=axes[0], time_axis=axes[1])

    def function(x: Tensor, other: Tensor) -> tuple[Tensor, ...]:
        return tuple(wrapped(x, other=other, **named).values())

    inputs = [normal(2, 3, 3, seed=s).movedim((0, 1), axes).requires_grad_() for s in (1, 2)]
    assert torch.autograd.gradcheck(function, inputs)
    if mode == "fold" and not named:
        assert torch.autograd.gradgradcheck(function, inputs)


def test_gradients_flow_through_packed_sequences() -> None:
    module = TimeDistributed(nn.Linear(3, 2).double(), mode="loop")

    def function(*sequences: Tensor) -> Any:
        return module(nn.utils.rnn.pack_sequence(list(sequences), enforce_sorted=False)).data

    assert torch.autograd.gradcheck(function, [normal(n, 3).requires_grad_() for n in (2, 3)])


@MODES
def test_a_nested_wrapper_folds_twice(mode: str, size: int | None) -> None:
    inner = TimeDistributed(cnn(), mode=mode, chunk_size=size)
    x = normal(2, 3, 4, 3, 4, 4, dtype=torch.float32)
    found = TimeDistributed(inner, mode=mode, chunk_size=size)(x)
    expected = torch.unflatten(one_by_one(cnn(), x.flatten(0, 1)), 0, (2, 3))
    torch.testing.assert_close(found, expected)
    outer_last = TimeDistributed(TimeDistributed(nn.ReLU(), time_axis=2), time_axis=3)
    torch.testing.assert_close(outer_last(x), x.relu())


GRAPHS: dict[str, tuple[TimeDistributed, Tensor]] = {
    "Linear": (TimeDistributed(nn.Linear(3, 2)), normal(2, 5, 3, dtype=torch.float32)),
    "cnn": (TimeDistributed(cnn()), normal(2, 5, 3, 4, 4, dtype=torch.float32)),
    "time first": (TimeDistributed(nn.Linear(3, 2), time_axis=0, batch_axis=1), normal(2, 5, 3, dtype=torch.float32)),
    "nested": (TimeDistributed(TimeDistributed(nn.Linear(3, 2))), normal(2, 5, 4, 3, dtype=torch.float32)),
    "Both": (TimeDistributed(Both()), normal(2, 5, 3)),
    "LSTM": (TimeDistributed(nn.LSTM(3, 2, batch_first=True)), normal(2, 5, 4, 3, dtype=torch.float32)),
    "LSTM, time first": (TimeDistributed(nn.LSTM(3, 2)), normal(2, 5, 4, 3, dtype=torch.float32)),
    "attention": (
        TimeDistributed(nn.TransformerEncoderLayer(4, 2, 8, batch_first=True).eval()),
        normal(2, 5, 3, 4, dtype=torch.float32),
    ),
}


def inputs_of(name: str, x: Tensor) -> tuple[tuple[Tensor, ...], dict[str, Tensor]]:
    return (x,), ({"other": x + 1} if name == "Both" else {})


class Inside(nn.Module):
    """A model that has the wrapper, with inputs of its own names."""

    def __init__(self, wrapped: TimeDistributed) -> None:
        super().__init__()
        self.wrapped = wrapped

    def forward(self, x: Tensor, other: Tensor | None = None) -> Any:
        return self.wrapped(x) if other is None else self.wrapped(x, other=other)


def longer(x: Tensor) -> Tensor:
    return normal(3, 7, *x.shape[2:]).to(x.dtype)


@pytest.mark.parametrize("name", [name for name in GRAPHS if "LSTM" not in name])  # dynamo runs recurrences outside
def test_compile_makes_one_graph_for_all_sizes(name: str) -> None:
    wrapped, x = GRAPHS[name]
    torch._dynamo.reset()
    graphs: list[Any] = []

    def backend(graph: Any, _: Any) -> Any:
        graphs.append(graph)
        return graph.forward

    compiled = torch.compile(wrapped, fullgraph=True, dynamic=True, backend=backend)
    for y in (x, normal(3, 4, *x.shape[2:]).to(x.dtype), normal(7, 2, *x.shape[2:]).to(x.dtype)):
        args, kwargs = inputs_of(name, y)
        torch.testing.assert_close(compiled(*args, **kwargs), wrapped(*args, **kwargs))
    assert 1 == len(graphs)


@pytest.mark.filterwarnings("ignore:The tensor attributes")  # of a recurrence's weights
@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("strict", [False, True])
def test_export_leaves_samples_and_steps_free(name: str, strict: bool) -> None:
    wrapped, x = GRAPHS[name]
    free = {0: Dim("B"), 1: Dim("T")}
    args, kwargs = inputs_of(name, x)
    program = export(
        Inside(wrapped), (*args, *kwargs.values()), dynamic_shapes=(free,) * (1 + len(kwargs)), strict=strict
    )
    args, kwargs = inputs_of(name, longer(x))
    torch.testing.assert_close(program.module()(*args, *kwargs.values()), wrapped(*args, **kwargs))


@pytest.mark.parametrize("strict", [False, True])
def test_the_wrapper_alone_is_exported_too(strict: bool) -> None:
    wrapped, x = GRAPHS["cnn"]
    program = export(wrapped, (x,), dynamic_shapes=({0: Dim("B"), 1: Dim("T")},), strict=strict)
    torch.testing.assert_close(program.module()(longer(x)), wrapped(longer(x)))


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("name", ["Linear", "cnn", "time first"])
def test_a_trace_leaves_samples_and_steps_free(name: str) -> None:
    wrapped, x = GRAPHS[name]
    traced: Any = torch.jit.trace(wrapped, x)  # type: ignore[no-untyped-call]
    torch.testing.assert_close(traced(longer(x)), wrapped(longer(x)))


def test_a_mistake_of_the_first_layer_is_refused_under_compile() -> None:
    torch._dynamo.reset()
    wrapped = TimeDistributed(nn.Sequential(nn.Conv2d(20, 20, 3)))
    with pytest.raises(Exception, match="would take the folded axis"):
        torch.compile(wrapped, backend="eager")(torch.zeros(4, 5, 16, 16))


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m)), copy.copy])
@pytest.mark.parametrize("called", [False, True])
def test_copies_do_the_same(copied: Any, called: bool) -> None:
    for wrapped, x in list(GRAPHS.values())[:3]:
        if called:
            wrapped(x)
        torch.testing.assert_close(copied(wrapped)(x), wrapped(x))


def test_a_saved_wrapper_loads_whole() -> None:
    buffer = io.BytesIO()
    wrapped = TimeDistributed(nn.Linear(3, 2), mode="chunk", chunk_size=2, passthrough=("input",))
    torch.save(wrapped, buffer)
    buffer.seek(0)
    assert repr(wrapped) == repr(torch.load(buffer, weights_only=False))


class Model(nn.Module):
    def __init__(self, transparent: bool) -> None:
        super().__init__()
        self.encode = TimeDistributed(cnn(), transparent=transparent)
        self.head = nn.Linear(2, 2)


class Plain(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encode = cnn()
        self.head = nn.Linear(2, 2)


def test_weights_have_the_usual_prefix() -> None:
    inner = nn.Linear(3, 2)
    assert ["module.weight", "module.bias"] == list(TimeDistributed(inner).state_dict())
    assert list(inner.parameters()) == list(TimeDistributed(inner).parameters())


def test_a_transparent_wrapper_saves_what_the_module_alone_would() -> None:
    plain, model = Plain(), Model(True)
    assert list(plain.state_dict()) == list(model.state_dict())
    assert plain.state_dict()._metadata.keys() == model.state_dict()._metadata.keys()  # type: ignore[attr-defined]
    assert ["weight", "bias"] == list(TimeDistributed(nn.Linear(3, 2), transparent=True).state_dict())


def test_a_transparent_wrapper_loads_what_the_module_alone_saved_and_the_other_way_round() -> None:
    plain, model = Plain(), Model(True)
    with torch.no_grad():
        for weight in plain.parameters():
            weight.normal_()
    state = plain.state_dict()
    keys = list(state)
    model.load_state_dict(state)
    assert keys == list(state)  # the caller's dict is left alone
    torch.testing.assert_close(dict(model.state_dict()), dict(plain.state_dict()))
    Plain().load_state_dict(model.state_dict())
    alone = TimeDistributed(nn.Linear(3, 2), transparent=True)
    alone.load_state_dict(nn.Linear(3, 2).state_dict())
    nested = TimeDistributed(TimeDistributed(nn.Linear(3, 2), transparent=True), transparent=True)
    nested.load_state_dict(alone.state_dict())
    torch.testing.assert_close(dict(nested.state_dict()), dict(alone.state_dict()))


def test_keys_that_are_missing_or_too_many_are_told_when_a_transparent_wrapper_loads() -> None:
    state = Plain().state_dict()
    state["encode.extra"] = state.pop("encode.0.weight")
    found = Model(True).load_state_dict(state, strict=False)
    assert (["encode.0.weight"], ["encode.extra"]) == (found.missing_keys, found.unexpected_keys)
    with pytest.raises(RuntimeError, match="Missing key"):
        Model(True).load_state_dict(state)
    with pytest.raises(RuntimeError, match=r"size mismatch for encode\.0\.weight: "):
        Model(True).load_state_dict(Plain().state_dict() | {"encode.0.weight": torch.zeros(1)})


@pytest.mark.parametrize(
    ("expected", "options"),
    [
        ("time_axis=1, batch_axis=0", {}),
        ("time_axis=0, batch_axis=None", {"time_axis": 0, "batch_axis": None}),
        ("time_axis=1, batch_axis=0, mode='chunk', chunk_size=4", {"mode": "chunk", "chunk_size": 4}),
        (
            "time_axis=1, batch_axis=0, guard=False, transparent=True, passthrough=('input',), fill_value=-1.0",
            {"guard": False, "transparent": True, "passthrough": "input", "fill_value": -1.0},
        ),
    ],
)
def test_it_shows_its_axes_and_what_is_not_as_usual(expected: str, options: dict[str, Any]) -> None:
    assert expected == TimeDistributed(nn.ReLU(), **options).extra_repr()


def test_hooks_of_the_inner_module_see_folded_rows_once() -> None:
    inner = nn.Linear(3, 2)
    counter = counted(inner)
    wrapped = TimeDistributed(inner)
    for calls in (1, 2):
        wrapped(torch.zeros(2, 5, 3))
        assert calls == counter.calls


def test_lazy_layers_take_their_sizes_from_the_folded_input() -> None:
    wrapped = TimeDistributed(nn.Sequential(nn.LazyConv1d(4, 2), nn.LazyBatchNorm1d()))
    assert (2, 5, 4, 7) == wrapped(torch.zeros(2, 5, 3, 8)).shape


def test_weights_that_share_a_wrapper_are_counted_once_and_train() -> None:
    wrapped = TimeDistributed(nn.Linear(3, 1))
    optimizer = torch.optim.SGD(wrapped.parameters(), 0.1)
    x = torch.ones(2, 5, 3)
    losses = []
    for _ in range(3):
        optimizer.zero_grad()
        loss = (wrapped(x) - 1).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses == sorted(losses, reverse=True)
