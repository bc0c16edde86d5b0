"""The README is true: every command in it is run and prints what stands there, and its Python runs.

``pytest tests/test_readme.py --renew`` writes the output of the commands anew. The blocks run in order in one folder: a
yaml block that begins with ``# NAME.yaml`` is a file there, and a ``print(...)  # text`` in Python must print the text.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tdinspect.cli import main

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
BLOCK = re.compile(r"^```(console|python|yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROMPT, EXIT_CODE = "$ tdinspect ", "; echo $?"
# Where the documents' paths begin, and the names they give to files that are yet to be made.
HOMES = (ROOT, ROOT / "tdinspect", ROOT / "tdinspect" / "formats")
EXAMPLE = re.compile("yours|NNN")
PRINTED = re.compile(r"^\s*print\(.*\)  # (.+)$", re.MULTILINE)

Captured = Callable[[], tuple[str, str]]


@dataclass(frozen=True)
class Block:
    """A fenced block of the README: its language, its lines, and where they stand in the text."""

    language: str
    text: str
    start: int
    end: int


def blocks(text: str, *languages: str) -> Iterator[Block]:
    for found in BLOCK.finditer(text):
        if found[1] in languages:
            yield Block(found[1], found[2], found.start(2), found.end(2))


def commands(block: Block) -> list[str]:
    return [line for line in block.text.splitlines() if line.startswith("$ ")]


def output(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    """The command as the README shows it, and what it prints; ``; echo $?`` behind it adds the exit code."""
    assert command.startswith(PROMPT)
    line, echo, rest = command.removeprefix(PROMPT).partition(EXIT_CODE)
    assert rest == ""
    code = main(shlex.split(line))
    captured = capsys.readouterr()
    assert code in (0, 1), captured.err
    assert "" == captured.err
    return f"{command}\n{captured.out}" + (f"{code}\n" if echo else "")


def renewed(text: str, folder: Path, capsys: pytest.CaptureFixture[str], only: str = "") -> str:
    """The README with every command's real output in its place; commands without ``only`` in them are left alone."""
    pieces, done = [], 0
    for block in blocks(text, "console", "yaml"):
        if block.language == "yaml":
            write_spec(block, folder)
        elif only in block.text:
            pieces += [text[done : block.start], *(output(command, capsys) for command in commands(block))]
            done = block.end
    return "".join([*pieces, text[done:]])


def write_spec(block: Block, folder: Path) -> None:
    named = re.match(r"# ([\w.]+\.yaml)\n", block.text)
    if named:
        (folder / named[1]).write_text(block.text, encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of one's own with the shipped specs in it, as wide as the README, and no terminal."""
    (tmp_path / "specs").symlink_to(ROOT / "specs")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return tmp_path


def test_every_command_prints_what_the_readme_shows(
    request: pytest.FixtureRequest, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = README.read_text(encoding="utf-8")
    real = renewed(text, folder, capsys)
    if request.config.getoption("--renew"):
        README.write_text(real, encoding="utf-8")
        return
    assert real == text


def test_the_python_of_the_readme_runs_and_prints_what_it_says(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = README.read_text(encoding="utf-8")
    renewed(text, folder, capsys, only="--output")  # the files that the commands and the yaml blocks leave
    for block in blocks(text, "python"):
        said = PRINTED.findall(block.text)
        exec(compile(block.text, README.name, "exec"), {"__name__": "readme"})
        assert said == capsys.readouterr().out.splitlines()


def test_the_readme_shows_each_command_at_work() -> None:
    shown = [command for block in blocks(README.read_text(encoding="utf-8"), "console") for command in commands(block)]
    assert {"shape", "params", "compare"} <= {command.removeprefix(PROMPT).split()[0] for command in shown}
    assert any("conv2d_bare" in command for command in shown)


@pytest.mark.parametrize("document", [README, *sorted((ROOT / "docs").glob("*.md"))], ids=lambda path: path.name)
def test_a_document_names_only_files_that_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        assert (document.parent / target).exists(), target
    for target in re.findall(r"`((?:\w+/)+\w+\.(?:py|md|yaml)|\w+\.py)`", text):
        assert EXAMPLE.search(target) or any((home / target).exists() for home in HOMES), target
