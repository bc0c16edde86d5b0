"""Results that are no single tensor, in words."""

from __future__ import annotations

import pytest

from tdinspect.building.parts import in_words, one_tensor_of, pattern
from tdinspect.domain.size import Size
from tdinspect.domain.trace import Axis, TensorInfo

X = TensorInfo((Axis(Size.number(2)),))


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("a tensor", X),
        ("a tuple (tensor, (tensor, tensor))", (X, (X, X))),
        ("a tuple (tensor, None, a text)", (X, None, "a")),
        ("an empty tuple", ()),
        ("a mapping with the keys loss, logits", {"loss": X, "logits": X}),
        ("a mapping with the keys 0, 1, 2, 3, 4, 5, 6, 7, ...", dict.fromkeys(range(9), X)),
        ("an empty mapping", {}),
        ("nothing (None)", None),
        ("a text", "hello"),
        ("a number", 3.5),
        ("true or false", True),
        ("an object of Box", type("Box", (), {})()),
    ],
)
def test_what_a_value_is(words: str, value: object) -> None:
    assert words == in_words(value)


@pytest.mark.parametrize(
    ("help", "value"),
    [
        ("in the `as` of the step that makes it write `[a, [b, c]]` for it, and take one of these", (X, (X, X))),
        ("in the `as` of the step that makes it write `[a, _]` for it, and take one of these", (X, None)),
        ("let the `forward` that makes it return one tensor (`return out['loss']`), or a tuple", {"loss": X}),
        ("take another value, or let the `forward` that makes it return a tensor", None),
        ("let the `forward` that makes it return a tensor, or a tuple of tensors", "hello"),
        ("let the `forward` that makes it return a tensor, or a tuple of tensors", ()),
    ],
)
def test_what_to_do_where_it_is_not_one_tensor(help: str, value: object) -> None:
    assert help == one_tensor_of(value)


def test_names_for_many_parts_go_on_after_z() -> None:
    assert "y, z, a1, b1]`" in one_tensor_of((X,) * 28)


def test_the_pattern_of_a_tuple() -> None:
    assert "[_, [_, _]]" == pattern((X, [X, X]))
