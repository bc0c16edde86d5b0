"""What was inspected before is not inspected again, and nothing wrong is ever told because of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tdinspect.cli import main
from tdinspect.domain.limits import Limits
from tdinspect.domain.report import Report
from tdinspect.domain.source import Source
from tdinspect.gate.cache import Cache, cache_folder, cache_in
from tdinspect.gate.inspection import Inspected, inspect_one
from tdinspect.gate.store import TAG, FolderStore, MemoryStore, NotOurs
from tdinspect.gate.work import Manner, inspect_all
from tdinspect.pipeline import Request
from tests.gate.small import BAD, GOOD, NOTED, UNREADABLE, request, users_package

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TDINSPECT_CACHE_DIR", raising=False)
    return tmp_path


def twice(first: Request, second: Request | None = None) -> list[Inspected]:
    """The second run's results on one cache."""
    store = MemoryStore()
    inspect_all(first, Manner(Cache(store), jobs=1))
    return list(inspect_all(second or first, Manner(Cache(store), jobs=1)))


def entries() -> list[Path]:
    return sorted(path for path in Path(".tdinspect_cache").glob("*/*") if path.is_file())


def test_what_did_not_change_is_not_run_again_and_says_the_same() -> None:
    asked = request(GOOD, BAD, NOTED, UNREADABLE)
    fresh = [inspect_one(source, asked) for source in asked.sources]
    assert [replace(one, cached=True) for one in fresh] == twice(asked)


def test_with_details_the_whole_report_comes_back() -> None:
    asked = request(GOOD, BAD, details=True)
    fresh = [inspect_one(source, asked) for source in asked.sources]
    assert [replace(one, cached=True) for one in fresh] == twice(asked)


def test_an_entry_without_details_does_for_a_text_and_not_for_json() -> None:
    assert [False] == [one.cached for one in twice(request(GOOD), request(GOOD, details=True))]
    assert [True] == [one.cached for one in twice(request(GOOD, details=True), request(GOOD))]


@pytest.mark.parametrize(
    "other",
    [
        request(f"{GOOD}# another\n"),
        request(GOOD, overrides={"T": "5"}),
        request(GOOD, device="meta"),
        request(GOOD, limits=Limits(steps=7)),
        request(GOOD, allow_import=("mine",)),
    ],
    ids=["text", "--set", "--device", "limits", "--allow-import"],
)
def test_whatever_the_result_depends_on_is_in_the_key(other: Request) -> None:
    assert [False] == [one.cached for one in twice(request(GOOD), other)]


def test_a_file_that_was_renamed_has_another_name_in_its_report() -> None:
    asked = request(GOOD)
    moved = replace(asked, sources=(Source("folder/other.yaml", GOOD.encode()),))
    [one] = twice(asked, moved)
    assert ("folder/other.yaml", "other") == (one.report.file, one.report.name)


def test_a_result_of_last_week_by_other_ways_of_asking_stays() -> None:
    store = MemoryStore()
    for asked in (request(GOOD), request(GOOD, overrides={"T": "5"}), request(GOOD)):
        [last] = inspect_all(asked, Manner(Cache(store), jobs=1))
    assert last.cached


def test_the_cache_lies_beside_the_settings_and_keeps_out_of_git_and_backups(here: Path) -> None:
    (here / "specs").mkdir()
    (here / "specs" / "a.yaml").write_text(UNREADABLE)
    (here / "tdinspect.toml").write_text("")
    os.chdir(here / "specs")
    assert 1 == main(["check", "a.yaml"])
    cache = here / ".tdinspect_cache"
    assert "*\n" == (cache / ".gitignore").read_text()
    assert (cache / TAG).read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55")


@pytest.mark.parametrize(
    ("option", "variable", "settled", "expected"),
    [
        ("o", "v", "s", "o"),
        (None, "v", "s", "v"),
        (None, "", "s", "s"),
        (None, "", None, "project/.tdinspect_cache"),
    ],
)
def test_the_option_the_environment_and_the_settings_say_where_in_this_order(
    option: str | None, variable: str, settled: str | None, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TDINSPECT_CACHE_DIR", variable)
    assert Path(expected) == cache_folder(option, settled, Path("project"))


def test_without_the_cache_nothing_is_written(here: Path) -> None:
    (here / "a.yaml").write_text(UNREADABLE)
    assert 1 == main(["check", "a.yaml", "--no-cache"])
    assert ["a.yaml"] == [path.name for path in here.iterdir()]


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:-5],
        lambda data: data + b" ",
        lambda data: data.replace(b'"findings": [', b'"findings": [7, '),
        lambda data: b"\x80\x04\x95" + data,
        lambda data: data.replace(b"tdinspect-cache", b"another-program"),
        lambda data: b"[" * 100_000,
    ],
    ids=["empty", "cut off", "longer", "changed", "a pickle", "foreign", "deep"],
)
def test_a_damaged_entry_is_no_entry(damage: object, capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.yaml").write_text(UNREADABLE)
    main(["check", "a.yaml"])
    said = capsys.readouterr()
    [entry] = entries()
    entry.write_bytes(damage(entry.read_bytes()))  # type: ignore[operator]
    assert 1 == main(["check", "a.yaml"])
    assert said == capsys.readouterr()


@pytest.mark.parametrize(
    "text", ['{"name": 5}', '{"findings": [["TD999"]]}', "[]", "7", "null"], ids=["types", "code", "list", "7", "null"]
)
def test_an_entry_of_the_right_key_and_the_wrong_content_is_no_entry(text: str) -> None:
    asked, store = request(UNREADABLE), MemoryStore()
    cache = Cache(store)
    name, key = cache._place(asked.sources[0], asked)
    whole: dict[str, object] = {
        "name": "a",
        "notes": [],
        "findings": [],
        "locked": None,
        "imports": {},
        "lasting": True,
        "report": None,
    }
    data = {**whole, **json.loads(text)} if text.startswith("{") else json.loads(text)
    cache._write(name, key, json.dumps(data).encode())
    assert cache.get(asked.sources[0], asked) is None
    assert [True] == [one.report.findings != () for one in inspect_all(asked, Manner(cache, jobs=1))]


def test_a_link_a_pipe_or_a_folder_in_the_place_of_an_entry_is_no_entry(here: Path) -> None:
    Path("a.yaml").write_text(UNREADABLE)
    main(["check", "a.yaml"])
    [entry] = entries()
    makers: list[Callable[[], object]] = [
        lambda: entry.symlink_to(here / "a.yaml"),
        lambda: os.mkfifo(entry),
        lambda: entry.mkdir(),
    ]
    for make in makers:
        entry.unlink(missing_ok=True)
        make()
        assert 1 == main(["check", "a.yaml"])
    assert UNREADABLE == (here / "a.yaml").read_text()


def test_users_code_that_changed_makes_the_specs_run_again(here: Path) -> None:
    users_package(here, "Double")
    asked = Request("check", (Source("double.yaml", (here / "double.yaml").read_bytes()),), allow_import=("mine",))
    cached = []
    for text in (None, None, "# a comment more\n"):
        if text:
            with (here / "mine" / "nets.py").open("a") as file:
                file.write(text)
        [one] = inspect_all(asked, Manner(cache_in(here / "cache", print), apart=True))
        cached.append((one.cached, one.report.findings))
    assert [(False, ()), (True, ()), (False, ())] == cached


def test_a_module_that_was_not_found_is_looked_for_again(here: Path) -> None:
    asked = request("input: [B, 8]\nlayers:\n  - mine.nets.Double\n", allow_import=("mine",))
    found = []
    for _ in range(2):
        [one] = inspect_all(asked, Manner(cache_in(here / "cache", print)))
        found.append([finding.code for finding in one.report.findings])
        if not (here / "mine").exists():
            users_package(here)
    assert [["TD004"], []] == found


def test_which_yaml_files_are_no_specs_is_remembered_too(here: Path) -> None:
    cache = cache_in(here / "cache", print)
    assert cache.recall(b"on: push\n") is None
    cache.remember(b"on: push\n", False)
    cache.close(1)
    assert cache_in(here / "cache", print).recall(b"on: push\n") is False


def test_old_entries_make_room(here: Path) -> None:
    store = FolderStore(here / "cache")
    for number in range(5):
        store.write(f"{number:024x}/entry", b"")
        os.utime(here / "cache" / f"{number:024x}", (number, number))
    for number in range(4):
        store.write(f"{9:024x}/{number}", b"")
    store.tidy(f"{9:024x}", folders=2, files=2)
    assert [f"{4:024x}", f"{9:024x}"] == sorted(path.name for path in (here / "cache").glob("0*"))
    assert 2 == len(list((here / "cache" / f"{9:024x}").iterdir()))


def test_a_link_in_the_place_of_a_folder_of_the_cache_is_not_followed(here: Path) -> None:
    (here / "precious").mkdir()
    (here / "precious" / "file").write_text("")
    store = FolderStore(here / "cache")
    store.write(f"{1:024x}/entry", b"")
    (here / "cache" / f"{2:024x}").symlink_to(here / "precious")
    with pytest.raises(NotOurs, match="is a link"):
        store.write(f"{2:024x}/entry", b"")
    store.tidy(f"{2:024x}", folders=0, files=0)
    assert ["file"] == [path.name for path in (here / "precious").iterdir()]


def test_clear_removes_the_cache_and_nothing_else(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.yaml").write_text(UNREADABLE)
    main(["check", "a.yaml"])
    (here / "precious").mkdir()
    (here / "precious" / "file").write_text("")
    (here / ".tdinspect_cache" / "notes.txt").write_text("mine")
    (here / ".tdinspect_cache" / ("f" * 24)).symlink_to(here / "precious")
    capsys.readouterr()
    assert 0 == main(["cache", "clear"])
    assert ".tdinspect_cache: 1 file removed\n" == capsys.readouterr().out
    assert ["f" * 24, "notes.txt"] == sorted(path.name for path in (here / ".tdinspect_cache").iterdir())
    assert (here / "precious" / "file").exists()


def test_clear_leaves_a_folder_that_is_no_cache(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "src" / ("a" * 24)).mkdir(parents=True)
    (here / "src" / ("a" * 24) / "file").write_text("")
    assert 2 == main(["cache", "clear", "--cache-dir", "src"])
    assert "src has no CACHEDIR.TAG of tdinspect: it is no cache, and nothing was removed" in capsys.readouterr().err
    (here / "link").symlink_to(here / "src")
    assert 2 == main(["cache", "clear", "--cache-dir", "link"])
    assert 0 == main(["cache", "clear", "--cache-dir", "nowhere"])
    assert (here / "src" / ("a" * 24) / "file").exists()


def test_a_folder_with_something_else_in_it_is_not_made_a_cache(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.yaml").write_text(UNREADABLE)
    assert 1 == main(["check", "a.yaml", "--cache-dir", "."])
    said = capsys.readouterr().err
    assert "tdinspect: warning: nothing is kept in the cache: . holds something else, and no CACHEDIR.TAG" in said
    assert ["a.yaml"] == [path.name for path in here.iterdir()]


@pytest.mark.parametrize(
    "name", ["conv2d_bare", "video_classifier", "attention_sequence", "convlstm", "rnn_open_length"]
)
def test_the_whole_report_of_a_real_spec_comes_back(name: str) -> None:
    text = (ROOT / "specs" / f"{name}.yaml").read_text(encoding="utf-8")
    asked = request(text, details=True)
    fresh = inspect_one(asked.sources[0], asked)
    [kept] = twice(asked)
    assert replace(fresh, cached=True) == kept
    assert Report("check", (fresh.report,)).to_dict() == Report("check", (kept.report,)).to_dict()


def test_a_check_of_what_is_known_imports_neither_torch_nor_yaml(here: Path) -> None:
    (here / "specs").mkdir()
    for name, text in {"a": GOOD, "b": BAD, "c": f"{{{GOOD!r}: 1}}", "ci": "on: push\n"}.items():
        (here / "specs" / f"{name}.yaml").write_text(text)
    code = (
        "import sys; from tdinspect.cli import main; code = main(['check']);"
        "print(sorted({'torch', 'yaml', 'rich', 'multiprocessing', 'joblib'} & sys.modules.keys())); sys.exit(code)"
    )
    seen = [
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            encoding="utf-8",
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            timeout=60,
        )
        for _ in range(2)
    ]
    assert [1, 1] == [done.returncode for done in seen]
    first, second = (done.stdout.splitlines() for done in seen)
    assert "[]" == second[-1]
    assert first[:-1] == second[:-1]
    assert "2 specs: 1 clean, 1 with errors (2 other YAML files left out)" == second[-2]
