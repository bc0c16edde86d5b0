"""What can be told of the Dockerfile without a docker: what it copies is there and enough, and its versions agree."""

from __future__ import annotations

import fnmatch
import re
import tomllib
from typing import Any

from tests.integrations.project import DOCUMENT, ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def instructions(name: str) -> list[str]:
    return re.findall(rf"^{name} (.+)$", DOCKERFILE, re.MULTILINE)


def copied() -> set[str]:
    return {source for line in instructions("COPY") for source in line.split()[:-1]}


def test_what_is_copied_exists_and_is_not_ignored() -> None:
    rules = [line for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] not in "#"]
    assert "*" == rules[0]
    kept = {rule[1:] for rule in rules if rule.startswith("!")}
    assert copied() == kept
    assert [] == [name for name in copied() if not (ROOT / name).exists()]


def test_what_building_the_package_needs_is_copied() -> None:
    project = PROJECT["project"]
    needed = {
        "pyproject.toml",
        project["readme"],
        *project["license-files"],
        PROJECT["tool"]["hatch"]["version"]["path"],
    }
    assert set() == {name for name in needed if name.split("/")[0] not in copied()}


def test_the_python_of_the_image_is_one_that_the_package_allows() -> None:
    (image,) = instructions("FROM")
    version = re.fullmatch(r"python:(\d+)\.(\d+)-slim", image)
    lowest = re.fullmatch(r">=(\d+)\.(\d+)", PROJECT["project"]["requires-python"])
    assert version is not None
    assert lowest is not None
    assert tuple(map(int, lowest.groups())) <= tuple(map(int, version.groups()))


def test_what_is_installed_first_is_what_the_package_depends_on() -> None:
    first = next(line for line in instructions("RUN") if "pip install" in line)
    wanted = {re.split(r"[^\w.-]", name)[0] for name in PROJECT["project"]["dependencies"]}
    assert wanted == set(first.split()) & wanted
    assert "https://download.pytorch.org/whl/cpu" in first


def test_the_image_runs_the_console_script_as_somebody_who_is_not_root() -> None:
    (script,) = PROJECT["project"]["scripts"]
    assert [f'["{script}"]'] == instructions("ENTRYPOINT")
    (user,) = instructions("USER")
    assert fnmatch.fnmatch(" ".join(instructions("RUN")), f"*useradd * {user}*")
    assert "root" != user


def test_the_document_mounts_the_folder_that_the_image_works_in() -> None:
    (folder,) = instructions("WORKDIR")
    mounts = re.findall(r'-v "\$PWD:([^"]+)"', DOCUMENT.read_text(encoding="utf-8"))
    assert {folder} == set(mounts)
    assert f"safe.directory {folder}" in DOCKERFILE
