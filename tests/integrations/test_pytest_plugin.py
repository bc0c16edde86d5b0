"""The pytest plugin, in a pytest of its own; one project, a few runs."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.integrations.project import (
    BARE_CONV,
    CLEAN,
    DEAD_BIAS,
    NO_SPEC,
    ROOT,
    UNREADABLE,
    block,
    environment,
    run,
    write,
)

PLUGIN = "tdinspect.pytest_plugin"
FILES = {
    "specs__clean": CLEAN,
    "specs__video__bad": BARE_CONV,
    "specs__biased": DEAD_BIAS,
    "specs__broken": UNREADABLE,
    "specs__compose": NO_SPEC,
    "tests__data__wrong": BARE_CONV,
}
ORDINARY = "def test_ordinary():\n    pass\n"
LIGHT = "import sys\n\ndef test_nothing_is_imported():\n    assert not {'torch', 'yaml', 'rich'} & sys.modules.keys()\n"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A project with a test, specs where they belong, and a bad one among the test's data."""
    folder = tmp_path / "mine"
    write(folder, **FILES)
    (folder / "tests" / "test_ordinary.py").write_text(ORDINARY, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n", encoding="utf-8")
    return folder


def inner(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A pytest with this plugin alone, so that the outcome is the same wherever it is installed."""
    env = environment(folder.parent, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    env.pop("PYTEST_ADDOPTS", None)
    return run(sys.executable, "-m", "pytest", "-p", PLUGIN, *arguments, folder=folder, env=env)


def collected(folder: Path, *arguments: str) -> list[str]:
    done = inner(folder, "--collect-only", "-q", *arguments)
    return [line for line in done.stdout.splitlines() if "::" in line]


def test_the_package_registers_the_plugin() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert {"tdinspect": PLUGIN} == settings["project"]["entry-points"]["pytest11"]
    assert "pytest" in settings["project"]["optional-dependencies"]
    assert callable(import_module(PLUGIN).pytest_collect_file)


def test_the_plugin_imports_nothing_heavy() -> None:
    check = f"import {PLUGIN}, sys; print({{'torch', 'yaml', 'rich', 'typer'}} & sys.modules.keys())"
    assert (
        "set()"
        == subprocess.run([sys.executable, "-c", check], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    )


def test_nothing_is_collected_and_nothing_imported_unless_asked(mine: Path) -> None:
    (mine / "tests" / "test_light.py").write_text(LIGHT, encoding="utf-8")
    done = inner(mine)
    assert (0, True) == (done.returncode, "2 passed" in done.stdout), done.stdout


def test_every_spec_of_the_project_is_a_test_and_what_is_none_is_not(mine: Path) -> None:
    specs = [f"specs/{name}.yaml::tdinspect" for name in ("biased", "broken", "clean")]
    ordinary = "tests/test_ordinary.py::test_ordinary"
    assert sorted([*specs, "specs/video/bad.yaml::tdinspect", ordinary]) == sorted(collected(mine, "--tdinspect"))


def test_collecting_never_imports_torch(mine: Path) -> None:
    code = f"import pytest, sys; pytest.main(['--collect-only', '-q', '--tdinspect', '-p', '{PLUGIN}'])\n"
    env = environment(mine.parent, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    done = run(sys.executable, "-c", code + "assert 'torch' not in sys.modules", folder=mine, env=env)
    assert (0, True) == (done.returncode, "5 tests collected" in done.stdout), done.stdout


def test_what_the_command_has_checked_is_not_run_again(mine: Path) -> None:
    env = environment(mine.parent, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    assert 0 == run("tdinspect", "check", "specs/clean.yaml", folder=mine, env=env).returncode
    code = f"import pytest, sys; pytest.main(['--tdinspect', '-p', '{PLUGIN}', 'specs/clean.yaml'])\n"
    done = run(sys.executable, "-c", code + "assert 'torch' not in sys.modules", folder=mine, env=env)
    assert (0, True) == (done.returncode, "1 passed" in done.stdout), done.stdout


def test_the_settings_of_the_project_hold_and_a_mistake_in_them_is_a_usage_error(mine: Path) -> None:
    settings = '[tool.tdinspect]\nspecs = ["specs/biased.yaml", "specs/video"]\nignore = ["TD102"]\n'
    (mine / "pyproject.toml").write_text(settings + "error-on-warning = true\n", encoding="utf-8")
    done = inner(mine, "--tdinspect", "-W", "default")
    assert "1 failed, 2 passed" in done.stdout
    assert "FAILED specs/biased.yaml::tdinspect - TD208" in done.stdout
    (mine / "pyproject.toml").write_text("[tool.tdinspect]\nspec = 1\n", encoding="utf-8")
    done = inner(mine, "--tdinspect")
    assert (pytest.ExitCode.USAGE_ERROR, True) == (done.returncode, "did you mean `specs`?" in done.stdout)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--tdinspect", "tests/data"], ["tests/data/wrong.yaml::tdinspect"]),
        (["--tdinspect", "specs/clean.yaml"], ["specs/clean.yaml::tdinspect"]),
        (["--tdinspect", "specs/video/bad.yaml::tdinspect"], ["specs/video/bad.yaml::tdinspect"]),
        (["--tdinspect", "-k", "video"], ["specs/video/bad.yaml::tdinspect"]),
        (["--tdinspect", "-m", "not tdinspect"], ["tests/test_ordinary.py::test_ordinary"]),
        (["specs"], []),
    ],
)
def test_paths_and_the_options_of_pytest_choose_among_them(
    mine: Path, arguments: list[str], expected: list[str]
) -> None:
    assert expected == collected(mine, *arguments)


def test_the_setting_takes_folders_and_globs_and_needs_no_option(mine: Path) -> None:
    (mine / "pytest.ini").write_text(
        "[pytest]\ntestpaths = tests\ntdinspect_specs = specs/video specs/c*.yaml\n", encoding="utf-8"
    )
    wanted = ["tests/test_ordinary.py::test_ordinary", "specs/video/bad.yaml::tdinspect", "specs/clean.yaml::tdinspect"]
    assert sorted(wanted) == sorted(collected(mine))
    assert wanted[:1] == collected(mine, "tests")
    assert wanted[1:2] == collected(mine, "specs/video", "tests/data")


def test_a_setting_that_matches_nothing_is_a_usage_error(mine: Path) -> None:
    (mine / "pytest.ini").write_text("[pytest]\ntdinspect_specs = models/*.yaml\n", encoding="utf-8")
    done = inner(mine)
    assert pytest.ExitCode.USAGE_ERROR == done.returncode
    assert "no such file or folder" in done.stdout
    assert "models/*.yaml" in done.stdout


def test_a_failing_spec_shows_its_findings_at_their_place_in_text_and_in_junit(mine: Path) -> None:
    done = inner(mine, "-v", "--tdinspect", "--junitxml=junit.xml", "-W", "default")
    assert pytest.ExitCode.TESTS_FAILED == done.returncode
    assert "2 failed, 3 passed, 1 warning" in done.stdout
    assert "error[TD102]: Conv2d takes one step at a time" in done.stdout
    assert "--> specs/video/bad.yaml:5:5" in done.stdout
    assert "FAILED specs/broken.yaml::tdinspect - TD001" in done.stdout
    assert "specs/biased.yaml:3: SpecWarning: TD208" in done.stdout
    assert "specs/broken.yaml::tdinspect FAILED" in done.stdout
    assert "Traceback" not in done.stdout
    cases = {case.get("classname"): case for case in ElementTree.parse(mine / "junit.xml").iter("testcase")}
    failure = cases["specs.video.bad.yaml"].find("failure")
    assert failure is not None
    assert failure.get("message", "").startswith("TD102 Conv2d takes one step at a time")
    assert "specs/video/bad.yaml:5:5" in (failure.text or "")


def test_workers_share_the_specs_and_report_as_one_process_does(mine: Path) -> None:
    pytest.importorskip("xdist")
    done = inner(mine, "-p", "xdist", "-n", "2", "--tdinspect", "specs/broken.yaml", "specs/biased.yaml")
    assert "2 failed" in done.stdout, done.stdout
    assert "FAILED specs/broken.yaml::tdinspect - TD001" in done.stdout
    assert "--> specs/biased.yaml:3:5" in done.stdout  # a warning, which this project's pytest takes for an error


def test_the_documented_setting_is_one_that_pytest_takes(mine: Path) -> None:
    (mine / "pytest.ini").unlink()
    (mine / "pyproject.toml").write_text(block("pyproject.toml"), encoding="utf-8")
    write(mine, configs__clean=CLEAN)
    assert "configs/clean.yaml::tdinspect" in collected(mine, "--strict-config")
