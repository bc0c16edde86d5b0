"""Files as files: encodings, limits, hostile input, and the reader without libyaml."""

from __future__ import annotations

import pytest
import yaml

from tdinspect.domain.limits import Limits
from tdinspect.domain.location import Position
from tdinspect.importers import is_spec, read_spec
from tdinspect.importers.yaml_file import read_yaml

SPEC = "input: [B, T, 8]\nlayers:\n  - Linear: 10\n"


def place(source: str | bytes) -> tuple[str, int, int]:
    _, findings = read_yaml(source)
    assert findings[0].position is not None
    return findings[0].code, findings[0].position.line, findings[0].position.column


def test_bytes_with_a_byte_order_mark_read_like_the_text() -> None:
    expected = read_spec(SPEC, "x.yaml")
    parsed = read_spec(b"\xef\xbb\xbf" + SPEC.encode(), "x.yaml")
    assert expected.spec == parsed.spec
    assert parsed.findings == ()
    assert Position(1, 1, 1, 6) == parsed.document.locate(("input",), on_key=True)


def test_windows_line_ends_change_nothing() -> None:
    text = SPEC.replace("\n", "\r\n")
    parsed = read_spec(text, "x.yaml")
    assert read_spec(SPEC, "x.yaml").spec == parsed.spec
    assert Position(3, 5, 3, 11) == parsed.document.locate(("layers", 0, "Linear"), on_key=True)


def test_a_column_counts_characters_not_bytes() -> None:
    document = read_spec("{näme: ü, input: 3}", "x.yaml").document
    assert Position(1, 11, 1, 16) == document.locate(("input",), on_key=True)


def test_a_tab_and_a_wide_character_are_one_column_each() -> None:
    document = read_spec("input:\t[B,\tT]\nname: 時間 # x\nlayers: [😀, ReLU]\n", "x.yaml").document
    assert Position(1, 12, 1, 13) == document.locate(("input", 1))
    assert Position(2, 7, 2, 9) == document.locate(("name",))
    assert Position(3, 13, 3, 17) == document.locate(("layers", 1))


@pytest.mark.parametrize(
    "source", [b"\x89PNG\r\n\x1a\n\x00\x00", b"\x7fELF\x02\x01\x01\x00", b"\x00" * 100, b"\xff\xfei\x00"]
)
def test_binary_garbage_is_not_yaml(source: bytes) -> None:
    parsed = read_spec(source, "x.yaml")
    assert ["TD001"] == [finding.code for finding in parsed.findings]
    assert parsed.spec is None
    assert not is_spec(parsed.document)


def test_a_lone_surrogate_in_a_text_is_not_yaml() -> None:
    assert place("name: a\ud800b\n") == ("TD001", 1, 8)


def test_a_mistake_in_the_middle_of_a_large_file_has_its_place() -> None:
    text = "layers:\n" + "  - ReLU\n" * 50_000 + "  : [\n" + "  - ReLU\n"
    code, line, _ = place(text)
    assert ("TD001", 50_002) == (code, line)


@pytest.mark.parametrize("source", ["x" * (Limits().file_size + 1), b"\xff" * (Limits().file_size + 1)])
def test_a_file_over_the_limit_is_not_read(source: str | bytes) -> None:
    assert place(source) == ("TD008", 1, 1)


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? ", "[{a: "])
def test_nesting_without_end_is_a_limit_and_no_crash(opening: str) -> None:
    assert "TD008" == place(opening * 200_000)[0]


def test_nesting_up_to_the_limit_is_read() -> None:
    depth = Limits().nesting - 1
    document, findings = read_yaml("[" * depth + "]" * depth)
    assert findings == []
    assert isinstance(document.data, list)


def test_more_values_than_the_limit_are_refused() -> None:
    assert "TD008" == place("[" + "1," * Limits().values + "]")[0]


def test_aliases_that_nest_deeper_than_the_file_are_refused() -> None:
    lines = ["a0: &a0 [1]"] + [f"a{i}: &a{i} {'[' * 50}*a{i - 1}{']' * 50}" for i in range(1, 40)]
    assert "TD008" == place("\n".join(lines))[0]


def test_an_alias_is_its_anchors_value() -> None:
    document, findings = read_yaml("a: &x [1, {b: 2}]\nc: *x\n")
    assert findings == []
    assert document.data == {"a": [1, {"b": 2}], "c": [1, {"b": 2}]}


def test_of_two_equal_keys_the_first_counts() -> None:
    document, findings = read_yaml("a: 1\nb: 2\na: 3\n")
    assert document.data == {"a": 1, "b": 2}
    assert [("TD007", Position(3, 1, 3, 2))] == [(f.code, f.position) for f in findings]
    assert "line 1" in findings[0].message
    assert Position(1, 4, 1, 5) == document.locate(("a",))


@pytest.mark.parametrize("key", ["1", "true", "null", "[a]", "{a: 1}", "1.5", "? &x [1]\n", '!!str "a"'])
def test_a_key_that_is_no_plain_text_is_a_finding(key: str) -> None:
    _, findings = read_yaml(f"{key}: 1\n" if not key.startswith("?") else f"{key}: 1\n")
    assert {"TD003"} == {finding.code for finding in findings}


TAGGED = ["!!int 3", "!x 3", "!!set {a}", "!!python/name:os.system ''", "!<tag:a,b> [1]"]
BARE = ["! 3", '! "3"', "! [1]", "&x ! 3", "! &x 3"]


@pytest.mark.parametrize("value", TAGGED + BARE)
def test_every_tag_is_refused(value: str) -> None:
    _, findings = read_yaml(f"a: {value}\n")
    assert [("TD003", 4)] == [(f.code, f.position.column) for f in findings if f.position]


@pytest.mark.parametrize("value", ["hey! you", '"! 3"', "'! 3'", "a ! b", "3 # ! 3", "|\n  ! 3"])
def test_an_exclamation_mark_inside_a_text_is_no_tag(value: str) -> None:
    assert [] == read_yaml(f"a: {value}\n")[1]


def test_a_merge_key_points_to_blocks_and_vars() -> None:
    _, findings = read_yaml("a: &x {b: 1}\nc: {<<: *x}\n")
    assert ["TD003"] == [finding.code for finding in findings]
    assert "`blocks`" in str(findings[0].help)
    assert "`vars`" in str(findings[0].help)


def test_a_merge_sign_in_quotes_is_a_key_like_any_other() -> None:
    document, findings = read_yaml('"<<": 1\n')
    assert ([], {"<<": 1}) == (findings, document.data)


def test_without_libyaml_the_slow_reader_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    fast = read_spec(SPEC, "x.yaml")
    monkeypatch.setattr(yaml, "__with_libyaml__", False)
    slow = read_spec(SPEC, "x.yaml")
    assert fast.spec == slow.spec
    for path in [("layers",), ("layers", 0, "Linear"), ("input", 1)]:
        assert fast.document.locate(path) == slow.document.locate(path)
    assert "TD001" == place("a: [\n")[0]
    assert "TD008" == place("[" * 1000)[0]
