"""The set-up that the README and CI rely on."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib import import_module
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tdinspect.checks import AXIS_CHECKS, RULE_CHECKS
from tdinspect.domain.finding import RULES
from tdinspect.formats import CHECK_FORMATS, FORMATS, load_check_format
from tdinspect.layers import KINDS

ROOT = Path(__file__).parent.parent
TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)
CALL = re.compile(r"(?:^|`|\s)make ([a-z][a-z-]*)(?=`|\s*$|\s+#)", re.MULTILINE)
# Folders that exist on one developer's machine only. /usr, /bin/sh and the like are on every machine.
MACHINE_PATHS = re.compile(r"(?<![\w./$}~-])/(?:tmp|work|root|home)/[\w.]")


def settings() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120)


def shipped_files() -> list[Path]:
    """Every file that git has or would take."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: nothing says which files are shipped")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


@pytest.mark.parametrize("file", ["README.md", ".ci/run", "benchmarks/README.md"])
def test_every_make_target_that_is_named_exists(file: str) -> None:
    targets = set(TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))
    named = set(CALL.findall((ROOT / file).read_text(encoding="utf-8")))
    assert named, "names no target"
    assert named <= targets


def test_ci_calls_what_make_test_calls() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert {"check"} == set(CALL.findall((ROOT / ".ci/run").read_text(encoding="utf-8")))
    # The tests come last, so that pytest's closing line is the last one printed.
    assert "test" == re.findall(r"^check: (.*?)(?: ##.*)?$", makefile, re.MULTILINE)[0].split()[-1]


def test_the_console_script_is_a_function_of_the_package() -> None:
    (name, value), *others = settings()["project"]["scripts"].items()
    assert ("tdinspect", []) == (name, others)
    assert callable(EntryPoint(name, value, "console_scripts").load())


def test_the_module_runs_and_says_the_version_of_the_package() -> None:
    declared = re.search(r'^__version__ = "(.+)"$', (ROOT / "tdinspect/__init__.py").read_text(), re.MULTILINE)
    assert declared is not None
    done = python("-m", "tdinspect", "--version")
    assert (0, "") == (done.returncode, done.stderr)
    assert declared.group(1) in done.stdout.split()


def test_every_dependency_is_pinned() -> None:
    project = settings()["project"]
    wanted = [
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert [] == [pin for pin in pins if not re.fullmatch(r"[\w.-]+==[\w.]+", pin)]
    names = {normalized(pin.split("==")[0]) for pin in pins}
    assert set() == {normalized(re.split(r"[^\w.-]", name)[0]) for name in wanted} - names


@pytest.mark.parametrize("code", ["import tdinspect", "import tdinspect.domain.report", "import tdinspect.cli"])
def test_importing_loads_no_torch(code: str) -> None:
    assert "False" == python("-c", f"{code}\nimport sys\nprint('torch' in sys.modules)").stdout.strip()


def test_importing_the_package_loads_nothing_but_the_standard_library() -> None:
    check = "import tdinspect, sys; print([n for n in ('torch', 'rich', 'yaml', 'typer', 'click') if n in sys.modules])"
    assert "[]" == python("-c", check).stdout.strip()


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["shape", "--no-such-option"], ["no-such-command"]])
def test_help_version_and_usage_errors_import_no_torch(arguments: list[str]) -> None:
    done = python("-X", "importtime", "-m", "tdinspect", *arguments)
    imported = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "tdinspect.cli" in imported
    assert "torch" not in imported


def modules(package: str, pattern: str = "*.py") -> dict[str, ModuleType]:
    """The modules of a package by name, imported."""
    names = [path.stem for path in (ROOT / "tdinspect" / package).glob(pattern) if path.stem != "__init__"]
    return {name: import_module(f"tdinspect.{package.replace('/', '.')}.{name}") for name in names}


def test_every_family_of_layers_is_registered() -> None:
    families = [family for module in modules("layers").values() for family in getattr(module, "KINDS", ())]
    assert len(families) > 1
    assert {family.classes for family in families} == {family.classes for family in KINDS}


def test_every_rule_about_a_trace_is_registered() -> None:
    rules = modules("checks", "td[12]*.py")
    assert {module.check for module in rules.values() if hasattr(module, "check")} == {*RULE_CHECKS, *AXIS_CHECKS}
    assert {name.upper() for name in rules} <= set(RULES)


def test_every_format_is_registered() -> None:
    packages = [path.parent.name for path in (ROOT / "tdinspect/formats").glob("*/__init__.py")]
    homes = {*modules("formats"), *packages}
    loaded = {home: import_module(f"tdinspect.formats.{home}") for home in homes}
    assert {name for name, module in loaded.items() if callable(getattr(module, "render", None))} == set(FORMATS)
    gate = {f"tdinspect.formats.check.{name}": module for name, module in modules("formats/check").items()}
    assert {name for name, module in gate.items() if hasattr(module, "render")} <= set(CHECK_FORMATS.values())
    assert [] == [name for name in CHECK_FORMATS if not hasattr(load_check_format(name), "render")]


def test_no_file_names_a_folder_of_one_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in shipped_files()
        for number, line in enumerate(path.read_bytes().decode("utf-8", "replace").splitlines(), 1)
        if MACHINE_PATHS.search(line)
    ]
    assert [] == found
