"""What only a process of its own can show: what it imports, its pipes and its signals."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.fakes import ROOT

# Runs one command and says at the end which of the heavy packages were imported.
WATCHED = """
import sys
from tdinspect.cli import main
code = main(sys.argv[1:])
sys.stderr.write("imported: " + ",".join(sorted({"torch", "rich", "yaml"} & sys.modules.keys())))
raise SystemExit(code)
"""
FAKED = "from tests.cli.fakes import install; install()\n" + WATCHED


def run(code: str, *arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    environment.pop("COLUMNS", None)  # pytest's workers set it
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder, capture_output=True, encoding="utf-8", timeout=60, env=environment,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--help"], 0),
        (["--version"], 0),
        (["shape", "--help"], 0),
        (["shape", "--bogus"], 2),
        (["shape", "--columns", "bogus"], 2),
        (["shape", "missing.yaml"], 2),
        (["shape", "--format", "bogus"], 2),
    ],
)
def test_help_version_and_usage_errors_import_neither_torch_nor_rich(arguments: list[str], code: int) -> None:
    done = run(WATCHED, *arguments)
    assert (code, "imported: ") == (done.returncode, done.stderr.splitlines()[-1])


def test_json_imports_no_rich(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("input: [3]\n")
    done = run(FAKED, "shape", "a.yaml", "--format", "json", folder=tmp_path)
    assert (0, "imported: torch") == (done.returncode, done.stderr)


def test_a_pipe_is_read_without_colour_and_wide_enough(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("input: [3]\n")
    done = run(FAKED, "shape", "a.yaml", folder=tmp_path)
    assert 0 == done.returncode
    assert "\x1b" not in done.stdout
    assert "in_features=128 inferred" in done.stdout


@pytest.mark.parametrize("arguments", [["shape", "a.yaml"], ["--help"]])
def test_a_closed_pipe_is_no_error(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "a.yaml").write_text("input: [3]\n")
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-c", FAKED, *arguments],
            cwd=tmp_path, stdout=writer, stderr=subprocess.PIPE, timeout=60,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
    finally:
        os.close(writer)
    assert 0 == done.returncode
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr


def test_standard_input_is_a_spec(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FAKED, "shape", "-", "--stdin-filename", "web-bad.yaml"],
        cwd=tmp_path, input="input: [3]\n", capture_output=True, encoding="utf-8", timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert 1 == done.returncode
    assert "--> web-bad.yaml:4:5" in done.stdout


def test_an_output_that_cannot_show_a_sign_gets_a_replacement(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("input: [3]\n")
    done = subprocess.run(
        [sys.executable, "-c", FAKED, "shape", "a.yaml"],
        cwd=tmp_path, capture_output=True, encoding="ascii", timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert (0, "imported: rich,torch") == (done.returncode, done.stderr)
    assert "? Conv2d 3?16 k3 p1" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal is opened with pty")
@pytest.mark.parametrize(
    ("environment", "colored"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_a_terminal_has_colour_unless_it_is_not_wanted(
    tmp_path: Path, environment: dict[str, str], colored: bool
) -> None:
    import pty

    (tmp_path / "a.yaml").write_text("input: [3]\n")
    main_end, terminal = pty.openpty()
    base = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    subprocess.run(
        [sys.executable, "-c", FAKED, "shape", "a.yaml"],
        cwd=tmp_path, stdout=terminal, stderr=subprocess.DEVNULL, timeout=60, check=True,
        env={**base, "TERM": "xterm", "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", **environment},
    )  # fmt: skip
    os.close(terminal)
    shown = os.read(main_end, 100_000)
    os.close(main_end)
    assert colored == (b"\x1b[36m" in shown)


def test_importing_torch_first_leaves_the_collector_and_the_filters_as_they_were() -> None:
    code = """
import gc, warnings
before = list(warnings.filters)
from tdinspect._startup import import_torch_fast
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    import_torch_fast()
assert gc.isenabled() and gc.get_freeze_count() > 1000
assert [] == [str(one.message) for one in seen]
import_torch_fast()
"""
    done = run(code)
    assert (0, "") == (done.returncode, done.stderr)


def test_a_command_loads_no_validation_library_to_read_its_options() -> None:
    code = (
        "import sys; from tdinspect.cli import main; main(['shape', '--layer', 'ReLU', '--input', '2,3']);"
        "sys.exit('pydantic' in sys.modules)"
    )
    assert 0 == subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode
