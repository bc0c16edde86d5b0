"""What `tdinspect explain` says about a rule; each rule's page stands in the rule's own file."""

from __future__ import annotations

from dataclasses import dataclass

from tdinspect.domain.finding import RULES, Rule


@dataclass(frozen=True, slots=True)
class Page:
    """Why a rule is there, a spec that breaks it, one that does not, and the way from the one to the other.

    ``bad`` and ``good`` are whole specs. ``allow`` are the packages that the good one needs ``--allow-import`` for.
    """

    code: str
    why: str
    bad: str
    good: str
    fix: str
    allow: tuple[str, ...] = ()

    @property
    def rule(self) -> Rule:
        """The rule's severity and title."""
        return RULES[self.code]
