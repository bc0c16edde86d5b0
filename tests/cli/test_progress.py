"""The line for a person who waits."""

from __future__ import annotations

import pytest

from tdinspect.cli.progress import Progress


def test_nothing_is_shown_in_the_first_second(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(True) as progress:
        progress(0, 2, "a.yaml")
    assert ("", "") == capsys.readouterr()


def test_long_work_is_shown_and_wiped_out_at_the_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tdinspect.cli.progress._SILENT_SECONDS", 0.0)
    with Progress(True) as progress:
        progress(3, 20, "a\x1b.yaml")
    assert ("", "\r\x1b[K[3/20] a.yaml\r\x1b[K") == capsys.readouterr()


def test_where_no_terminal_is_nothing_is_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tdinspect.cli.progress._SILENT_SECONDS", 0.0)
    with Progress(False) as progress:
        progress(3, 20, "a.yaml")
    assert ("", "") == capsys.readouterr()
