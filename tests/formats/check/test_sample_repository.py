"""A small repository of model configs, right and wrong, is checked in each format, as a CI would have it done."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tdinspect import __version__
from tdinspect.cli import main
from tdinspect.formats import CHECK_FORMATS
from tests.test_readme import renewed

ROOT = Path(__file__).parents[3]
SAMPLE, PAGE = ROOT / "tests" / "sample_repository", ROOT / "docs" / "formats.md"
ENDINGS = {"json": "json", "gitlab": "json", "sarif": "json", "junit": "xml", "markdown": "md"}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy: a check may leave a cache beside the settings. As wide as a pipe, and in no CI."""
    folder = shutil.copytree(SAMPLE, tmp_path / "gestures", ignore=shutil.ignore_patterns(".*"))
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "100")
    for name in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.mark.parametrize("name", CHECK_FORMATS)
def test_the_sample_repository_is_told_as_in_its_golden_file(
    golden: Callable[[str, str], None], capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert 1 == main(["check", "--format", name])
    written = capsys.readouterr().out.replace(f'"version": "{__version__}"', '"version": "(that of tdinspect)"')
    golden(f"check/{name}.{ENDINGS.get(name, 'txt')}", written)


def test_what_is_wrong_with_the_sample_is_what_was_put_there(capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", "--format", "gitlab"])
    entries = json.loads(capsys.readouterr().out)
    expected = [
        ("models/clip_scorer.yaml", 6, "TD206"),
        ("models/clip_scorer.yaml", 8, "TD211"),
        ("models/frame_encoder.yaml", 6, "TD102"),
        ("models/keyword_spotter.yaml", 10, "TD208"),
        ("models/lip_reader.yaml", 6, "TD202"),
        ("experiments/größere Gesten, 2x.yaml", 15, "TD301"),
        ("experiments/half_done.yaml", 3, "TD001"),
        ("experiments/small_typos.yaml", 3, "TD002"),
        ("experiments/small_typos.yaml", 5, "TD004"),
        ("experiments/small_typos.yaml", 6, "TD005"),
    ]
    places = [(entry["location"]["path"], entry["location"]["lines"]["begin"]) for entry in entries]
    assert expected == [(*place, entry["check_name"]) for place, entry in zip(places, entries, strict=True)]


def test_the_page_of_the_formats_shows_what_they_write(
    here: Path, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    page = PAGE.read_text(encoding="utf-8")
    now = renewed(page, here, capsys)
    if request.config.getoption("--renew"):
        PAGE.write_text(now, encoding="utf-8")
    assert now == PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CHECK_FORMATS)
def test_the_page_of_the_formats_names_each(name: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert f"| `{name}` |" in page
    assert f"\n## {name}\n" in page
