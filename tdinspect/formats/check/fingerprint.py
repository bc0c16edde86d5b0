"""A name for each finding that stays when lines move, so that a CI knows an old finding from a new one."""

from __future__ import annotations

import hashlib
from collections import Counter

from tdinspect.domain.finding import Finding
from tdinspect.domain.location import render_path
from tdinspect.domain.report import SpecReport
from tdinspect.formats.frames import source_lines

_AROUND = 100  # characters of a line: a whole model may stand in one


class Fingerprints:
    """Gives each finding of one report its name; two that look the same are counted."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def of(self, finding: Finding, spec: SpecReport, file: str) -> str:
        """32 hexadecimal digits of the file, the rule, the text of the line and what is marked in it.

        The line's number, the message (which has sizes in it) and what stands in other lines take no part. A finding
        without a position is known by its place in the spec and its message.
        """
        key = "\0".join((file, finding.code, *_place(finding, spec)))
        self._seen[key] += 1
        return hashlib.sha256(f"{key}\0{self._seen[key]}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _place(finding: Finding, spec: SpecReport) -> tuple[str, str]:
    position = finding.position
    lines = source_lines(spec.source)
    if position is None or position.line > len(lines):
        return render_path(finding.path), finding.message
    text = lines[position.line - 1]
    first = position.column - 1
    last = position.end_column - 1 if position.end_line == position.line else len(text)
    return text[max(first - _AROUND, 0) : last + _AROUND].strip(), text[first:last]
