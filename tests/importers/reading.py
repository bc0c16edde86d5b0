"""What the reading tests share: specs in a few words."""

from __future__ import annotations

from collections.abc import Mapping

from tdinspect.domain.spec import ModelSpec, Step
from tdinspect.importers import read_spec


def good(text: str, overrides: Mapping[str, str] | None = None) -> ModelSpec:
    """The spec of a text without mistakes."""
    parsed = read_spec(text, "specs/some-model.yaml", overrides or {})
    assert parsed.findings == ()
    assert parsed.spec is not None
    return parsed.spec


def steps(*lines: str, head: str = "input: [B, T, 8]") -> tuple[Step, ...]:
    """The steps of a spec whose `layers` are these lines."""
    return good("\n".join([head, "layers:", *(f"  {line}" for line in lines)])).steps


def codes(text: str, overrides: Mapping[str, str] | None = None) -> list[str]:
    """The codes of what is wrong with a text, in the order of the file."""
    return [finding.code for finding in read_spec(text, "x.yaml", overrides or {}).findings]
