"""Whether a file is a spec, told from its first lines only where reading it says the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tdinspect.importers import is_spec, read_document
from tdinspect.importers.kind import surely_spec

# Lines that begin, end or hide a key at the left margin.
LINES = st.sampled_from(
    ["input: [3]", "layers:", "inputs: {}", "name: x", "description: |", "  text", "a: 'b", 'b: "', "'", '"', "---"]
    + ["...", "- 1", "{", "[", "]", "}", "# it's", "", "a: {b", "? x", "key", "a: >-", "a: &b c", "a: b # c"]
    + ["x: y: z", "\tinput: 3", "%YAML 1.1", "'input: 3", "input:3", "layers", "a: - b", "a: b,c", "\ufeffinput: 3"]
    + ["a: b'", "a: (b"]
)


@given(st.lists(LINES, max_size=6), st.sampled_from(["\n", "\r\n"]))
def test_the_first_lines_never_say_what_reading_does_not(lines: list[str], end: str) -> None:
    data = end.join(lines).encode()
    if surely_spec(data):
        document, findings = read_document(data)
        unreadable = document.data is None and any(finding.code != "TD003" for finding in findings)
        assert unreadable or is_spec(document)


@pytest.mark.parametrize(
    "text",
    [
        "input: [3]\n",
        "\ufeffinput: [3]\n",
        "# a comment, it's long\n\nname: a-b\ntime_axis: T # time\r\ninputs:\n  x: [3]\n",
        "---\nlayers: []\n",
    ],
)
def test_most_specs_are_told_by_their_first_lines(text: str) -> None:
    assert surely_spec(text.encode())


@pytest.mark.parametrize("text", ["a: 'x\ninput: 3'\n", "{a: {\ninput: 3}}\n", "|\ninput: 3\n", "inputs_of: 3\n"])
def test_a_key_that_only_looks_like_one_is_not_taken_for_it(text: str) -> None:
    assert not surely_spec(text.encode())
