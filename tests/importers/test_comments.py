"""Which ``#`` begin a comment: as YAML's own readers have it, which this module does not ask."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tdinspect.importers import read_document
from tdinspect.importers.comments import addressed, comments

MARK = "# tdinspect: x"
# Lines that may follow each other in a mapping; `@` is where a comment may or may not begin.
LINES = (
    'a: "one @"',
    "a: 'it''s @' @",
    "a: plain@",
    "a: plain @",
    "a: plain#text @",
    "a: |@\n  text @\n\n  more@",
    "a: | @\n  text\n @",
    "a: >- @\n  fold @\n  # text@",
    "a: [1, @\n  two @, 'three @'] @",
    "a: {b: 1, @\n  c: 'x @'}@",
    "a: &n 'é @' @",
    "a: *n @",
    "a:\n  - b @\n  @\n  -\n    - c@",
    'a: "one\n  two @\n  three" @',
    "a: plain\n  goes on @",
    '"k @": 1 @',
    "@",
    "# before @",
    "? k @\n: v @",
    "a: # é @",
)


def lines_of(text: str) -> list[int]:
    return [comment.position.line for comment in comments(read_document(text)[0])]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(LINES), min_size=1, max_size=5), st.sampled_from(["\n", "\r\n"]))
def test_what_is_a_comment_changes_no_data_and_what_is_none_does(chosen: list[str], ending: str) -> None:
    anchored = ["z: &n 1", *(line.replace("a:", f"a{i}:").replace("&n", f"&m{i}") for i, line in enumerate(chosen))]
    anchored = [line.replace('"k @"', f'"k{i} @"').replace("? k", f"? q{i}") for i, line in enumerate(anchored)]
    text = "\n".join(anchored).replace("@", MARK).replace("\n", ending) + ending
    document, _ = read_document(text)
    if document.root is None:  # `plain# tdinspect: x` is a mapping in a value: no YAML
        return
    found = {_index(text, comment.position.line, comment.position.column) for comment in comments(document)}
    for place in re.finditer(re.escape(MARK), text):
        without = text[: place.start()] + text[place.end() :]
        same = _data(text) == _data(without)
        own = text[: place.start()].rsplit("\n", 1)[-1].lstrip().startswith("#")  # in a comment as a whole: left out
        assert (place.start() in found) == (same and not own), place


def _index(text: str, line: int, column: int) -> int:
    return sum(len(one) for one in text.splitlines(keepends=True)[: line - 1]) + column - 1


def _data(text: str) -> object:
    try:
        return yaml.load(text, yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader)
    except yaml.YAMLError:
        return None


@pytest.mark.parametrize("fast", [True, False])
def test_both_of_yamls_readers_give_the_same(fast: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml, "__with_libyaml__", fast and yaml.__with_libyaml__)
    text = f"a: '😀 {MARK}'\r\nb: |\r\n  é {MARK}\r\nc: 1 {MARK}\r\n"
    assert [4] == lines_of(text)


def test_a_comment_has_its_text_its_place_and_whether_it_is_alone() -> None:
    first, second = comments(read_document("a: ü  #tdinspect:ignore[TD1]  \n  # tdinspect: y z\n")[0])
    assert ("ignore[TD1]", 1, 7, 29, False) == (
        first.text,
        first.position.line,
        first.position.column,
        first.position.end_column,
        first.alone,
    )
    assert ("y z", 2, 3, True) == (second.text, second.position.line, second.position.column, second.alone)


def test_a_file_that_is_no_yaml_has_none() -> None:
    assert [] == lines_of(f"a: [ {MARK}\n")


def test_an_alias_of_itself_ends() -> None:
    assert [1] == lines_of(f"a: &x [*x] {MARK}\n")


@pytest.mark.parametrize(
    ("text", "answer"), [("# tdinspect: x", True), ("tdinspect: x", False), ("# by tdinspect", False), ("", False)]
)
def test_a_text_without_such_a_comment_need_not_be_read(text: str, answer: bool) -> None:
    assert answer == addressed(text)
