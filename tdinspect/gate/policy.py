"""What counts: the rules that are selected or ignored, their severities, and what a line's comment silences."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from tdinspect.domain.finding import RULES, Finding, Severity
from tdinspect.domain.nearest import nearest
from tdinspect.domain.report import SpecReport

EVERY = "ALL"
_UNREADABLE = "TD0"


@dataclass(frozen=True, slots=True)
class Policy:
    """Which findings count, by rule. Each entry is a code (``TD206``), the beginning of codes (``TD2``), or ``ALL``.

    A rule counts when the longest entry of ``select`` that fits it is longer than the longest of ``ignore``; what keeps
    a spec from being read or built (``TD0``) need not be selected, and counts where it is not ignored. The
    longest entry of ``severity`` that fits gives its severity. ``locked``: specs were held to the lock.
    """

    select: tuple[str, ...] = (EVERY,)
    ignore: tuple[str, ...] = ()
    severity: Mapping[str, Severity] = field(default_factory=dict)
    locked: bool = False

    def counts(self, code: str) -> bool:
        """Whether findings of this rule are reported. A spec that cannot be read is none that passes other rules."""
        selected = max(_fit(code, self.select), 0 if _true_of(code, _UNREADABLE) else -1)
        return selected > _fit(code, self.ignore)

    def level(self, code: str) -> Severity | None:
        """The severity that findings of this rule get; None: their own."""
        longest = max(self.severity, key=lambda entry: _fit(code, (entry,)), default=EVERY)
        return self.severity.get(longest) if _fit(code, (longest,)) >= 0 else None


def _fit(code: str, entries: Iterable[str]) -> int:
    """The length of the longest entry that is true of a code: 0 for ``ALL``, -1 for none."""
    return max((0 if entry == EVERY else len(entry) for entry in entries if _true_of(code, entry)), default=-1)


def _true_of(code: str, entry: str) -> bool:
    return entry == EVERY or code.startswith(entry)


def policy_of(
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    severity: Mapping[str, Severity],
    more_select: Collection[str] = (),
    more_ignore: Collection[str] = (),
) -> Policy:
    """The settings' rules with those of the command line, which come last.

    A selection there replaces that of the settings, and takes back what they ignore under the same entry; what it
    ignores is ignored, too, also where the settings select it by a longer entry.
    """
    if more_select:
        ignore = tuple(entry for entry in ignore if entry not in more_select)
    else:
        select = tuple(entry for entry in select if not any(_true_of(entry, other) for other in more_ignore))
    return Policy(tuple(more_select) or select, (*ignore, *more_ignore), severity)


def as_selector(text: str) -> str | None:
    """A code, the beginning of codes or ``ALL``, in capitals; None where no rule is called so."""
    entry = text.strip().upper()
    return entry if entry and any(_true_of(code, entry) for code in RULES) else None


def no_such_rule(text: str) -> str:
    """Why a text selects nothing, with the code that was likely meant."""
    near = nearest(text.strip().upper(), (EVERY, *RULES)) if len(text) < 20 else None
    hint = f"did you mean {near}?" if near else "`tdinspect explain` lists the rules"
    if len(text.replace(";", " ").split()) > 1:
        hint = "between rules stands a comma"
    return f"there is no rule {text.strip()!r}: {hint}"


def judged(report: SpecReport, policy: Policy) -> SpecReport:
    """The report with the findings that count, at the severities they have; unused ignores are among them (TD304)."""
    from tdinspect.gate.ignores import silence  # every command reads rules from the settings; only some judge

    seen = silence(report, policy.counts, locked=policy.locked)
    counted = [_with_level(finding, policy) for finding in seen if policy.counts(finding.code)]
    return report if tuple(counted) == report.findings else replace(report, findings=tuple(counted))


def _with_level(finding: Finding, policy: Policy) -> Finding:
    level = policy.level(finding.code)
    return finding if level is None or level == finding.severity else replace(finding, level=level)
