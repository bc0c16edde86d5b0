"""docs/export.md: its specs are written to files, and its commands print what stands there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tdinspect.cli import main

PAGE = (Path(__file__).parent.parent.parent / "docs" / "export.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"```console\n\$ tdinspect (export \w+\.yaml[^\n]*)\n(.*?)```", PAGE, re.S)


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip, offset = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)
    (tmp_path / "clip.yaml").write_text(clip)
    (tmp_path / "offset.yaml").write_text(offset)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.mark.parametrize(("command", "printed"), COMMANDS, ids=lambda part: part[:50])
def test_a_command_of_the_page_prints_what_stands_there(
    command: str, printed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(shlex.split(command))
    assert printed == capsys.readouterr().out


def test_the_page_has_four_commands() -> None:
    assert 4 == len(COMMANDS)
