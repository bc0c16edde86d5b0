"""docs/keras.md: its model is built, its commands are run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tdinspect.cli import CLEAN, main
from tests.keras.models import keras

_PAGE = Path(__file__).parents[2] / "docs" / "keras.md"


@pytest.mark.filterwarnings("ignore")  # Keras and what it imports
def test_the_page_shows_what_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], pytestconfig: pytest.Config
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("COLUMNS", "110")
    keras().backend.clear_session()
    page = _PAGE.read_text()

    def done(block: re.Match[str]) -> str:
        kind, body = block.groups()
        if kind == "python":
            exec(compile(body, "page", "exec"), {})
            return block.group()
        if kind == "yaml":
            return f"```yaml\n{Path('video.yaml').read_text()}```"
        command = body.splitlines()[0]
        assert CLEAN == main(command.removeprefix("$ tdinspect ").split())
        return f"```console\n{command}\n{capsys.readouterr().out}```"

    renewed = re.sub(r"```(python|yaml|console)\n(.*?)```", done, page, flags=re.DOTALL)
    if pytestconfig.getoption("renew"):
        _PAGE.write_text(renewed)
    version = r"Keras \d+\.\d+\.\d+"
    assert re.sub(version, "Keras", renewed) == re.sub(version, "Keras", _PAGE.read_text())
