"""A project's settings: where they are found, what they may say, and what is wrong with them."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from tdinspect.domain.limits import HIGHEST, Limits
from tdinspect.gate.settings import Settings, SettingsError, find_settings, read_settings

DOCS = Path(__file__).parent.parent.parent / "docs" / "settings.md"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name: str, text: str | bytes) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def settings(text: str | bytes) -> Settings:
    return read_settings(write("tdinspect.toml", text))


def mistakes(text: str | bytes, name: str = "tdinspect.toml") -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read_settings(write(name, text))
    return [line.strip() for line in str(caught.value).splitlines()]


def test_without_a_file_the_usual_settings_hold(here: Path) -> None:
    assert Settings() == find_settings(here)


def test_every_setting_is_read() -> None:
    found = settings(
        'specs = ["models"]\nallow-import = ["a", "b.c"]\nselect = ["td2", "TD101"]\nignore = ["TD206"]\n'
        'severity = {TD2 = "note", TD211 = "error"}\nerror-on-warning = true\nlock = "l.lock"\ncache-dir = "c"\n'
        "jobs = 3\nlimits = {file-size = 10, nesting = 9, values = 8, steps = 7, layers = 6, layer-size = 5}\n"
    )
    wanted = Settings(
        file="tdinspect.toml",
        specs=("models",),
        allow_import=("a", "b.c"),
        select=("TD2", "TD101"),
        ignore=("TD206",),
        severity={"TD2": "note", "TD211": "error"},
        limits=Limits(file_size=10, nesting=9, values=8, steps=7, layers=6, layer_size=5),
        error_on_warning=True,
        lock="l.lock",
        cache_dir="c",
        jobs=3,
    )
    assert wanted == found


def test_an_empty_file_says_nothing() -> None:
    assert Settings(file="tdinspect.toml") == settings("")


def test_the_nearest_file_counts_and_paths_are_relative_to_it(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("tdinspect.toml", 'specs = ["far"]\n')
    write("project/pyproject.toml", '[tool.tdinspect]\nspecs = ["near", "/absolute"]\nlock = "sub/x.lock"\n')
    write("project/sub/pyproject.toml", "[tool.other]\nname = 'tdinspect'\n")
    monkeypatch.chdir("project/sub")
    found = find_settings(Path.cwd())
    assert ("../pyproject.toml", "../near", "x.lock") == (found.file, found.specs[0], found.lock)
    assert "/absolute" == found.specs[1]


def test_of_two_files_in_a_folder_the_own_one_counts(here: Path) -> None:
    write("pyproject.toml", "[tool.tdinspect]\njobs = 1\n")
    write("tdinspect.toml", "jobs = 2\n")
    assert 2 == find_settings(here).jobs


def test_a_git_folder_does_not_end_the_search(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("tdinspect.toml", "jobs = 2\n")
    Path("inner/.git").mkdir(parents=True)
    assert 2 == find_settings(here / "inner").jobs


def test_a_pyproject_of_others_is_not_even_read(here: Path) -> None:
    write("pyproject.toml", "this is no TOML\n")
    assert Settings() == find_settings(here)


def test_a_folder_of_that_name_is_no_file(here: Path) -> None:
    Path("tdinspect.toml").mkdir()
    assert Settings() == find_settings(here)


def test_a_file_that_is_named_may_have_any_name() -> None:
    assert 4 == read_settings(write("ci.toml", "jobs = 4\n")).jobs
    assert 5 == read_settings(write("other/pyproject.toml", "[tool.tdinspect]\njobs = 5\n")).jobs


def test_a_file_that_is_named_must_be_there_and_have_the_table() -> None:
    assert ["no such settings file: nope.toml"] == _error(Path("nope.toml"))
    assert ["pyproject.toml has no table [tool.tdinspect]"] == mistakes("[tool.ruff]\n", "pyproject.toml")


def _error(path: Path) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read_settings(path)
    return str(caught.value).splitlines()


def test_windows_line_ends_and_a_mark_at_the_start_are_read() -> None:
    assert 2 == settings(b"\xef\xbb\xbfjobs = 2\r\n").jobs


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"jobs = \n", "cannot read tdinspect.toml: Invalid value (at line 1, column 8)"),
        (b"jobs = 1 # \xff\n", "cannot read tdinspect.toml: it is not UTF-8 text"),
        (b"jobs = 1\njobs = 2\n", "cannot read tdinspect.toml: Cannot overwrite a value"),
        (b"jobs = " + b"[" * 100_000, "cannot read tdinspect.toml: "),
    ],
    ids=["syntax", "encoding", "twice", "nested"],
)
def test_a_file_that_is_no_toml_says_where(text: bytes, words: str) -> None:
    assert mistakes(text)[0].startswith(words)


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("selct = []", "selct: unknown setting, did you mean `select`?"),
        ("allow_import = []", "allow_import: unknown setting, did you mean `allow-import`?"),
        ("[tool.tdinspect]", "tool: unknown setting; in tdinspect.toml the settings stand at the top, without"),
        ("zzz = 1", "zzz: unknown setting; there are specs, allow-import, select"),
        ('"a\\nb" = 1', "a\\nb: unknown setting; there are specs"),
        ('specs = "models"', "specs: expected a list of texts, found the text `models`"),
        ("specs = []", "specs: expected a list of files and folders, found an empty list"),
        ("specs = [3]", "specs: expected a list of texts, found a list with the number 3"),
        ('specs = ["-"]', "specs: standard input (`-`) can be given on the command line only"),
        ('specs = [""]', "specs: expected a list of texts, found a list with an empty text"),
        ('select = ["TD26"]', "select: there is no rule 'TD26': did you mean TD206?"),
        ('ignore = ["E501"]', "ignore: there is no rule 'E501': `tdinspect explain` lists the rules"),
        ('ignore = [""]', "ignore: expected a list of texts"),
        ('severity = {TD206 = "warn"}', "severity.TD206: expected one of error, warning, note, found the text `warn`"),
        ('severity = {TD206 = "off"}', "severity.TD206: expected one of error, warning, note, found the text `off`; a"),
        ("severity = {TD206 = []}", "severity.TD206: expected one of error, warning, note, found an empty list"),
        ('severity = {TD999 = "note"}', "severity.TD999: there is no rule 'TD999'"),
        ('severity = "note"', "severity: expected a table of rules and severities"),
        ("error-on-warning = 1", "error-on-warning: expected true or false, found the number 1"),
        ("jobs = 0", "jobs: expected a whole number from 1 to 9999, found the number 0"),
        ("jobs = true", "jobs: expected a whole number from 1 to 9999, found `true`"),
        ("jobs = 2.0", "jobs: expected a whole number from 1 to 9999, found the number 2.0"),
        ("jobs = 2026-01-01", "jobs: expected a whole number from 1 to 9999, found something else"),
        ('lock = " "', "lock: expected a path"),
        ('cache-dir = "a\\u0000b"', "cache-dir: expected a path"),
        ("limits = 3", "limits: expected a table of limits"),
        ("limits = {step = 3}", "limits.step: unknown setting, did you mean `steps`?"),
        ("limits = {nesting = 65}", "limits.nesting: 65 is not from 1 to 64, the most that is safe"),
        ("limits = {steps = 0}", "limits.steps: 0 is not from 1 to 1,000,000"),
        ('limits = {steps = "5k"}', "limits.steps: expected a whole number, found the text `5k`"),
        ('limits = {file-size = "10 parsecs"}', "limits.file-size: expected a number of bytes, as 5000000 or"),
        ('limits = {file-size = "1.5"}', "limits.file-size: expected a number of bytes"),
        ('limits = {file-size = "1 GB"}', "limits.file-size: 1,000,000,000 is not from 1 to 67,108,864"),
        ("limits = {file-size = inf}", "limits.file-size: expected a number of bytes"),
    ],
)
def test_a_wrong_setting_says_what_is_wrong(text: str, mistake: str) -> None:
    first, told = mistakes(text)
    assert "a mistake in the settings of tdinspect.toml:" == first
    assert told.startswith(mistake)


def test_all_mistakes_are_told_at_once() -> None:
    assert 6 == len(mistakes('selct = []\njobs = 0\nselect = ["X1", "X2"]\n[limits]\nsteps = 0\nstep = 1\n'))


def test_the_tables_name_must_be_a_table() -> None:
    assert (
        "tool.tdinspect: expected a table, found the number 3" == mistakes("[tool]\ntdinspect = 3", "pyproject.toml")[1]
    )


@pytest.mark.parametrize(
    ("text", "size"), [("4096", 4096), ('"5 MB"', 5_000_000), ('"8MiB"', 8 * 2**20), ('"1.5k"', 1500)]
)
def test_a_number_of_bytes_may_have_a_unit(text: str, size: int) -> None:
    assert size == settings(f"limits = {{file-size = {text}}}").limits.file_size


def test_every_example_of_the_page_is_read() -> None:
    examples = re.findall(r"```toml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert len(examples) >= 3
    for text in examples:
        name = "pyproject.toml" if "[tool.tdinspect]" in text else "tdinspect.toml"
        assert Settings(file=name) != read_settings(write(name, text))


def test_the_page_has_every_setting_and_the_numbers_of_every_limit() -> None:
    page = DOCS.read_text(encoding="utf-8")
    assert [] == [one.name for one in fields(Settings) if one.name != "file" and f"| `{_key(one.name)}` |" not in page]
    for one in fields(Limits):
        row = next(line for line in page.splitlines() if line.startswith(f"| `{_key(one.name)}` |"))
        assert row.endswith(f"| {getattr(Limits(), one.name):,} | {getattr(HIGHEST, one.name):,} |")


def test_the_pages_mistakes_are_what_is_said() -> None:
    shown = re.search(r"```\ntdinspect check: (.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert shown is not None
    told = mistakes('selct = []\nignore = ["TD26"]\nlimits = {nesting = 100}\n')
    assert [line.strip() for line in shown[1].splitlines()] == told


def _key(name: str) -> str:
    return name.replace("_", "-")
