"""The GitLab snippet: its script leaves the reports that its artifacts name."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import yaml

from tests.integrations.project import BARE_CONV, CLEAN, block, environment, run, write


def test_the_script_writes_the_reports_that_the_job_hands_over_and_fails_at_the_end(tmp_path: Path) -> None:
    job = yaml.safe_load(block(".gitlab-ci.yml"))["specs"]
    install, *checks = job["script"]
    assert install.startswith("pip install ")
    write(tmp_path, specs__clean=CLEAN, specs__bad=BARE_CONV)
    env = environment(tmp_path)
    done = run("bash", "-c", "set -eo pipefail\n" + "\n".join(checks), folder=tmp_path, env=env)
    assert 1 == done.returncode, done.stdout
    assert "2 specs: 1 clean, 1 with errors" in done.stdout
    reports = job["artifacts"]["reports"]
    quality = json.loads((tmp_path / reports["codequality"]).read_text(encoding="utf-8"))
    assert ["specs/bad.yaml"] == [entry["location"]["path"] for entry in quality]
    junit = ElementTree.parse(tmp_path / reports["junit"])
    assert 1 == len(list(junit.iter("failure")))
