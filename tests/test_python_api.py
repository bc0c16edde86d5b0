"""docs/python-api.md is true: its Python runs, and prints what it says it prints.

A ``print(...)  # text`` prints the text; lines of comment at the start of a line are what the lines above them print.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "python-api.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SAID = re.compile(r"^(?:.*print\(.*\)  )?# (.+)$", re.MULTILINE)


def test_the_python_of_the_page_runs_and_prints_what_it_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {"__name__": "page"}
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    assert len(blocks) == 3
    for block in blocks:
        exec(compile(block, PAGE.name, "exec"), names)
        assert SAID.findall(block) == capsys.readouterr().out.splitlines()
