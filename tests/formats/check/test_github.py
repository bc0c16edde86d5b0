"""Workflow commands: what GitHub shows of them, and what must not be taken for one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tdinspect.domain.finding import Finding, Severity
from tdinspect.domain.location import Position
from tests.formats.check.samples import (
    IN_A_BLOCK,
    LSTM,
    NOTE,
    RAISED,
    WARNING,
    WHOLE_FILE,
    report,
    spec,
    text,
)


def commands(written: str) -> list[str]:
    return [line for line in written.splitlines() if line.startswith("::")]


def many(count: int, level: Severity = "error", file: str = "specs/x.yaml") -> object:
    found = [
        Finding("TD002", f"mistake {i} of {file}", position=Position(1, 1, 1, 2), level=level) for i in range(count)
    ]
    return spec(*found, file=file)


def test_an_error_stands_at_its_place_with_its_fix() -> None:
    assert [
        "::error file=specs/lstm.yaml,line=4,endLine=4,col=5,endColumn=9,"
        "title=TD202%3A a recurrence or an attention runs along the batch axis::"
        "LSTM runs along the batch axis of (B, T, 8)%0Ahelp: change its arguments (tried: gives (B, T, 4))"
        "%0A- LSTM: {hidden_size: 4, batch_first: true}"
    ] == commands(text("github", report(spec(LSTM))))


def test_the_text_is_printed_too() -> None:
    assert text("github", report(spec(LSTM))).startswith(text("full", report(spec(LSTM))))
    assert "\x1b" not in text("github", report(spec(LSTM)), color=True)


def test_each_severity_has_its_command_and_a_note_waits_to_be_asked_for() -> None:
    told = report(spec(LSTM, WARNING, NOTE, RAISED))
    assert ["::error", "::error", "::warning"] == [line.split(" ")[0] for line in commands(text("github", told))]
    assert "::notice" == commands(text("github", told, notes=True))[-1].split(" ")[0]


def test_columns_stand_only_where_the_finding_is_on_one_line() -> None:
    [command] = commands(text("github", report(spec(IN_A_BLOCK))))
    assert command.startswith("::error file=specs/lstm.yaml,line=3,endLine=4,title=")


def test_a_finding_without_a_position_names_the_file_alone() -> None:
    [command] = commands(text("github", report(spec(WHOLE_FILE))))
    assert command.startswith("::error file=specs/lstm.yaml,title=TD008%3A a limit passed::the check of this file")


def test_standard_input_is_no_file_to_annotate() -> None:
    [command] = commands(text("github", report(spec(LSTM, file="<stdin>"))))
    assert command.startswith("::error title=TD202%3A ")


def test_signs_that_end_a_property_or_a_message_are_escaped() -> None:
    wild = replace(LSTM, message="50% of a: b, c\r\nnext", help=None)
    [command] = commands(text("github", report(spec(wild, file="a,b:c%.yaml"))))
    assert command.startswith("::error file=a%2Cb%3Ac%25.yaml,line=4")
    assert command.endswith("::50%25 of a: b, c␍%0Anext")


@pytest.mark.parametrize("count", [9, 10])
def test_ten_of_a_kind_are_all_told(count: int) -> None:
    assert count == len(commands(text("github", report(many(count)))))  # type: ignore[arg-type]


def test_of_more_than_ten_of_a_kind_it_is_told_how_many_are_left() -> None:
    told = report(many(25), many(12, "warning", "specs/y.yaml"), many(3, "note", "specs/z.yaml"))  # type: ignore[arg-type]
    lines = commands(text("github", told, notes=True))
    kinds = [line.split(" ")[0] for line in lines]
    assert (10, 10, 4) == tuple(kinds.count(f"::{kind}") for kind in ("error", "warning", "notice"))
    assert "::notice title=tdinspect::15 errors and 2 warnings more: the log of this step has all" == lines[-1]


def test_the_line_that_says_so_takes_the_place_of_a_note() -> None:
    told = report(many(11), many(10, "note", "specs/z.yaml"))  # type: ignore[arg-type]
    lines = commands(text("github", told, notes=True))
    assert 10 == sum(line.startswith("::notice") for line in lines)
    assert lines[-1].endswith("::1 error and 1 note more: the log of this step has all")


def test_the_first_finding_of_each_spec_comes_before_the_second_of_any() -> None:
    told = report(many(20, file="specs/bad.yaml"), many(1, file="specs/other.yaml"))  # type: ignore[arg-type]
    assert "specs/other.yaml" in commands(text("github", told))[1]


@pytest.mark.parametrize("evil", ["::add-mask::secret", "##[add-mask]secret", "::stop-commands::x"])
def test_no_line_of_a_spec_is_taken_for_a_command(evil: str) -> None:
    found = replace(LSTM, message=f"no layer\n{evil}", help=f"x\n{evil}")
    written = text("github", report(spec(found, source=f"a\nb\nc\n{evil}\n")))
    first, *rest = written.splitlines()
    token = first.removeprefix("::stop-commands::")
    assert f"::stop-commands::{token}" == first
    end = rest.index(f"::{token}::")
    assert token not in "\n".join(rest[:end])
    assert ["::error "] == [line[:8] for line in rest[end + 1 :]]
    assert evil not in [line[: len(evil)] for line in rest[end + 1 :]]
