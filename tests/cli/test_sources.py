"""Which texts a command works on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tdinspect.importers import read_spec
from tdinspect.sources import Gathered, SourceError, gather, inline

SPEC = "input: [B, 3]\nlayers: [ReLU]\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name: str, text: str | bytes = SPEC) -> None:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)


def read(*names: str, stdin: bytes = b"") -> Gathered:
    return gather(names, lambda: stdin, "<stdin>")


def names(gathered: Gathered) -> list[str]:
    return [text.file for text in gathered.texts]


def test_a_folder_gives_every_yaml_file_below_it_in_order() -> None:
    for name in ("models/b.yaml", "models/a.yml", "models/deep/er/c.yaml", "models/notes.txt"):
        write(name)
    assert ["models/a.yml", "models/b.yaml", "models/deep/er/c.yaml"] == names(read("models/"))


def test_yaml_that_is_no_spec_is_left_out_of_a_folder_and_counted() -> None:
    write("models/a.yaml")
    write("models/ci.yaml", "on: push\njobs: {}\n")
    write("models/list.yaml", "- 1\n")
    write("models/empty.yaml", "")
    gathered = read("models")
    assert (["models/a.yaml"], 3) == (names(gathered), gathered.left_out)


@pytest.mark.parametrize("text", ["input: [3]", "inputs: {}", "layers: []"])
def test_one_key_makes_a_spec(text: str) -> None:
    write("models/a.yaml", text)
    assert ["models/a.yaml"] == names(read("models"))


def test_yaml_that_cannot_be_read_is_no_file_to_leave_out() -> None:
    write("models/broken.yaml", "input: [")
    write("models/garbage.yaml", b"\x00\xff\xfe")
    assert (["models/broken.yaml", "models/garbage.yaml"], 0) == (names(read("models")), read("models").left_out)


def test_a_file_that_was_named_is_taken_whatever_it_holds() -> None:
    write("ci.txt", "on: push")
    assert ["ci.txt"] == names(read("ci.txt"))


def test_what_is_named_twice_is_taken_once() -> None:
    write("models/a.yaml")
    write("models/ci.yaml", "on: push\n")
    gathered = read("models/a.yaml", "models", "./models/a.yaml", "models/ci.yaml")
    assert (["models/a.yaml", "models/ci.yaml"], 0) == (names(gathered), gathered.left_out)


def test_a_dash_is_standard_input_under_the_name_it_was_given() -> None:
    gathered = gather(["-"], lambda: b"input: [3]", "web.yaml")
    assert [("web.yaml", b"input: [3]")] == [(text.file, text.text) for text in gathered.texts]


def test_a_folder_without_specs_says_so() -> None:
    write("models/ci.yaml", "on: push\n")
    with pytest.raises(SourceError, match="no specs in models; its 1 YAML files have none of input, inputs, layers"):
        read("models")
    Path("empty").mkdir()
    with pytest.raises(SourceError, match="^no specs in empty$"):
        read("empty")


def test_a_file_that_cannot_be_read_says_why() -> None:
    Path("loop.yaml").symlink_to("loop.yaml")
    with pytest.raises(SourceError, match="cannot read loop.yaml: "):
        read("loop.yaml")


def test_a_folder_named_like_a_file_is_only_a_folder() -> None:
    write("models/sub.yaml/a.yaml")
    assert ["models/sub.yaml/a.yaml"] == names(read("models"))


def test_a_layer_of_several_lines_stays_one_step() -> None:
    (source,) = inline(["TimeDistributed:\n  - Conv2d: 16\n  - ReLU", "Flatten"], "B,T,3", None, None).texts
    data = read_spec(source.text, source.file).document.data
    assert {"input": ["B", "T", 3], "layers": [{"TimeDistributed": [{"Conv2d": 16}, "ReLU"]}, "Flatten"]} == data


@pytest.mark.parametrize("entry", ["{", "3 4", "'", "a: b", "", "#", "-", "*x"])
def test_a_strange_entry_of_a_shape_is_a_finding_about_the_shape(entry: str) -> None:
    (source,) = inline(["ReLU"], f"5,{entry},3", None, None).texts
    findings = read_spec(source.text, source.file).findings
    assert ["TD003"] == [finding.code for finding in findings]
    assert [1] == [finding.position.line for finding in findings if finding.position]


def test_a_layer_that_is_no_yaml_is_a_finding_in_its_line() -> None:
    (source,) = inline(["ReLU", "Conv2d: {out_channels: 16"], "5,3", None, None).texts
    (finding,) = read_spec(source.text, source.file).findings
    assert "TD001" == finding.code
    assert finding.position is not None
    assert finding.position.line in (4, 5)
