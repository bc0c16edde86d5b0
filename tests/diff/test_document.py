"""docs/lock-and-diff.md is true: its commands are run in one repository, and print what stands there.

``pytest tests/diff/test_document.py --renew`` writes the output anew.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tdinspect.cli import main
from tests.diff.repository import Repository

DOCUMENT = Path(__file__).parents[2] / "docs" / "lock-and-diff.md"
BLOCK = re.compile(r"^```(console|yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"# ([\w/]+\.yaml)\n(.*)", re.DOTALL)


def ran(line: str, repository: Repository, capsys: pytest.CaptureFixture[str]) -> str:
    """The line, and what the command prints."""
    command, echo, _ = line.partition("; echo $?")
    program, *arguments = shlex.split(command)
    if program == "git":
        return f"$ {line}\n{repository.git(*arguments)}"
    if program == "cat":
        return f"$ {line}\n{(repository.folder / arguments[0]).read_text(encoding='utf-8')}"
    code = main(arguments)
    captured = capsys.readouterr()
    assert "" == captured.err
    return f"$ {line}\n{captured.out}" + (f"{code}\n" if echo else "")


def test_every_command_prints_what_stands_there(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    repository = Repository(tmp_path / "project")
    repository.put(".gitignore", ".tdinspect_cache/\n")
    monkeypatch.chdir(repository.folder)
    monkeypatch.setenv("COLUMNS", "100")
    text = DOCUMENT.read_text(encoding="utf-8")

    def real(block: re.Match[str]) -> str:
        if block[1] == "yaml":
            named = NAMED.fullmatch(block[2])
            assert named
            repository.put(named[1], named[2])
            return block[0]
        lines = [line.removeprefix("$ ") for line in block[2].split("\n") if line.startswith("$ ")]
        return f"```console\n{''.join(ran(line, repository, capsys) for line in lines)}```"

    renewed = BLOCK.sub(real, text)
    if request.config.getoption("--renew"):
        DOCUMENT.write_text(renewed, encoding="utf-8")
        return
    assert renewed == text
