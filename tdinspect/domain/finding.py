"""A finding: a mistake in a spec, or what a rule saw; the same kind of thing for both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tdinspect.domain.location import Path, Position

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Rule:
    """What a code means. Codes never change meaning."""

    code: str
    severity: Severity
    title: str


# Every code there is; those without a check of their own yet are kept for it.
RULES: dict[str, Rule] = {
    rule.code: rule
    for rule in (
        Rule("TD001", "error", "not YAML"),
        Rule("TD002", "error", "unknown key"),
        Rule("TD003", "error", "wrong type or value"),
        Rule("TD004", "error", "unknown layer or function"),
        Rule("TD005", "error", "unknown, missing or ill-typed argument"),
        Rule("TD006", "error", "a name that nothing defines"),
        Rule("TD007", "error", "a name or key defined twice"),
        Rule("TD008", "error", "a limit passed"),
        Rule("TD009", "error", "an import that is not allowed"),
        Rule("TD101", "error", "a layer raised in the forward pass"),
        Rule("TD102", "error", "a layer raised because it needs TimeDistributed"),
        Rule("TD103", "error", "a wrapped layer raised, the bare one works"),
        Rule("TD201", "error", "the time axis is read as channels or features"),
        Rule("TD202", "error", "a recurrence or an attention runs along the batch axis"),
        Rule("TD203", "error", "samples of a batch mix in eval mode"),
        Rule("TD204", "error", "folded batch and time are read as one unbatched sample"),
        Rule("TD205", "error", "a wrapped recurrence or attention has lost the time axis"),
        Rule("TD206", "note", "a whole TimeDistributed changes nothing here"),
        Rule("TD207", "warning", "a layer's parameters take no part in the result"),
        Rule("TD208", "warning", "a bias right before a normalisation has no effect"),
        Rule("TD209", "note", "only part 0 of a tuple result flows on"),
        Rule("TD210", "warning", "a train-mode effect crosses time or batch"),
        Rule("TD211", "note", "a layer normalises or reduces over time"),
        Rule("TD212", "error", "a step does not do to time what its `time` says"),
        Rule("TD213", "warning", "the last step of a bidirectional recurrence"),
        Rule("TD301", "error", "an expect entry does not hold"),
        Rule("TD302", "error", "differs from the lock file"),
        Rule("TD303", "error", "a lock entry for a spec that is gone"),
        Rule("TD304", "warning", "an ignore that silences nothing"),
    )
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. ``path`` says where; ``position`` is filled in when the file is at hand.

    ``on_key`` marks the key at ``path`` rather than its value. ``help`` is the fix, ready to paste. ``uses`` are the
    places where the block is used that ``path`` lies in, the outermost first; ``use_positions`` theirs in the file.
    ``level`` is the severity that a project's settings give it, in place of the rule's.
    """

    code: str
    message: str
    path: Path = ()
    on_key: bool = False
    help: str | None = None
    position: Position | None = None
    uses: tuple[Path, ...] = ()
    use_positions: tuple[Position, ...] = ()
    level: Severity | None = None

    def __post_init__(self) -> None:
        if self.code not in RULES:
            raise ValueError(f"no rule has the code {self.code}")

    @property
    def severity(self) -> Severity:
        """The rule's severity, unless the project's settings say another."""
        return self.level or RULES[self.code].severity

    @property
    def place(self) -> tuple[int, int]:
        """The line and the column, by which findings are sorted; before all others where there is no position."""
        return (self.position.line, self.position.column) if self.position else (0, 0)


class SpecError(Exception):
    """A spec that cannot be used; carries every finding of the file."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("\n".join(f"{f.code} {f.message}" for f in findings))
        self.findings = findings
