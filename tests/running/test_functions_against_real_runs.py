"""Every function of the allow-list on shapes, held against real runs: right calls, wrong ones, the batch anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor

from tdinspect.building.functions import TAKES_LIST
from tdinspect.building.tensor_function import Run, TensorFunction
from tdinspect.domain.size import Size
from tdinspect.domain.trace import Axis, TensorInfo
from tdinspect.domain.tree import leaves, map_tree
from tdinspect.running.call import World
from tdinspect.running.engine import inspecting
from tdinspect.running.transfer import LayerError, transfer
from tests.building.calls import Call, calls
from tests.building.further_calls import further_calls

CALLS = [*calls(), *further_calls()]
AXES = ("dim", "axis", "start_dim", "end_dim", "source", "destination", "index")


def real(name: str, inputs: Any, constants: Mapping[str, object]) -> list[Any] | str:
    with inspecting():
        try:
            found = TensorFunction(name, constants, Run())(*inputs)
        except Exception as problem:
            return f"{type(problem).__name__}: {problem}"
    return [(tuple(t.shape), str(t.dtype).removeprefix("torch.")) for t in leaves(found)]


def derived(name: str, inputs: Any, constants: Mapping[str, object], batch_at: int | None, size: int) -> Any:
    """What the engine says where axis ``batch_at`` of every input that has this size there is the batch."""
    sizes = {"B": size}

    def info(tensor: Tensor) -> TensorInfo:
        at = None if batch_at is None or tensor.ndim == 0 else batch_at % max(tensor.ndim, 1)
        axes = (
            Axis(Size.symbol("B"), frozenset("B")) if i == at and n == size else Axis(Size.number(n))
            for i, n in enumerate(tensor.shape)
        )
        return TensorInfo(tuple(axes), str(tensor.dtype).removeprefix("torch."))

    world = World(sizes, "B", Run(dict(sizes)))
    with inspecting():
        try:
            found = transfer(TensorFunction(name, constants, world.run), map_tree(info, inputs), {}, world)
        except LayerError as error:
            return error.text
    return [(value.shape(sizes), value.dtype) for value in leaves(found)]


def first_tensor(inputs: Any) -> Tensor:
    return next(iter(leaves(inputs)))  # type: ignore[no-any-return]


def blank(inputs: Any) -> Any:
    """The inputs with whole numbers as the engine has them: nothing but zeros."""
    return map_tree(lambda t: t if t.is_floating_point() else torch.zeros_like(t), inputs)


def wrong_inputs(inputs: Any) -> Iterator[Any]:
    """The inputs with one axis of one tensor made longer or shorter, or one tensor without its first axis."""
    tensors = list(leaves(inputs))
    for place, tensor in enumerate(tensors):
        changed = [tensor.narrow(axis, 0, n - 1) for axis, n in enumerate(tensor.shape) if n > 1]
        changed += [torch.cat([tensor, tensor.narrow(axis, 0, 1)], axis) for axis in range(tensor.ndim)]
        changed += [tensor[0]] if tensor.ndim > 1 else []
        changed += [tensor.unsqueeze(0)]
        for other in changed:
            yield put_in(inputs, [*tensors[:place], other, *tensors[place + 1 :]])


def put_in(inputs: Any, tensors: list[Tensor]) -> Any:
    """The same nest of lists with these tensors in it."""
    stand_ins = iter(tensors)
    return map_tree(lambda _: next(stand_ins), inputs)


def wrong_constants(constants: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    for name, value in constants.items():
        if isinstance(value, int) and not isinstance(value, bool):
            others = (-5, -2, 0, 1, 2, 3, 7) if name.startswith(AXES) else (-5, -2, 1, 2, 3)
            yield from ({**constants, name: other} for other in others)
        if isinstance(value, tuple):
            yield {**constants, name: value[:-1]}
            yield {**constants, name: (*value, 1)}
            yield {**constants, name: (*value[:-1], 7)}


def variants(call: Call) -> Iterator[tuple[Any, Mapping[str, object]]]:
    yield call.inputs, call.constants
    for inputs in wrong_inputs(call.inputs):
        yield inputs, call.constants
    for constants in wrong_constants(call.constants):
        yield call.inputs, constants


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_a_function_gives_the_shapes_or_the_error_of_a_real_run(call: Call) -> None:
    for given, constants in variants(call):
        inputs = blank(given)
        expected = real(call.name, inputs, constants)
        shapes = [tuple(t.shape) for t in leaves(inputs)]
        axes = [None, *range(first_tensor(inputs).ndim)]
        for at in axes:
            size = 2 if at is None else first_tensor(inputs).shape[at]
            found = derived(call.name, inputs, constants, at, size)
            assert expected == found, f"{call.name} {dict(constants)} on {shapes}, the batch at {at}"


def test_the_sweep_has_functions_of_one_list_too() -> None:
    assert set(TAKES_LIST) <= {call.name for call in CALLS}
