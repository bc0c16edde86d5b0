"""Where keys and values stand: lines and columns count from 1, the end is exclusive."""

from __future__ import annotations

import gc

import pytest

from tdinspect.domain.location import Path, Position
from tdinspect.importers import Document, is_spec, read_spec
from tdinspect.importers.yaml_file import read_yaml

TEXT = """\
# a comment
input: [B, T, 8]
layers:
  - Linear: 10
    name: head
  - LSTM:
      hidden_size: 4

  - ReLU
  - Tanh:
shared: &s
  - one
again: *s
"""


def inside(text: str, position: Position) -> str:
    lines = text.splitlines(keepends=True)[position.line - 1 : position.end_line]
    lines[-1] = lines[-1][: position.end_column - 1]
    lines[0] = lines[0][position.column - 1 :]
    return "".join(lines)


@pytest.mark.parametrize(
    ("expected", "path", "on_key"),
    [
        ("input", ("input",), True),
        ("[B, T, 8]", ("input",), False),
        ("T", ("input", 1), False),
        ("Linear", ("layers", 0, "Linear"), True),
        ("10", ("layers", 0, "Linear"), False),
        ("Linear: 10\n    name: head", ("layers", 0), False),
        ("hidden_size: 4", ("layers", 1, "LSTM"), False),
        ("ReLU", ("layers", 2), False),
        ("ReLU", ("layers", 2), True),
        ("&s\n  - one", ("again",), False),
        ("again", ("again",), True),
    ],
)
def test_a_place_covers_exactly_its_text(expected: str, path: Path, on_key: bool) -> None:
    position = read_yaml(TEXT)[0].locate(path, on_key)
    assert position is not None
    assert expected == inside(TEXT, position)


@pytest.mark.parametrize(
    ("expected", "path"),
    [
        ("Tanh", ("layers", 3, "Tanh")),  # an empty value has no text of its own
        ("LSTM", ("layers", 1, "LSTM", "bias")),
        ("layers", ("layers", 99)),
        ("input", ("input", "dtype", "x")),
        ("Linear", ("layers", 0, "Linear", 0)),
    ],
)
def test_what_does_not_exist_is_shown_at_the_name_of_what_holds_it(expected: str, path: Path) -> None:
    position = read_yaml(TEXT)[0].locate(path)
    assert position is not None
    assert expected == inside(TEXT, position)


def test_a_missing_top_level_key_is_shown_at_the_first_line() -> None:
    position = read_yaml(TEXT)[0].locate(("sizes",))
    assert position is not None
    assert (2, 1) == (position.line, position.column)


def test_a_document_that_could_not_be_read_has_no_places() -> None:
    assert read_yaml("a: [")[0].locate(("a",)) is None


@pytest.mark.parametrize(
    ("expected", "data"),
    [
        (True, {"input": 1}),
        (True, {"inputs": None}),
        (True, {"layers": []}),
        (False, {"name": "x"}),
        (False, {}),
        (False, ["input"]),
        (False, "input"),
        (False, None),
    ],
)
def test_a_spec_is_a_mapping_with_inputs_or_layers(expected: bool, data: object) -> None:
    assert expected == is_spec(Document("", data))


@pytest.mark.parametrize("text", ["input: [B, 8]\nlayers: [ReLU]", "[", "- 1", ""])
def test_reading_leaves_the_garbage_collector_as_it_was(text: str) -> None:
    read_spec(text, "x.yaml")
    assert gc.isenabled()
    gc.disable()
    try:
        read_spec(text, "x.yaml")
        assert not gc.isenabled()
    finally:
        gc.enable()
