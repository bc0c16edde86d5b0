"""``tdinspect explain``: the pages of the rules as text, Markdown and JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from difflib import SequenceMatcher
from os.path import commonprefix

from tdinspect.checks import NOT_CHECKED, PAGES, status
from tdinspect.checks.page import Page
from tdinspect.cli.run import UsageError

FORMATS = ("text", "markdown", "json")
MAX_WIDTH = 100  # longer lines are hard to read
MIN_WIDTH = 20

_INTRODUCTION = """\
<!-- Made by `tdinspect explain --format markdown`; edit the pages in tdinspect/checks/. -->

# Rules

Every finding has a code; codes never change meaning. `tdinspect explain TD005` shows a page in the terminal.

| code | severity | finding |
| --- | --- | --- |
"""


def explain(codes: Sequence[str], output_format: str, width: int) -> str:
    """The pages of these codes; without codes the list of all rules, and in Markdown and JSON all pages.

    Raises UsageError.
    """
    if output_format not in FORMATS:
        raise UsageError(f"unknown format {output_format!r}: one of {', '.join(FORMATS)}")
    pages = [_page(code) for code in dict.fromkeys(code.upper() for code in codes)]
    if output_format == "json":
        return _json(pages or PAGES)
    if output_format == "markdown":
        return "\n".join(map(_markdown, pages)) if pages else _reference()
    width = max(MIN_WIDTH, min(width, MAX_WIDTH))
    return "\n".join(_text(page, width) for page in pages) if pages else _list(width)


def _page(code: str) -> Page:
    known = {page.code: page for page in PAGES}
    if code in known:
        return known[code]
    # The first characters say what a rule is about, so they count before the rest.
    near = max(known, key=lambda one: (len(commonprefix([code, one])), SequenceMatcher(None, code, one).ratio()))
    raise UsageError(f"there is no rule {code!r}: did you mean {near}? `tdinspect explain` lists them")


def _list(width: int) -> str:
    lines = []
    for page in PAGES:
        title = f"{page.rule.title} (not checked yet)" if page.code in NOT_CHECKED else page.rule.title
        lines.append(_wrap(title, width, first=f"{page.code}  {page.rule.severity:<7}  ", rest=" " * 16))
    return "\n".join([*lines, "", _wrap("tdinspect explain CODE shows a rule's page.", width), ""])


def _text(page: Page, width: int) -> str:
    note = status(page.code)
    parts = [
        _wrap(f"{page.code} ({page.rule.severity}): {page.rule.title}", width),
        *([_wrap(note, width)] if note else []),
        _wrap(page.why, width),
        _wrap("A spec that has it:", width),
        textwrap.indent(page.bad.rstrip(), "    "),
        _wrap("A spec that does not:", width),
        textwrap.indent(page.good.rstrip(), "    "),
        _wrap(page.fix, width, first="Fix: "),
    ]
    return "\n\n".join(parts) + "\n"


def _wrap(text: str, width: int, first: str = "", rest: str = "") -> str:
    return textwrap.fill(
        text, width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False, break_long_words=False
    )


def _reference() -> str:
    rows = [f"| [{page.code}](#{page.code.lower()}) | {page.rule.severity} | {page.rule.title} |\n" for page in PAGES]
    return _INTRODUCTION + "".join(rows) + "\n" + "\n".join(map(_markdown, PAGES))


def _markdown(page: Page) -> str:
    note = status(page.code)
    parts = [
        f"## {page.code}",
        f"**{page.rule.title}** ({page.rule.severity})",
        *([f"*{note}*"] if note else []),
        page.why,
        f"A spec that has it:\n\n```yaml\n{page.bad}```",
        f"A spec that does not:\n\n```yaml\n{page.good}```",
        f"**Fix:** {page.fix}",
    ]
    return "\n\n".join(parts) + "\n"


def _json(pages: Sequence[Page]) -> str:
    rules = [
        {
            "code": page.code,
            "severity": page.rule.severity,
            "title": page.rule.title,
            "checked": page.code not in NOT_CHECKED,
            "note": status(page.code),
            "why": page.why,
            "bad": page.bad,
            "good": page.good,
            "allow_import": list(page.allow),
            "fix": page.fix,
        }
        for page in pages
    ]
    answer = {"version": 1, "tool": "tdinspect", "command": "explain", "rules": rules}
    return json.dumps(answer, indent=2, ensure_ascii=False) + "\n"
