"""Point 2: structures in and out, several inputs, what is handed on as it is, and what is refused."""

from __future__ import annotations

from collections import OrderedDict, UserDict, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn

from tdinspect.time_distributed import TimeDistributed
from tests.time_distributed.reference import normal


class Point(NamedTuple):
    x: Tensor
    label: str | None = None


@dataclass
class Box:
    low: Tensor
    high: Tensor | None = None
    name: str = "box"
    area: Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.area = self.low * 2


@dataclass(frozen=True)
class Frozen:
    parts: list[Tensor]


class Names(list[Any]):
    pass


class Apply(nn.Module):
    """Runs a function of its inputs."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs: Any, **named: Any) -> Any:
        return self.function(*inputs, **named)


class Both(nn.Module):
    def forward(self, x: Tensor, other: Tensor, *, scale: Any = 1.0, weights: Tensor | None = None) -> Tensor:
        y: Tensor = torch.cat([x, 2 * other], 1) * scale
        return y if weights is None else y @ weights


X = normal(2, 4, 3)
ROWS = X.flatten(0, 1)
MODES = pytest.mark.parametrize("mode", ["fold", "loop"])


def wrapped(function: Any, mode: str = "fold", **options: Any) -> TimeDistributed:
    return TimeDistributed(Apply(function), mode=mode, **options)


@MODES
@pytest.mark.parametrize(
    ("kind", "make"),
    [
        (tuple, lambda x: (x, x + 1)),
        (tuple, lambda x: ()),
        (list, lambda x: [x, [x + 1, None]]),
        (dict, lambda x: {"a": x, 3: (x, "text")}),
        (dict, lambda x: {"a": x, "b": None, "c": 3.5}),
        (list, lambda x: [x, x.sum(-1), "text"]),
        (OrderedDict, lambda x: OrderedDict(b=x, a=x + 1)),
        (defaultdict, lambda x: defaultdict(list, a=x)),
        (UserDict, lambda x: UserDict(a=x)),
        (MappingProxyType, lambda x: MappingProxyType({"a": x})),
        (Point, lambda x: Point(x, "name")),
        (Point, lambda x: Point(x)),
        (Box, lambda x: Box(x)),
        (Frozen, lambda x: Frozen([x, x + 1])),
        (Names, lambda x: Names([x, 3])),
        (torch.return_types.max, lambda x: x.max(-1)),
        (int, lambda x: 7),
        (type(None), lambda x: None),
    ],
)
def test_every_structure_comes_out_as_the_module_makes_it(kind: type, make: Any, mode: str) -> None:
    module = wrapped(make, mode)
    for _ in range(2):  # the second call takes the short way
        found = module(X)
        assert kind is type(found)
        torch.testing.assert_close(flat(found), flat(make(X)), check_stride=False)


def flat(value: Any) -> list[Any]:
    """Tensors as they are and everything else as text, in order."""
    if isinstance(value, Mapping):
        return [part for key, item in value.items() for part in (*flat(key), *flat(item))]
    if isinstance(value, tuple | list):
        return [part for item in value for part in flat(item)]
    if isinstance(value, Box | Frozen):
        return flat(list(vars(value).values()))
    return [value if isinstance(value, Tensor) else torch.tensor(hash(str(value)))]


@MODES
@pytest.mark.parametrize(
    ("given", "read"),
    [
        ((X, X), lambda v: v[0] + v[1]),
        ([X, None], lambda v: v[0]),
        ({"a": X, "b": {"c": X}}, lambda v: v["a"] + v["b"]["c"]),
        (Point(X, "name"), lambda v: v.x * len(v.label)),
        (Box(X), lambda v: v.low + v.area * len(v.name)),
        (Frozen([X]), lambda v: v.parts[0]),
        (UserDict(a=X), lambda v: v["a"]),
        (MappingProxyType({"a": X}), lambda v: v["a"]),
    ],
)
def test_every_structure_goes_in_folded(given: Any, read: Any, mode: str) -> None:
    seen: list[Any] = []

    def function(value: Any) -> Any:
        seen.append(value)
        return read(value)

    torch.testing.assert_close(wrapped(function, mode)(given), read(given))
    assert type(given) is type(seen[0])


def test_arguments_of_all_kinds_keep_their_places_on_every_call() -> None:
    module = TimeDistributed(Both(), passthrough=("weights",))
    weights = normal(6, 2)
    for scale in (X[..., :1], 3, X[..., :1], 0.5):
        expected = torch.cat([X, 2 * X], 2) * scale @ weights
        for found in (
            module(X, X, scale=scale, weights=weights),
            module(X, weights=weights, other=X, scale=scale),
            module(x=X, scale=scale, other=X, weights=weights),
        ):
            torch.testing.assert_close(expected, found)


def test_what_came_in_is_left_as_it_was() -> None:
    box, frames = Box(X), [X]
    wrapped(lambda a, b: (a, b))(box, frames)
    assert box.low is X
    assert frames[0] is X


def test_what_holds_no_tensor_is_handed_on_as_the_same_object() -> None:
    thing, seen = object(), []
    wrapped(lambda x, *rest, **named: seen.append((rest, named)))(X, thing, None, key=thing)
    assert [((thing, None), {"key": thing})] == seen


@MODES
def test_several_inputs_by_position_and_by_name_are_folded(mode: str) -> None:
    other, scale = normal(2, 4, 5), normal(2, 4, 1)
    expected = torch.cat([X, 2 * other], 2) * scale
    module = TimeDistributed(Both(), mode=mode)
    for _ in range(2):  # the second call takes the short way
        torch.testing.assert_close(module(X, other, scale=scale), expected)
        torch.testing.assert_close(module(x=X, other=other, scale=scale), expected)
        torch.testing.assert_close(module(X, other, scale=3.0), torch.cat([X, 2 * other], 2) * 3)


@MODES
def test_a_second_input_that_is_a_transposed_view_is_folded_in_the_same_order(mode: str) -> None:
    other = normal(4, 2, 5).transpose(0, 1)
    module = TimeDistributed(Both(), mode=mode)
    for first, second in ((X, other), (other, X)):
        torch.testing.assert_close(module(first, second), torch.cat([first, 2 * second], 2))


@MODES
@pytest.mark.parametrize("by_name", [True, False])
def test_what_is_passed_through_by_name_is_not_folded(by_name: bool, mode: str) -> None:
    class Weighted(nn.Module):
        def forward(self, x: Tensor, weights: Tensor) -> Tensor:
            return x @ weights

    weights = normal(3, 6)
    module = TimeDistributed(Weighted(), passthrough=("weights",), mode=mode)
    for names in (("weights",), "weights"):
        module.passthrough = names  # type: ignore[assignment]  # a single name is fine too
        found = module(X, weights=weights) if by_name else module(X, weights)
        torch.testing.assert_close(found, X @ weights)
        assert "passthrough=('weights',)" in repr(module)


@pytest.mark.parametrize(
    ("message", "inputs", "named"),
    [
        ("other: (5, 4) beside (4, 5) of x, as (B, T)", (normal(4, 5, 3), normal(5, 4, 3)), {}),
        ("other: (2, 1) beside (2, 4) of x, as (B, T)", (X, normal(2, 1, 3)), {}),
        ("scale: (4, 2) beside (2, 4) of x, as (B, T)", (X, X), {"scale": normal(4, 2, 3)}),
        ("scale[0]['a']: (4, 2) beside (2, 4) of x, as (B, T)", (X, X), {"scale": [{"a": normal(4, 2, 3)}]}),
        ("other (2,): TimeDistributed needs axis 1, and a tensor of 1 axes has none", (X, normal(2)), {}),
        ("x (2,): TimeDistributed needs axis 1, and a tensor of 1 axes has none", (normal(2), X), {}),
        ("TimeDistributed needs a tensor among its inputs", (3, "text"), {}),
    ],
)
def test_inputs_that_do_not_fit_are_refused_by_name(message: str, inputs: Any, named: Any) -> None:
    module = TimeDistributed(Both())
    module(X, X)
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the whole text is compared
        module(*inputs, **named)
    assert message == str(caught.value)


@pytest.mark.parametrize("guard", [True, False])
@MODES
@pytest.mark.parametrize(
    ("message", "make"),
    [
        ("an output of TimeDistributed must keep the folded axis of {rows} first, got [3]", lambda x: x.sum(0)),
        ("output[1]: an output of TimeDistributed must keep the folded axis of {rows} first", lambda x: (x, x.sum())),
        ("output[0]: an output of TimeDistributed must keep", lambda x: [x.sum(0), x]),
        ("output['a']: an output of TimeDistributed must keep", lambda x: {"a": x[1:]}),
        ("output['loss'].x: an output of TimeDistributed must keep", lambda x: {"loss": Point(x[:0])}),
    ],
)
def test_outputs_that_lost_the_folded_axis_are_refused_by_name(message: str, make: Any, mode: str, guard: bool) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the beginning is compared
        wrapped(make, mode, guard=guard)(X)
    assert str(caught.value).startswith(message.format(rows=8 if mode == "fold" else 2))


def test_a_broadcast_result_of_another_size_is_refused_in_a_loop() -> None:
    sizes = iter([3, 1, 3, 3])
    with pytest.raises(ValueError, match=r"output: \(2, 1, 1\).* beside \(2, 1, 3\).* of other steps"):
        wrapped(lambda x: x[:, : next(sizes)], "loop")(X)


@pytest.mark.parametrize("thing", [torch.relu, 3, nn.ReLU, [nn.ReLU()], None])
def test_what_is_no_module_is_a_type_error(thing: Any) -> None:
    with pytest.raises(TypeError, match=r"^TimeDistributed wraps an nn\.Module, not "):
        TimeDistributed(thing)


@pytest.mark.parametrize("options", [{"time_axis": "1"}, {"time_axis": None}, {"time_axis": 1.0}, {"batch_axis": "0"}])
def test_an_axis_that_is_no_whole_number_is_a_type_error(options: Any) -> None:
    with pytest.raises(TypeError, match=rf"^{next(iter(options))} is a whole number, not "):
        TimeDistributed(nn.ReLU(), **options)


def test_a_name_in_passthrough_that_the_module_does_not_take_is_a_value_error() -> None:
    with pytest.raises(ValueError, match=r"^passthrough: Both takes x, other, scale, weights; not 'wieghts'$"):
        TimeDistributed(Both(), passthrough=("other", "wieghts"))
    inner = TimeDistributed(Both())
    assert ("mask", "x") == TimeDistributed(inner, passthrough=("mask", "x")).passthrough
    assert ("any",) == TimeDistributed(Apply(len), passthrough="any").passthrough
