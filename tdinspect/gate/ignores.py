"""Findings that a comment in the spec silences: ``# tdinspect: ignore[TD206]``, and the comments that silence none.

A comment silences the findings of its codes that point at its line, or at something inside what begins there: up to the
step, or the top-level key, that the finding lies in. ``ignore-file`` silences them in the whole file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tdinspect.domain.finding import RULES, Finding
from tdinspect.domain.limits import HIGHEST
from tdinspect.domain.nearest import nearest
from tdinspect.domain.report import SpecReport
from tdinspect.domain.spec import CONTAINERS
from tdinspect.formats.words import enumerated

if TYPE_CHECKING:
    from tdinspect.domain.location import Path
    from tdinspect.importers import Document
    from tdinspect.importers.comments import Comment

UNUSED = "TD304"
_LINE, _FILE = "ignore", "ignore-file"
_OTHERS = ("noqa", "disable", "silence", "skip")  # how other tools say it
_WORDS = re.compile(r"([A-Za-z][\w-]*)[ \t]*(?:\[([^\]]*)\])?")
_SEPARATOR = re.compile(r"[\s,;]+")
_BY_LOCK = "TD302"
_STOPPING = ("TD201", "TD204")  # where a size was to be read off the wrong axis, nothing runs past it


@dataclass(frozen=True, slots=True)
class _Ignore:
    comment: Comment
    codes: tuple[str, ...]
    whole_file: bool


def silenced(report: SpecReport) -> SpecReport:
    """The report without the findings that a comment in the spec silences."""
    document = _commented(report)
    if document is None or not report.findings:
        return report
    ignores, _ = _read(document)
    used = _used(report.findings, ignores, document)
    return replace(report, findings=tuple(finding for finding, by in zip(report.findings, used, strict=True) if not by))


def silence(report: SpecReport, counts: Callable[[str], bool], locked: bool) -> tuple[Finding, ...]:
    """The findings that no comment silences, and one for each comment with codes that silence nothing, in order.

    ``counts`` says whether a rule is selected: what is not is never unused. Neither is what a spec that does not run
    has not been asked. ``locked``: the specs were held to the lock.
    """
    document = _commented(report)
    if document is None:
        return report.findings
    ignores, wrong = _read(document)
    used = _used(report.findings, ignores, document)
    kept = [finding for finding, by in zip(report.findings, used, strict=True) if not by]
    runs = not any(finding.code < "TD2" or finding.code in _STOPPING for finding in report.findings)
    for index, ignore in enumerate(ignores):
        hits = {finding.code for finding, by in zip(report.findings, used, strict=True) if index in by}
        if ignore.codes:
            asked = [code for code in ignore.codes if runs and counts(code) and (locked or code != _BY_LOCK)]
            idle = [code for code in asked if code not in hits]
            wrong += [_unused(ignore, idle, _first_line(kept, idle))] if idle else []
        else:
            wrong.append(_nameless(ignore, report.findings, document))
    return tuple(sorted((*kept, *wrong), key=lambda finding: finding.place))


def _commented(report: SpecReport) -> Document | None:
    """The spec as it was read, where it has a comment for tdinspect; None elsewhere."""
    if "tdinspect" not in report.source:
        return None
    from tdinspect.importers import read_document
    from tdinspect.importers.comments import addressed

    return read_document(report.source, HIGHEST)[0] if addressed(report.source) else None


def _read(document: Document) -> tuple[list[_Ignore], list[Finding]]:
    """The ignores of a file, and what is wrong with the words of the others."""
    from tdinspect.importers.comments import comments

    ignores: list[_Ignore] = []
    wrong: list[Finding] = []
    for comment in comments(document):
        words = _WORDS.match(comment.text)
        word = words[1] if words else ""
        if word not in (_LINE, _FILE):
            meant = nearest(word, (_LINE, _FILE)) or (_LINE if word.lower() in _OTHERS else None)
            if meant:
                message = f"`{word}` silences nothing"
                wrong.append(_finding(comment, message, f"did you mean `# tdinspect: {meant}[TD206]`?"))
            continue
        assert words is not None
        written = [code for code in _SEPARATOR.split(words[2] or "") if code]
        codes = tuple(dict.fromkeys(code.upper() for code in written))
        unknown = [code for code in codes if code not in RULES]
        wrong += [_finding(comment, f"there is no rule `{code}`", _meant(code)) for code in unknown]
        if not unknown or len(unknown) < len(codes):
            ignores.append(_Ignore(comment, tuple(code for code in codes if code in RULES), word == _FILE))
    return ignores, wrong


def _meant(code: str) -> str:
    if any(known.startswith(code) for known in RULES):
        return "a comment names each code in full, as TD206"
    near = nearest(code, RULES)
    return f"did you mean {near}?" if near else "`tdinspect explain` lists the rules"


def _used(findings: Iterable[Finding], ignores: list[_Ignore], document: Document) -> list[set[int]]:
    """Of each finding the ignores that silence it, as their places in the list."""
    by_code: dict[str, list[int]] = {}
    for index, ignore in enumerate(ignores):
        for code in ignore.codes:
            by_code.setdefault(code, []).append(index)
    return [_silencing(finding, by_code.get(finding.code, ()), ignores, document) for finding in findings]


def _silencing(finding: Finding, near: Iterable[int], ignores: list[_Ignore], document: Document) -> set[int]:
    if not near or finding.path[:1] == ("--set",):
        return set()
    lines = _lines(finding, document)
    return {i for i in near if ignores[i].whole_file or ignores[i].comment.position.line in lines}


def _lines(finding: Finding, document: Document) -> set[int]:
    """The line that a finding points at, and those of the keys around it, up to its step."""
    lines = {finding.position.line} if finding.position else set()
    path = finding.path
    while path:
        place = document.locate(path, on_key=True)
        lines |= {place.line} if place else set()
        if _is_step(path, document.data):
            break
        path = path[:-1]
    return lines


def _is_step(path: Path, data: object) -> bool:
    """Whether an item of a list of steps stands at a path, and not one of an argument."""
    if not isinstance(path[-1], int) or len(path) < 2:
        return False
    above = path[-2]
    in_steps = above in CONTAINERS or above in ("layers", "shortcut") or (path[0] == "blocks" and len(path) == 3)
    return in_steps or isinstance(_at(data, path), Mapping)


def _at(data: object, path: Path) -> object:
    for part in path:
        if isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            data = data.get(part) if isinstance(data, Mapping) else None
    return data


def _first_line(findings: Iterable[Finding], codes: list[str]) -> int | None:
    return next((found.position.line for found in findings if found.position and found.code in codes), None)


def _unused(ignore: _Ignore, idle: list[str], elsewhere: int | None) -> Finding:
    comment, names = ignore.comment, enumerated(idle)
    where = "in this file" if ignore.whole_file else "on this line"
    left = [code for code in ignore.codes if code not in idle]
    if UNUSED in idle:
        help = f"{UNUSED} is not silenced by a comment: leave it out with `ignore` in the settings"
    elif left:
        help = f"# tdinspect: {_FILE if ignore.whole_file else _LINE}[{', '.join(left)}]"
    elif elsewhere is not None:
        help = f"put it into line {elsewhere}, where one is"
    elif comment.alone and not ignore.whole_file:
        help = f"put it behind what it is about, or say {_FILE}[{', '.join(idle)}]"
    else:
        help = "remove the comment"
    return _finding(comment, f"the ignore of {names} silences nothing: there is none {where}", help)


def _nameless(ignore: _Ignore, findings: Iterable[Finding], document: Document) -> Finding:
    here = {f.code for f in findings if ignore.whole_file or ignore.comment.position.line in _lines(f, document)}
    word, codes = _FILE if ignore.whole_file else _LINE, ", ".join(sorted(here)) or "TD206"
    said = "name what is to be silenced" if here else "name what is to be silenced, as in"
    return _finding(
        ignore.comment, "an ignore without a code silences nothing", f"{said}: # tdinspect: {word}[{codes}]"
    )


def _finding(comment: Comment, message: str, help: str) -> Finding:
    return Finding(UNUSED, message, position=comment.position, help=help)
