"""The text of an entry: whatever is written is read again, by this reader and by YAML; what else is there is told."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tdinspect.analysis.drift import drift
from tdinspect.analysis.entries import EntryError, read_entry, write_entry

texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
named = st.lists(st.tuples(texts, texts), max_size=3)


@given(named, named)
@settings(max_examples=100, deadline=None)
def test_what_is_written_is_read_again(facts: list[tuple[str, str]], layers: list[tuple[str, str]]) -> None:
    text = write_entry(facts, layers)
    assert (facts, layers) == read_entry(text)
    assert len(facts) + len(layers) + bool(layers) == len(text.split("\n") if text else [])


@given(texts, texts)
@settings(max_examples=100, deadline=None)
def test_a_line_is_yaml_with_the_same_text(name: str, text: str) -> None:
    """YAML takes some plain words for numbers and the like; a text that it takes for a text is the same text."""
    read = yaml.safe_load(write_entry([(f"x {name}", f"({text}")], []))
    assert {f"x {name}": f"({text}"} == read


@given(st.text(max_size=30))
@settings(max_examples=100, deadline=None)
def test_any_other_text_is_read_or_told(text: str) -> None:
    try:
        facts, layers = read_entry(text)
    except EntryError as error:
        assert 0 <= error.index <= text.count("\n")
    else:
        assert (facts, layers) == read_entry(write_entry(facts, layers))


@given(named, named, named, named)
@settings(max_examples=100, deadline=None)
def test_entries_differ_in_words_just_where_they_differ(
    facts: list[tuple[str, str]],
    layers: list[tuple[str, str]],
    more_facts: list[tuple[str, str]],
    more_layers: list[tuple[str, str]],
) -> None:
    assert drift((facts, layers), (facts, layers)) is None
    found = drift((facts, layers), (more_facts, more_layers))
    if found is not None:
        assert found.words
        assert found.layer is None or 0 <= found.layer < len(more_layers)


@pytest.mark.parametrize("text", ["x", "  x", " x: 1", "    - x: 1", "  layers:\n  x: 1", '  "x: 1', '  x: "\\y"'])
def test_a_line_of_another_kind_is_told(text: str) -> None:
    with pytest.raises(EntryError, match="none that tdinspect wrote"):
        read_entry(text)
