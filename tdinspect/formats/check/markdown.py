"""Markdown for the summary of a CI's step: the result in a line, a short table for each spec, the frames folded in."""

from __future__ import annotations

from tdinspect.domain.finding import Finding
from tdinspect.domain.report import Report, SpecReport
from tdinspect.formats.check.told import plain_frame, short_help, summary
from tdinspect.formats.interface import RenderOptions
from tdinspect.formats.marks import code, escaped, fenced, table_row
from tdinspect.formats.words import counted, shown_findings

# A step's summary in GitHub Actions may have 1 MiB; what is longer is not shown at all.
LIMIT = 1_000_000


def render(report: Report, options: RenderOptions) -> str:
    """The result first; ``quiet``: the tables alone. What would be too long for a step's summary is told in numbers."""
    blocks = [] if options.quiet else [f"**{escaped(summary(report, options))}**"]
    room = LIMIT - sum(map(_size, blocks)) - 200  # for the last line
    left = 0
    for spec in report.specs:
        shown = shown_findings(spec, options.notes)
        if not shown:
            continue
        own, told = _spec(spec, shown, options, room) if not left else ([], 0)
        blocks += own
        room -= sum(map(_size, own))
        left += len(shown) - told
    if left:
        blocks.append(f"{counted(left, 'further finding')}: too long for this summary, `tdinspect check` shows all.")
    return "\n\n".join(blocks) + "\n" if blocks else ""


def _spec(spec: SpecReport, shown: list[Finding], options: RenderOptions, room: int) -> tuple[list[str], int]:
    """The heading, as many rows of the table as there is room for, and the frames if they fit; how many were told."""
    head = [
        f"### {escaped(spec.file)}",
        f"{table_row(['line', 'rule', 'finding'])}\n{table_row(['---:', '---', '---'])}",
    ]
    room -= sum(map(_size, head))
    rows = []
    for finding in shown:
        row = _row(finding)
        if _size(row) > room:
            break
        rows.append(row)
        room -= _size(row)
    if not rows:
        return [], 0
    blocks = [head[0], "\n".join([head[1], *rows])]
    if len(rows) == len(shown) and not options.quiet:
        body = fenced("\n\n".join(plain_frame(finding, spec) for finding in shown))
        frames = f"<details><summary>{counted(len(shown), 'frame')}</summary>\n\n{body}\n\n</details>"
        blocks += [frames] if _size(frames) <= room else []
    return blocks, len(rows)


def _row(finding: Finding) -> str:
    sentence, pasted = short_help(finding)
    words = escaped(finding.message) + (f"<br>help: {escaped(sentence)}" if sentence else "")
    words += f": {code(pasted)}" if pasted else ""
    line = str(finding.position.line) if finding.position else ""
    return table_row([line, f"{finding.severity} {finding.code}", words])


def _size(block: str) -> int:
    return len(block.encode("utf-8", "surrogatepass")) + 2
