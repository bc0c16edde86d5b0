"""``tdinspect lock`` and ``tdinspect check --locked``: what is written, and what a spec is held to."""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tdinspect.cli import main

Captured = pytest.CaptureFixture[str]

VIDEO = """\
input: [B, T, 3, 8, 8]
sizes: {B: 2, T: 16}
time_axis: T
layers:
  - TimeDistributed:
      - Conv2d: {out_channels: 4, kernel_size: 3, padding: 1}
      - ReLU
      - Flatten
  - LSTM: {hidden_size: 5, batch_first: true}
  - name: head
    Linear: 10
"""
SMALL = "input: [B, 8]\nlayers:\n  - Linear: 4\n"
FAILS = "input: [B, T, 3, 8, 8]\ntime_axis: T\nlayers:\n  - Conv2d: {out_channels: 4, kernel_size: 3}\n"
MEANT = FAILS + "expect:\n  fails: TD102\n"
LOCKED = """\
# Written by `tdinspect lock`; `tdinspect check --locked` holds the specs to it. Not for editing by hand.
version: 1

specs/small.yaml:
  sizes: B=2
  axes: batch B
  input: (B, 8)
  output: (B, 4)
  params: 36
  trainable_params: 36
  param_bytes: 144
  macs: 64
  layers:
    - linear_1: Linear; output (B, 4); params 36; macs 64

specs/video.yaml:
  sizes: B=2, T=16
  axes: time T, batch B
  input: (B, T, 3, 8, 8)
  output: (B, T, 10)
  params: 5,432
  trainable_params: 5,432
  param_bytes: 21,728
  macs: 389,824
  layers:
    - timedistributed_1: TimeDistributed; output (B, T, 256); params 112; macs 221,184
    - timedistributed_1.conv2d_1: Conv2d; output (B, T, 4, 8, 8); params 112; macs 221,184
    - timedistributed_1.relu_1: ReLU; output (B, T, 4, 8, 8)
    - timedistributed_1.flatten_1: Flatten; output (B, T, 256)
    - lstm_1: LSTM; output (B, T, 5); params 5,260; macs 167,040
    - head: Linear; output (B, T, 10); params 60; macs 1,600
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two specs; it is the current folder."""
    (tmp_path / "specs").mkdir()
    put("video", VIDEO, tmp_path)
    put("small", SMALL, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(name: str, text: str, folder: Path = Path()) -> None:
    (folder / "specs" / f"{name}.yaml").write_text(text, encoding="utf-8")


def change(name: str, before: str, after: str) -> None:
    path = Path("specs") / f"{name}.yaml"
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


def lock_text() -> str:
    return Path("tdinspect.lock").read_bytes().decode("utf-8")


def lock(capsys: Captured, *arguments: str) -> str:
    """What a lock that ends with 0 says."""
    assert 0 == main(["lock", *arguments])
    return capsys.readouterr().out


def refusal(capsys: Captured, *arguments: str) -> str:
    assert 2 == main([*arguments])
    captured = capsys.readouterr()
    assert "" == captured.out
    return captured.err


def found(capsys: Captured, *arguments: str) -> list[tuple[str, str, str, int]]:
    """File, code, message and line of everything that a check finds against the lock."""
    capsys.readouterr()
    code = main(["check", "--locked", "--format", "json", *arguments])
    captured = capsys.readouterr()
    assert code in (0, 1), captured.err
    data: Any = json.loads(captured.out)
    told = [
        (spec["file"], one["code"], one["message"], one["line"]) for spec in data["specs"] for one in spec["findings"]
    ]
    assert code == int(any(code.startswith("TD3") for _, code, _, _ in told))
    return [one for one in told if one[1].startswith("TD3")]


def test_the_file_has_every_shape_parameter_and_cost_a_fact_a_line(capsys: Captured) -> None:
    assert "tdinspect.lock: 2 specs locked (2 added)\n" == lock(capsys)
    assert LOCKED == lock_text()


def test_it_is_yaml_with_the_same_facts() -> None:
    import yaml

    main(["lock"])
    data = yaml.safe_load(lock_text())
    assert ["version", "specs/small.yaml", "specs/video.yaml"] == list(data)
    assert "(B, T, 10)" == data["specs/video.yaml"]["output"]
    assert {"head": "Linear; output (B, T, 10); params 60; macs 1,600"} == data["specs/video.yaml"]["layers"][-1]


def test_a_spec_that_is_as_it_was_is_clean(capsys: Captured) -> None:
    lock(capsys)
    assert [] == found(capsys)
    put("small", "# a comment\n" + SMALL)
    assert [] == found(capsys)
    assert 0 == main(["check", "--locked"])


def test_a_changed_layer_is_told_where_it_stands(capsys: Captured) -> None:
    lock(capsys)
    change("small", "Linear: 4", "Linear: 6")
    message = (
        "differs from tdinspect.lock: linear_1: output (B, 4) -> (B, 6), params 36 -> 54; output (B, 4) -> (B, 6); "
        "params 36 -> 54; macs 64 -> 96"
    )
    assert [("specs/small.yaml", "TD302", message, 3)] == found(capsys)


def test_the_layer_that_made_the_others_differ_is_told_first(capsys: Captured) -> None:
    lock(capsys)
    change("video", "{out_channels: 4", "{out_channels: 6")
    [(file, code, message, line)] = found(capsys)
    assert ("specs/video.yaml", "TD302", 6) == (file, code, line)
    assert message.startswith(
        "differs from tdinspect.lock: timedistributed_1.conv2d_1: output (B, T, 4, 8, 8) -> (B, T, 6, 8, 8), "
        "params 112 -> 168; lstm_1: params 5,260 -> 7,820; 2 more layers differ; params "
    )


def test_a_layer_put_in_or_taken_out_is_told_as_that(capsys: Captured) -> None:
    lock(capsys)
    change("video", "      - ReLU\n", "      - ReLU\n      - Dropout: 0.1\n")
    [(_, _, message, line)] = found(capsys)
    assert (8, "+ timedistributed_1.dropout_1: Dropout, output (B, T, 4, 8, 8)") == (line, message.split(": ", 1)[1])
    put("video", VIDEO.replace("      - ReLU\n", ""))
    [(_, _, message, line)] = found(capsys)
    assert (7, "- timedistributed_1.relu_1 (ReLU)") == (line, message.split(": ", 1)[1])


def test_a_wrapped_layer_is_the_same_layer(capsys: Captured) -> None:
    lock(capsys)
    put("small", "input: [B, 8]\nlayers:\n  - Sequential:\n      - Linear: 4\n")
    [(_, _, message, line)] = found(capsys)
    told = message.split(": ", 1)[1]
    assert (3, "+ sequential_1: Sequential, output (B, 4), params 36, macs 64") == (line, told)


def test_another_name_or_order_is_a_difference(capsys: Captured) -> None:
    lock(capsys)
    change("video", "name: head", "name: scores")
    [(_, _, message, _)] = found(capsys)
    assert message.endswith("scores: was head")
    put("video", VIDEO)
    put("small", "input: [B, 8]\nlayers:\n  - ReLU\n  - GELU\n")
    lock(capsys)
    put("small", "input: [B, 8]\nlayers:\n  - GELU\n  - ReLU\n")
    assert ["TD302"] == [code for _, code, _, _ in found(capsys)]


def test_another_size_is_told_at_the_sizes(capsys: Captured) -> None:
    lock(capsys)
    change("video", "T: 16", "T: 32")
    [(_, _, message, line)] = found(capsys)
    assert 2 == line or "macs" in message
    assert "sizes B=2, T=16 -> B=2, T=32" in message
    assert "macs 389,824 -> 779,648" in message


def test_a_spec_without_an_entry_is_a_finding(capsys: Captured) -> None:
    lock(capsys)
    put("new", SMALL)
    assert [("specs/new.yaml", "TD302", "tdinspect.lock has no entry for this spec", 1)] == found(capsys)


def test_a_mark_at_the_start_of_a_spec_is_no_part_of_its_first_line(capsys: Captured) -> None:
    lock(capsys)
    put("new", "\ufeff" + SMALL)
    assert 1 == main(["check", "--locked", "--format", "github", "--isolated", "specs/new.yaml"])
    assert ",line=1,endLine=1,col=1,endColumn=14," in capsys.readouterr().out


def test_an_entry_without_a_spec_is_a_finding_at_its_line(capsys: Captured) -> None:
    lock(capsys)
    Path("specs/video.yaml").unlink()
    line = lock_text().split("\n").index("specs/video.yaml:") + 1
    told = [("tdinspect.lock", "TD303", "specs/video.yaml is locked and is not there", line)]
    assert told == found(capsys)
    assert told == found(capsys, "specs")


def test_a_check_of_some_specs_leaves_the_entries_of_the_others_alone(capsys: Captured) -> None:
    lock(capsys)
    assert [] == found(capsys, "specs/small.yaml")


def test_an_entry_of_a_spec_that_the_settings_leave_out_is_stale_in_a_whole_check(capsys: Captured) -> None:
    lock(capsys)
    Path("tdinspect.toml").write_text('specs = ["specs/small.yaml"]\n')
    message = "specs/video.yaml is locked and is not among the specs that are checked"
    assert [message] == [message for _, _, message, _ in found(capsys)]


def test_each_part_of_a_matrix_tells_of_its_specs_and_one_of_the_lock_file(capsys: Captured) -> None:
    lock(capsys)
    put("other", SMALL)
    lock(capsys)
    Path("specs/video.yaml").unlink()
    change("other", "4", "5")
    parts = [found(capsys, "--shard", f"{number}/2") for number in (1, 2)]
    assert ["TD302", "TD303"] == sorted(code for part in parts for _, code, _, _ in part)


def test_severities_ignores_and_comments_hold_for_the_lock_too(capsys: Captured) -> None:
    lock(capsys)
    change("small", "  - Linear: 4", "  - Linear: 6 # tdinspect: ignore[TD302]")
    assert [] == found(capsys)
    change("small", " # tdinspect: ignore[TD302]", "")
    assert 0 == main(["check", "--locked", "--ignore", "TD302"])
    Path("tdinspect.toml").write_text('severity = {TD302 = "warning"}\n')
    assert 0 == main(["check", "--locked"])
    assert 1 == main(["check", "--locked", "--error-on-warning"])


def test_a_cached_spec_is_held_to_the_lock_too(capsys: Captured) -> None:
    lock(capsys)
    assert [] == found(capsys)
    Path("tdinspect.lock").write_text(lock_text().replace("params 36", "params 35"), encoding="utf-8")
    for _ in range(2):
        assert 1 == main(["check", "--locked", "--format", "concise"])
        assert "specs/small.yaml:3:5: error[TD302]" in capsys.readouterr().out


def test_a_lock_says_what_is_new_in_it(capsys: Captured) -> None:
    lock(capsys)
    assert "tdinspect.lock: 2 specs locked (nothing changed)\n" == lock(capsys)
    Path("specs/video.yaml").unlink()
    change("small", "4", "6")
    put("new", SMALL)
    changed, added = "changed specs/small.yaml: linear_1: output (B, 4) -> (B, 6)", "added specs/new.yaml"
    told = lock(capsys).split("\n")
    assert [added, changed, "removed specs/video.yaml"] == [told[0], told[1][: len(changed)], told[2]]
    assert "tdinspect.lock: 2 specs locked (1 added, 1 changed, 1 removed)" == told[3]


def test_a_lock_of_some_specs_keeps_the_other_entries(capsys: Captured) -> None:
    lock(capsys)
    Path("specs/video.yaml").unlink()
    change("small", "4", "6")
    lock(capsys, "specs/small.yaml")
    before, after = LOCKED.split("\n\n"), lock_text().split("\n\n")
    assert (before[2], True) == (after[2], before[1] != after[1])


def test_a_spec_that_does_not_run_keeps_the_entry_that_it_had(capsys: Captured) -> None:
    lock(capsys)
    put("small", FAILS)
    put("bad", FAILS)
    assert 1 == main(["lock"])
    told = capsys.readouterr().out
    assert "specs/bad.yaml:4:5: error[TD102]" in told
    assert "not locked specs/bad.yaml\n" in told
    assert "not locked specs/small.yaml: its old entry is kept\n" in told
    assert LOCKED == lock_text()


def test_a_spec_that_runs_is_locked_whatever_the_rules_say(capsys: Captured) -> None:
    put("small", "input: [B, T, 8]\ntime_axis: T\nlayers:\n  - LSTM: 4\n")
    assert 1 == main(["check"])
    lock(capsys)
    assert "lstm_1: LSTM; output (B, T, 4)" in lock_text()


def test_a_spec_that_is_meant_to_fail_is_locked_as_far_as_it_gets(capsys: Captured) -> None:
    put("small", MEANT)
    put("video", "input: [B, 8]\nlayers:\n  - Linaer: 4\n")
    assert 1 == main(["lock"])
    assert "fails: at conv2d_1\n" in lock_text()
    assert "- conv2d_1: Conv2d; params 112; raises RuntimeError\n" in lock_text()
    capsys.readouterr()
    assert 0 == main(["check", "--locked", "specs/small.yaml"])


def test_the_lock_file_lies_beside_the_settings(
    project: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("tdinspect.toml").write_text("")
    monkeypatch.chdir(project / "specs")
    lock(capsys, "small.yaml", "video.yaml")
    monkeypatch.chdir(project)
    assert LOCKED == lock_text()
    assert [] == found(capsys)


def test_the_lock_file_may_be_elsewhere(project: Path, capsys: Captured) -> None:
    (project / "locks").mkdir()
    Path("tdinspect.toml").write_text('lock = "locks/model.lock"\n')
    lock(capsys)
    assert LOCKED.replace("specs/", "../specs/") == Path("locks/model.lock").read_text(encoding="utf-8")
    assert [] == found(capsys)
    lock(capsys, "--lock-file", "x.lock")
    assert [] == found(capsys, "--lock-file", "x.lock")


@pytest.mark.parametrize("name", ["a b", "zoë", '"q"', "x: y", "- z", "#", "new\nline", "'", "{a}", "日本"])
def test_any_name_of_a_file_can_be_locked(name: str, capsys: Captured) -> None:
    import yaml

    put(name, SMALL)
    lock(capsys)
    assert [] == found(capsys)
    assert f"specs/{name}.yaml" in yaml.safe_load(lock_text())
    Path(f"specs/{name}.yaml").unlink()
    assert [f"specs/{name}.yaml is locked and is not there"] == [message for _, _, message, _ in found(capsys)]


def test_line_ends_of_windows_and_a_mark_at_the_start_are_read(capsys: Captured) -> None:
    lock(capsys)
    Path("tdinspect.lock").write_bytes(b"\xef\xbb\xbf" + LOCKED.replace("\n", "\r\n").encode())
    assert [] == found(capsys)
    lock(capsys)
    assert LOCKED == lock_text()


CONFLICT = LOCKED.replace(
    "  output: (B, 4)\n", "<<<<<<< HEAD\n  output: (B, 4)\n=======\n  output: (B, 5)\n>>>>>>> x\n"
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (CONFLICT, "tdinspect.lock:8: a merge has left its conflict here; `tdinspect lock` writes it anew"),
        (LOCKED.replace("specs/video", "specs/small"), "tdinspect.lock:16: specs/small.yaml stands here a second time"),
        (LOCKED.replace("  output: (B, 4)\n", "  ?\n"), "tdinspect.lock:8: "),
        (LOCKED.replace("    - lin", "   - lin"), "tdinspect.lock:14: "),
        (LOCKED.replace("version: 1\n", ""), "tdinspect.lock:3: the version should stand before this line"),
        (LOCKED.replace("version: 1\n", "version: 1\n  lost\n"), "tdinspect.lock:3: this line belongs to no spec"),
        (LOCKED.replace("specs/small.yaml:", '"specs/small\\x":'), "tdinspect.lock:4: "),
        ("", "tdinspect.lock:1: the file is empty"),
    ],
)
def test_a_broken_lock_file_is_told_with_its_line_and_written_anew(text: str, message: str, capsys: Captured) -> None:
    lock(capsys)
    Path("tdinspect.lock").write_text(text, encoding="utf-8")
    assert message.partition("; ")[0] in refusal(capsys, "check", "--locked")
    lock(capsys)
    assert LOCKED == lock_text()


def test_a_broken_lock_file_is_not_patched(capsys: Captured) -> None:
    Path("tdinspect.lock").write_text(CONFLICT, encoding="utf-8")
    assert "`tdinspect lock` without specs writes it anew" in refusal(capsys, "lock", "specs/small.yaml")
    assert CONFLICT == lock_text()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name: mine\n", "tdinspect.lock is not a lock file of tdinspect"),
        (b"\xff\xfe\x00", "tdinspect.lock is not a lock file of tdinspect"),
        (LOCKED.replace("version: 1", "version: 2").encode(), "which a later tdinspect wrote"),
    ],
)
def test_a_file_that_is_not_ours_is_left_alone(content: bytes, message: str, capsys: Captured) -> None:
    Path("tdinspect.lock").write_bytes(content)
    assert message in refusal(capsys, "check", "--locked")
    assert message in refusal(capsys, "lock")
    assert content == Path("tdinspect.lock").read_bytes()


def test_what_cannot_be_is_told(project: Path, capsys: Captured) -> None:
    assert "there is no lock file tdinspect.lock: `tdinspect lock` writes it" in refusal(capsys, "check", "--locked")
    assert "--locked, which is not there" in refusal(capsys, "check", "--lock-file", "x.lock")
    assert "no name to be locked under" in refusal(capsys, "lock", "-")
    assert "is a folder" in refusal(capsys, "lock", "--lock-file", "specs")
    assert "there is no folder" in refusal(capsys, "lock", "--lock-file", "nowhere/x.lock")
    assert "no such file" in refusal(capsys, "lock", "nope.yaml")


def test_a_pipe_is_not_waited_for(capsys: Captured) -> None:
    os.mkfifo("tdinspect.lock")
    assert "tdinspect.lock is not a file" in refusal(capsys, "check", "--locked")
    assert "tdinspect.lock is not a file" in refusal(capsys, "lock")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_name_that_is_no_text_can_be_locked(capsys: Captured) -> None:
    Path(os.fsdecode(b"specs/\xff.yaml")).write_text(SMALL)
    lock(capsys)
    assert [] == found(capsys)


def test_what_has_no_name_is_not_held(capsys: Captured) -> None:
    lock(capsys)
    arguments = ["check", "--locked", "--layer", "Linear: 3", "--input", "B,8"]
    assert 0 == main(arguments)


@pytest.fixture
def no_room() -> Iterator[Callable[[], None]]:
    """Call it, and no file can grow beyond 100 bytes until the test ends."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_no_room_on_the_disk_leaves_the_file_as_it_was(capsys: Captured, no_room: Callable[[], None]) -> None:
    lock(capsys)
    change("small", "4", "6")
    no_room()
    said = refusal(capsys, "lock", "--no-cache")
    assert "cannot write tdinspect.lock: File too large; the file is as it was" in said
    assert LOCKED == lock_text()
    assert [] == list(Path().glob(".tdinspect.lock*"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_told(project: Path, capsys: Captured) -> None:
    (project / "locks").mkdir(mode=0o555)
    assert "Permission denied" in refusal(capsys, "lock", "--lock-file", "locks/x.lock")
