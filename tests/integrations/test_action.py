"""The GitHub action: valid, and its steps do in a shell what a runner would have them do."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integrations.project import BARE_CONV, CLEAN, MISTYPED, ROOT, block, environment, run, write

ACTION = ROOT / "action.yml"
INPUT = re.compile(r"\$\{\{ inputs\.([a-z-]+) \}\}")
INSTALL, CHECK = "Install tdinspect", "Check the specs"


def action() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(ACTION.read_text(encoding="utf-8"))
    return loaded


def step(name: str) -> dict[str, Any]:
    (found,) = [step for step in action()["runs"]["steps"] if step.get("name") == name]
    return dict(found)


def run_step(name: str, folder: Path, python: str = sys.executable, **inputs: str) -> subprocess.CompletedProcess[str]:
    """One step as a runner runs it: inputs filled into its environment, its script in bash with a runner's options."""
    given = {name: about["default"] for name, about in action()["inputs"].items()}
    given |= {name.replace("_", "-"): value for name, value in inputs.items()}
    wanted = {key: INPUT.sub(lambda found: given[found[1]], str(value)) for key, value in step(name)["env"].items()}
    script = folder.parent / "step.sh"
    script.write_text(step(name)["run"], encoding="utf-8")
    runner = {"GITHUB_STEP_SUMMARY": str(folder.parent / "summary.md"), "GITHUB_ACTION_PATH": str(ROOT)}
    env = environment(folder.parent, **(runner | wanted | {"PYTHON": python}))
    return run("bash", "--noprofile", "--norc", "-eo", "pipefail", str(script), folder=folder, env=env)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    write(tmp_path / "mine", specs__clean=CLEAN, specs__bad=BARE_CONV)
    return tmp_path / "mine"


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("github-actions", "action.yml"),
        ("github-workflows", ".github/workflows/specs.yml"),
        ("gitlab-ci", ".gitlab-ci.yml"),
    ],
)
def test_the_files_that_a_platform_reads_keep_its_schema(schema: str, file: str, tmp_path: Path) -> None:
    pytest.importorskip("check_jsonschema")
    text = ACTION.read_text(encoding="utf-8") if file == ACTION.name else block(file)
    (tmp_path / "file.yml").write_text(text, encoding="utf-8")
    command = (sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", "file.yml")
    done = run(*command, folder=tmp_path, env=environment(tmp_path))
    assert 0 == done.returncode, done.stdout


def test_no_input_is_written_into_a_script() -> None:
    scripts = [step["run"] for step in action()["runs"]["steps"] if "run" in step]
    assert 2 == len(scripts)
    assert [] == [script for script in scripts if "${{" in script]


def test_every_input_is_used_and_every_used_input_exists() -> None:
    used = re.findall(r"inputs\.([a-z-]+)", ACTION.read_text(encoding="utf-8"))
    assert set(action()["inputs"]) == set(used)


def test_the_documented_workflow_gives_inputs_that_exist() -> None:
    (job,) = yaml.safe_load(block(".github/workflows/specs.yml"))["jobs"].values()
    (use,) = [step for step in job["steps"] if "/tdinspect@" in step["uses"]]
    assert set(use["with"]) <= set(action()["inputs"])


def test_a_failing_spec_fails_the_step_with_annotations_text_and_a_summary(mine: Path) -> None:
    done = run_step(CHECK, mine)
    assert 1 == done.returncode
    assert re.search(r"^::error .*file=specs/bad\.yaml,.*line=5", done.stdout, re.MULTILINE)
    assert "2 specs: 1 clean, 1 with errors" in done.stdout
    summary = (mine.parent / "summary.md").read_text(encoding="utf-8")
    assert "TD102" in summary
    assert "specs/bad.yaml" in summary


def test_specs_are_lines_and_options_are_words(mine: Path) -> None:
    write(mine, **{"other models__mistyped": MISTYPED, "mistyped": MISTYPED})
    done = run_step(
        CHECK, mine, specs=" other models\n\n\tmistyped.yaml \n", args="--no-color  --notes\n", format="full"
    )
    assert 1 == done.returncode, done.stdout
    assert "2 specs: 2 with errors" in done.stdout
    assert "2 specs: 2 with errors" in (mine.parent / "summary.md").read_text(encoding="utf-8")


def test_what_could_not_run_as_asked_fails_and_leaves_no_summary(mine: Path) -> None:
    done = run_step(CHECK, mine, specs="missing.yaml")
    assert (2, "missing.yaml" in done.stdout) == (done.returncode, True)
    assert not (mine.parent / "summary.md").exists()


def test_without_a_summary_the_check_is_the_same(mine: Path) -> None:
    write(mine, mistyped=MISTYPED)
    assert 1 == run_step(CHECK, mine, specs="mistyped.yaml", format="full", summary="false").returncode
    assert not (mine.parent / "summary.md").exists()


def test_no_module_of_the_checked_out_folder_is_imported(mine: Path) -> None:
    write(mine, mistyped=MISTYPED)
    for name in ("yaml", "tdinspect", "torch"):
        (mine / f"{name}.py").write_text("raise SystemExit(9)\n", encoding="utf-8")
    assert 1 == run_step(CHECK, mine, specs="mistyped.yaml", summary="false").returncode
    assert "PYTHONSAFEPATH" in step(INSTALL)["env"]


@pytest.mark.parametrize("text", ["$(touch pwned)", "`touch pwned`", '"; touch pwned; "', "*", "--output=pwned"])
def test_no_input_is_taken_for_shell_and_no_spec_for_an_option(mine: Path, text: str) -> None:
    done = run_step(CHECK, mine, specs=text, format="full")
    assert 2 == done.returncode, done.stdout
    assert ["specs"] == sorted(path.name for path in mine.iterdir())


def test_the_install_step_hands_pip_one_requirement_and_the_action_itself(mine: Path) -> None:
    echo = mine.parent / "echo"
    echo.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n', encoding="utf-8")
    echo.chmod(0o755)
    done = run_step(INSTALL, mine, python=str(echo), torch="torch==2.13.0; touch pwned")
    words = done.stdout.splitlines()
    assert ["-m", "pip", "install"] == words[:3]
    assert ["--", "torch==2.13.0; touch pwned", str(ROOT)] == words[-3:]
    assert "https://download.pytorch.org/whl/cpu" in words
