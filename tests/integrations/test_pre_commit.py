from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.integrations.project import CLEAN, MISTYPED, NO_SPEC, ROOT, UNREADABLE, block, environment, run, write

pytest.importorskip("pre_commit")
PRE_COMMIT = (sys.executable, "-m", "pre_commit")
MANIFEST = ROOT / ".pre-commit-hooks.yaml"


def repository(folder: Path) -> Path:
    """All that lies in ``folder``, committed."""
    folder.mkdir(exist_ok=True)
    who = ("-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false")
    for command in (("init", "--quiet"), ("add", "--all"), (*who, "commit", "--quiet", "--message", "all")):
        subprocess.run(["git", *command], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def hooks(tmp_path: Path) -> str:
    """A repository with the manifest in it, which is all that a system hook needs of its repository."""
    (tmp_path / "hooks").mkdir()
    (tmp_path / "hooks" / MANIFEST.name).write_bytes(MANIFEST.read_bytes())
    return str(repository(tmp_path / "hooks"))


def test_the_manifest_and_the_documented_configuration_are_valid(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(block(".pre-commit-config.yaml"), encoding="utf-8")
    for what, file in (("manifest", str(MANIFEST)), ("config", "config.yaml")):
        done = run(*PRE_COMMIT, f"validate-{what}", file, folder=tmp_path, env=environment(tmp_path))
        assert (0, "") == (done.returncode, done.stdout)


def try_hook(hooks: str, name: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The hook on all files of ``folder/mine``, committed."""
    repository(folder / "mine")
    env = environment(folder, PRE_COMMIT_HOME=str(folder / "home"))
    return run(*PRE_COMMIT, "try-repo", hooks, name, "--all-files", folder=folder / "mine", env=env)


def test_the_hook_finds_a_bad_spec_and_a_broken_file_and_leaves_other_yaml_alone(tmp_path: Path, hooks: str) -> None:
    write(tmp_path / "mine", specs__mistyped=MISTYPED, specs__broken=UNREADABLE, compose=NO_SPEC)
    done = try_hook(hooks, "tdinspect-check", tmp_path)
    assert 1 == done.returncode
    assert "specs/mistyped.yaml:2:1" in done.stdout
    assert "specs/broken.yaml" in done.stdout
    assert "2 specs: 2 with errors" in done.stdout
    assert "1 other YAML file left out" in done.stdout


def test_the_hook_passes_where_no_changed_yaml_is_a_spec(tmp_path: Path, hooks: str) -> None:
    write(tmp_path / "mine", compose=NO_SPEC)
    done = try_hook(hooks, "tdinspect-check", tmp_path)
    assert (0, True) == (done.returncode, "Passed" in done.stdout), done.stdout


def test_the_lock_hook_fails_for_a_spec_that_is_not_as_it_was_locked(tmp_path: Path, hooks: str) -> None:
    mine = tmp_path / "mine"
    write(mine, specs__clean=CLEAN)
    assert 0 == run("tdinspect", "lock", folder=mine, env=environment(tmp_path)).returncode
    assert 0 == try_hook(hooks, "tdinspect-lock", tmp_path).returncode
    write(mine, specs__clean=CLEAN.replace("4", "5"))
    done = try_hook(hooks, "tdinspect-lock", tmp_path)
    assert (1, True) == (done.returncode, "TD302" in done.stdout), done.stdout


def test_every_documented_hook_is_in_the_manifest_and_the_other_way_round() -> None:
    manifest = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    (used,) = yaml.safe_load(block(".pre-commit-config.yaml"))["repos"]
    assert {hook["id"] for hook in manifest} == {hook["id"] for hook in used["hooks"]}
