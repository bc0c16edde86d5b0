"""``tdinspect diff``: two files, or two revisions of specs."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tdinspect.cli import main
from tests.diff.repository import SPEC, WIDER, Repository

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository with two specs in one commit; it is the current folder."""
    made = Repository(tmp_path / "repository")
    made.write(specs__a=SPEC, specs__b=SPEC)
    made.commit()
    monkeypatch.chdir(made.folder)
    return made


def told(capsys: Captured, *arguments: str) -> list[tuple[str, str]]:
    """The file and what became of it, for each spec of a diff that can be made."""
    return [(spec["file"], spec["change"]) for spec in answer(capsys, *arguments)["specs"]]


def answer(capsys: Captured, *arguments: str) -> Any:
    code = main(["diff", "--format", "json", *arguments])
    captured = capsys.readouterr()
    assert code in (0, 1), captured.err
    return json.loads(captured.out)


def refusal(capsys: Captured, *arguments: str) -> str:
    """The message of a diff that cannot be made."""
    assert 2 == main(["diff", *arguments])
    captured = capsys.readouterr()
    assert "" == captured.out
    return captured.err


def test_two_files_need_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a b.yaml").write_text(SPEC)
    Path("bär.yaml").write_text(WIDER)
    made = answer(capsys, "a b.yaml", "bär.yaml")
    assert ["linear_1"] == [layer["after"]["name"] for layer in made["specs"][0]["layers"]]
    assert {"params": 54} == {key: made["specs"][0]["after"]["totals"][key] for key in ("params",)}
    assert 0 == main(["diff", "a b.yaml", "bär.yaml"])
    assert "a b.yaml → bär.yaml" == capsys.readouterr().out.split("\n")[0]


def test_one_of_two_files_may_be_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text(SPEC)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(WIDER.encode())))
    made = answer(capsys, "a.yaml", "-")
    assert [("<stdin>", "changed")] == [(spec["file"], spec["change"]) for spec in made["specs"]]
    assert ("a.yaml", "<stdin>") == (made["before"], made["after"])
    assert "one side only" in refusal(capsys, "-", "-")


def test_a_size_is_set_on_both_sides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        Path(f"{name}.yaml").write_text(SPEC.replace("time_axis", f"sizes: {{T: {len(name) + ord(name)}}}\ntime_axis"))
    assert {"T"} == answer(capsys, "a.yaml", "b.yaml")["specs"][0]["sizes"].keys()
    assert [("b.yaml", "same")] == told(capsys, "a.yaml", "b.yaml", "--set", "T=9")


def test_a_size_that_nobody_gave_is_the_same_on_both_sides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """T is 5 in the first spec and 6 in the second, where 5 is a number of features."""
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text(SPEC)
    Path("b.yaml").write_text(SPEC + "  - Linear: 5\n")
    [spec] = answer(capsys, "a.yaml", "b.yaml")["specs"]
    assert {} == spec["sizes"]
    assert (2 * 6 * 8 * 4, 2 * 6 * (8 * 4 + 4 * 5)) == tuple(
        spec[side]["totals"]["macs"] for side in ("before", "after")
    )


def test_without_arguments_the_files_now_are_set_against_the_last_commit(
    repository: Repository, capsys: Captured
) -> None:
    assert [] == told(capsys)
    repository.write(specs__a=WIDER, specs__new=SPEC + "  - ReLU\n")
    (repository.folder / "specs/b.yaml").unlink()
    assert [("specs/a.yaml", "changed"), ("specs/b.yaml", "removed"), ("specs/new.yaml", "added")] == told(capsys)
    assert told(capsys) == told(capsys, "HEAD") == told(capsys, "--", "specs") == told(capsys, "specs")
    assert [("specs/a.yaml", "changed")] == told(capsys, "specs/a.yaml") == told(capsys, "HEAD", "specs/a.yaml")


def test_what_is_staged_counts_as_it_is_on_the_disk(repository: Repository, capsys: Captured) -> None:
    repository.write(specs__a=WIDER)
    repository.git("add", "-A")
    assert [("specs/a.yaml", "changed")] == told(capsys)
    repository.write(specs__a=SPEC)
    assert [] == told(capsys)


def test_two_dots_set_two_revisions_side_by_side_and_three_start_where_they_part(
    repository: Repository, capsys: Captured
) -> None:
    repository.git("checkout", "-q", "-b", "side")
    repository.write(specs__a=WIDER)
    repository.commit()
    repository.git("checkout", "-q", "main")
    repository.write(specs__b=WIDER)
    repository.commit()
    assert [("specs/a.yaml", "changed"), ("specs/b.yaml", "changed")] == told(capsys, "main..side")
    assert [("specs/a.yaml", "changed")] == told(capsys, "main...side") == told(capsys, "...side")
    assert [("specs/b.yaml", "changed")] == told(capsys, "HEAD~1..") == told(capsys, "main^..main", "specs")
    made = answer(capsys, "main..side")
    assert ("main", "side") == (made["before"], made["after"])


def test_a_moved_spec_is_one_spec(repository: Repository, capsys: Captured) -> None:
    long = SPEC + "".join(f"  - Linear: {width}\n" for width in range(10, 40))
    repository.write(specs__long=long)
    repository.commit()
    repository.git("mv", "specs/long.yaml", "specs/moved here.yaml")
    repository.write(**{"specs__moved here": long.replace("Linear: 39", "Linear: 41")})
    [spec] = answer(capsys)["specs"]
    assert ("specs/long.yaml", "specs/moved here.yaml") == (spec["before"]["file"], spec["after"]["file"])
    assert ["linear_31"] == [layer["after"]["name"] for layer in spec["layers"]]


def test_a_spec_that_was_moved_without_a_word_to_git_is_one_spec(repository: Repository, capsys: Captured) -> None:
    repository.write(specs__b=SPEC + "  - ReLU\n")
    repository.commit()
    (repository.folder / "specs/b.yaml").rename(repository.folder / "specs/c.yaml")
    assert [("specs/c.yaml", "same")] == told(capsys)
    assert 0 == main(["diff"])
    assert "specs/b.yaml → specs/c.yaml is the same model" in capsys.readouterr().out


def test_names_with_spaces_quotes_line_ends_and_other_letters_are_found(
    repository: Repository, capsys: Captured
) -> None:
    names = ["specs/a b.yaml", 'specs/"q".yaml', "specs/new\nline.yaml", "specs/zoë-ñ-日本.yaml", "specs/*.yaml"]
    for name in names:
        repository.put(name, SPEC)
    repository.commit()
    for name in names:
        repository.put(name, WIDER)
    assert sorted((name, "changed") for name in names) == told(capsys)
    assert [("specs/*.yaml", "changed")] == told(capsys, "specs/*.yaml")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_name_that_is_no_text_is_found(repository: Repository, capsys: Captured) -> None:
    (repository.folder / os.fsdecode(b"specs/\xff.yaml")).write_text(SPEC)
    assert ["added"] == [change for _, change in told(capsys)]


def test_files_are_named_as_from_the_current_folder(
    repository: Repository, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.write(specs__a=WIDER, other__c=SPEC)
    monkeypatch.chdir(repository.folder / "specs")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "diff.relative")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "true")
    assert [("a.yaml", "changed")] == told(capsys) == told(capsys, "HEAD", "a.yaml")
    assert [("../other/c.yaml", "added")] == told(capsys, "HEAD", "../other")


def test_only_specs_count_below_a_folder_and_any_file_that_is_named(repository: Repository, capsys: Captured) -> None:
    repository.put("specs/notes.yaml", "a: 1\n")
    repository.put("specs/README.md", "text")
    repository.put("model.spec", SPEC)
    repository.commit()
    repository.put("specs/notes.yaml", "a: 2\n")
    repository.put("specs/README.md", "more")
    repository.put("model.spec", WIDER)
    assert [] == told(capsys)
    assert [("model.spec", "changed")] == told(capsys, "HEAD", "model.spec")


def test_the_paths_of_the_settings_apply(repository: Repository, capsys: Captured) -> None:
    repository.put("tdinspect.toml", 'specs = ["models"]\n')
    repository.write(specs__a=WIDER, models__m=SPEC)
    assert [("models/m.yaml", "added")] == told(capsys)


def test_without_a_folder_of_specs_everything_below_counts(repository: Repository, capsys: Captured) -> None:
    repository.git("mv", "specs", "models")
    repository.commit()
    repository.write(models__a=WIDER)
    assert [("models/a.yaml", "changed")] == told(capsys)


def test_a_name_that_is_a_path_and_a_revision_must_be_told_apart(repository: Repository, capsys: Captured) -> None:
    repository.git("branch", "specs")
    repository.write(specs__a=WIDER)
    repository.commit()
    assert "is a revision and a path" in refusal(capsys, "specs")
    assert [("specs/a.yaml", "changed")] == told(capsys, "specs", "--")
    assert [] == told(capsys, "--", "specs")


def test_two_names_of_files_are_files_whatever_else_they_are(repository: Repository, capsys: Captured) -> None:
    repository.put("main", SPEC)
    repository.put("a.yaml", WIDER)
    assert ["main", "a.yaml"] == list(map(answer(capsys, "main", "a.yaml").get, ("before", "after")))
    assert "main" == answer(capsys, "main", "--", "specs")["before"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nope"], "git knows no revision 'nope'"),
        (["nope.yaml", "specs/a.yaml"], "git knows no revision 'nope.yaml'; there is no file nope.yaml"),
        (["HEAD..nope"], "git knows no revision 'nope'"),
        (["HEAD", "nope.yaml"], "there is no nope.yaml in HEAD or the working tree"),
        (["HEAD", "main"], "say A..main"),
        (["HEAD", "../outside"], "outside"),
        (["--", "-x"], "there is no -x"),
        (["HEAD:specs/a.yaml"], "git knows no revision"),
        (["--output=x", "--help-me"], "No such option"),
        (["a", "b", "--", "c"], "one revision"),
        (["specs", "specs"], "is a folder"),
        (["--format", "sarif"], "unknown format"),
        ([""], "git knows no revision ''"),
    ],
)
def test_what_cannot_be_is_told(repository: Repository, capsys: Captured, arguments: list[str], message: str) -> None:
    assert message in refusal(capsys, *arguments)


def test_a_revision_is_never_an_option_of_git(repository: Repository, capsys: Captured) -> None:
    for revision in ("--output=stolen", "-O/etc/passwd", "--upload-pack=touch stolen"):
        assert "git knows no revision" in refusal(capsys, f"..{revision}")
        assert "git knows no revision" in refusal(capsys, f"{'HEAD'}..{revision}")
    assert ["specs"] == [path.name for path in repository.folder.iterdir() if path.name != ".git"]


def test_no_program_of_the_repository_is_run(repository: Repository, capsys: Captured) -> None:
    trap = repository.folder / "trap.sh"
    trap.write_text("#!/bin/sh\ntouch sprung\ncat\n")
    trap.chmod(0o755)
    for key in ("core.fsmonitor", "diff.external", "diff.yaml.textconv", "core.pager"):
        repository.git("config", key, str(trap))
    repository.put(".gitattributes", "*.yaml diff=yaml\n")
    repository.write(specs__a=WIDER)
    assert [("specs/a.yaml", "changed")] == told(capsys)
    assert not (repository.folder / "sprung").exists()


def test_outside_of_a_repository_git_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert "not a git repository" in refusal(capsys)
    Path("a.yaml").write_text(SPEC)
    assert refusal(capsys, "a.yaml", "gone.yaml").endswith("; there is no file gone.yaml\n")


def test_without_git_that_is_told(repository: Repository, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setenv("PATH", str(repository.folder))
    assert "git is not installed" in refusal(capsys)


def test_a_repository_without_a_commit_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.chdir(Repository(tmp_path / "empty").folder)
    assert "there is no commit yet" in refusal(capsys)


def test_a_bare_repository_has_revisions_and_no_files(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    repository.write(specs__a=WIDER)
    repository.commit()
    repository.git("clone", "-q", "--bare", ".", str(tmp_path / "bare"))
    monkeypatch.chdir(tmp_path / "bare")
    assert [("specs/a.yaml", "changed")] == told(capsys, "HEAD~1..HEAD")
    assert "no working tree" in refusal(capsys, "HEAD~1")


def test_a_shallow_clone_is_told_what_it_lacks(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    first = repository.git("rev-parse", "HEAD")
    repository.write(specs__a=WIDER)
    repository.commit()
    repository.git("clone", "-q", "--depth", "1", repository.folder.as_uri(), str(tmp_path / "shallow"))
    monkeypatch.chdir(tmp_path / "shallow")
    assert [] == told(capsys)
    assert "shallow" in refusal(capsys, first)


def test_new_errors_end_with_1_and_old_ones_do_not(repository: Repository, capsys: Captured) -> None:
    repository.write(specs__a=SPEC.replace("Linear", "Linaer"))
    assert 1 == main(["diff"])
    assert 0 == main(["diff", "--exit-zero"])
    repository.commit()
    repository.write(specs__a=SPEC.replace("Linear", "Linaer").replace("8]", "9]"))
    capsys.readouterr()
    assert 0 == main(["diff"])
    assert "Before and now it cannot be built (TD004)" in capsys.readouterr().out
    repository.write(specs__a=SPEC)
    assert 0 == main(["diff"])
    assert "Fixed: error[TD004]" in capsys.readouterr().out


def test_rules_that_the_settings_ignore_are_not_told(repository: Repository, capsys: Captured) -> None:
    repository.put("tdinspect.toml", 'ignore = ["TD202"]\n')
    repository.write(specs__a=SPEC + "  - LSTM: 5\n")
    assert 0 == main(["diff"])
    assert "TD202" not in capsys.readouterr().out


def test_line_ends_of_windows_are_no_change_of_the_model(repository: Repository, capsys: Captured) -> None:
    (repository.folder / "specs/a.yaml").write_bytes(b"\xef\xbb\xbf" + SPEC.replace("\n", "\r\n").encode())
    assert [("specs/a.yaml", "same")] == told(capsys)


def test_a_link_and_a_submodule_are_no_specs(repository: Repository, capsys: Captured) -> None:
    (repository.folder / "specs/link.yaml").symlink_to("a.yaml")
    Repository(repository.folder / "specs/inner.yaml").write(a=SPEC)
    assert [] == told(capsys)


def test_a_file_in_a_conflict_is_taken_as_it_stands(repository: Repository, capsys: Captured) -> None:
    repository.git("checkout", "-q", "-b", "side")
    repository.write(specs__a=WIDER)
    repository.commit()
    repository.git("checkout", "-q", "main")
    repository.write(specs__a=SPEC.replace("4", "5"))
    repository.commit()
    with pytest.raises(Exception, match="returned non-zero"):
        repository.git("merge", "side")
    [spec] = answer(capsys)["specs"]
    assert ("specs/a.yaml", False) == (spec["file"], spec["after"]["ok"])


def test_the_text_goes_to_a_file_where_that_is_asked_for(repository: Repository, capsys: Captured) -> None:
    repository.write(specs__a=WIDER)
    assert 0 == main(["diff", "--format", "markdown", "--output", "diff.md"])
    assert "" == capsys.readouterr().out
    assert "| `linear_1` |" in Path("diff.md").read_text(encoding="utf-8")
