"""Which findings count, with literals: no spec is read and nothing runs."""

from __future__ import annotations

import pytest

from tdinspect.domain.finding import RULES, Finding, Severity
from tdinspect.domain.location import Position
from tdinspect.domain.report import SpecReport
from tdinspect.gate.policy import Policy, as_selector, judged, no_such_rule, policy_of


def report(*codes: str) -> SpecReport:
    findings = (Finding(code, "why", position=Position(line, 1, line, 2)) for line, code in enumerate(codes, 1))
    return SpecReport("a.yaml", "a", findings=tuple(findings))


def left(policy: Policy, *codes: str) -> list[str]:
    return [finding.code for finding in judged(report(*codes), policy).findings]


def test_without_settings_every_rule_counts_at_its_own_severity() -> None:
    assert report(*RULES) == judged(report(*RULES), Policy())


@pytest.mark.parametrize(
    ("select", "ignore", "wanted"),
    [
        (("TD2",), (), ["TD001", "TD005", "TD202"]),
        (("TD2",), ("TD001",), ["TD005", "TD202"]),
        (("TD2",), ("TD0",), ["TD202"]),
        (("TD2",), ("ALL",), ["TD202"]),
        ((), ("ALL",), []),
    ],
)
def test_a_spec_that_cannot_be_read_or_built_is_told_whatever_is_selected(
    select: tuple[str, ...], ignore: tuple[str, ...], wanted: list[str]
) -> None:
    assert wanted == left(Policy(select, ignore), "TD001", "TD005", "TD102", "TD202")


@pytest.mark.parametrize(
    ("select", "ignore", "wanted"),
    [
        (("ALL",), (), "TD102 TD202 TD206 TD207"),
        (("ALL",), ("TD206",), "TD102 TD202 TD207"),
        (("ALL",), ("TD2",), "TD102"),
        (("TD2",), (), "TD202 TD206 TD207"),
        (("TD2",), ("TD20",), ""),
        (("TD1", "TD206"), (), "TD102 TD206"),
        (("ALL", "TD202"), ("TD2",), "TD102 TD202"),
        (("ALL", "TD20"), ("TD2", "TD206"), "TD102 TD202 TD207"),
        (("TD206",), ("TD206",), ""),
        (("ALL",), ("ALL",), ""),
        ((), (), ""),
        (("TD",), (), "TD102 TD202 TD206 TD207"),
    ],
)
def test_the_longer_entry_wins_and_of_two_as_long_the_ignore(
    select: tuple[str, ...], ignore: tuple[str, ...], wanted: str
) -> None:
    assert wanted.split() == left(Policy(select, ignore), "TD102", "TD202", "TD206", "TD207")


@pytest.mark.parametrize(
    ("severity", "wanted"),
    [
        ({}, ["error", "note", "warning"]),
        ({"TD206": "error"}, ["error", "error", "warning"]),
        ({"ALL": "note"}, ["note", "note", "note"]),
        ({"TD2": "warning", "TD206": "error"}, ["warning", "error", "warning"]),
        ({"TD20": "error", "TD2": "note"}, ["error", "error", "error"]),
        ({"TD1": "note"}, ["error", "note", "warning"]),
    ],
)
def test_the_longest_entry_gives_the_severity(severity: dict[str, Severity], wanted: list[str]) -> None:
    seen = judged(report("TD202", "TD206", "TD207"), Policy(severity=severity))
    assert wanted == [finding.severity for finding in seen.findings]


def test_a_spec_is_ok_when_its_errors_are_lowered_and_not_when_a_note_is_raised() -> None:
    assert judged(report("TD202"), Policy(severity={"TD2": "warning"})).ok
    assert not judged(report("TD206"), Policy(severity={"TD206": "error"})).ok


def test_a_severity_that_a_finding_has_anyway_changes_nothing() -> None:
    assert report("TD206") == judged(report("TD206"), Policy(severity={"TD206": "note"}))


@pytest.mark.parametrize(
    ("more_select", "more_ignore", "wanted"),
    [
        ((), (), "TD101 TD202"),
        (("TD3",), (), "TD301"),
        ((), ("TD1",), "TD202"),
        (("ALL",), (), "TD101 TD202 TD207 TD301"),  # what is ignored stays so
        (("TD206",), (), "TD206"),  # unless it is named word for word
        (("TD2",), ("TD202",), "TD207"),
    ],
)
def test_the_command_line_replaces_the_selection_and_adds_to_what_is_ignored(
    more_select: tuple[str, ...], more_ignore: tuple[str, ...], wanted: str
) -> None:
    policy = policy_of(("TD101", "TD202", "TD206"), ("TD206",), {}, more_select, more_ignore)
    assert wanted.split() == left(policy, "TD101", "TD202", "TD206", "TD207", "TD301")


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("TD206", "TD206"),
        (" td2 ", "TD2"),
        ("all", "ALL"),
        ("TD26", None),
        ("", None),
        (" ", None),
        ("TD2060", None),
        ("D2", None),
    ],
)
def test_an_entry_is_the_beginning_of_a_code(text: str, entry: str | None) -> None:
    assert entry == as_selector(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("TD26", "there is no rule 'TD26': did you mean TD206?"),
        ("TDD102", "there is no rule 'TDD102': did you mean TD102?"),
        ("AL", "there is no rule 'AL': did you mean ALL?"),
        ("E501", "there is no rule 'E501': `tdinspect explain` lists the rules"),
        ("x" * 10_000, "`tdinspect explain` lists the rules"),
    ],
)
def test_an_unknown_rule_names_the_nearest(text: str, words: str) -> None:
    assert words in no_such_rule(text)
