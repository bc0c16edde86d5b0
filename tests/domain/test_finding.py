"""Findings and the rules behind their codes."""

from __future__ import annotations

import pytest

from tdinspect.domain.finding import RULES, Finding, SpecError


def test_a_finding_has_the_severity_of_its_rule() -> None:
    for code, rule in RULES.items():
        assert rule.severity == Finding(code, "x").severity


def test_a_code_that_no_rule_has_is_refused() -> None:
    with pytest.raises(ValueError, match="TD999"):
        Finding("TD999", "x")


def test_each_rule_stands_under_its_own_code() -> None:
    assert list(RULES) == [rule.code for rule in RULES.values()]


def test_a_spec_error_carries_every_finding() -> None:
    findings = (Finding("TD002", "unknown key `a`"), Finding("TD003", "expected a list"))
    error = SpecError(findings)
    assert findings == error.findings
    assert "TD002 unknown key `a`\nTD003 expected a list" == str(error)
