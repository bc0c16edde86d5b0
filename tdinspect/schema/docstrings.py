"""What torch's docstrings say of a class or function and of its arguments, as plain text without Sphinx's markup."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_LONGEST = 400  # characters of one description: what a hover shows at a glance
_MATH = re.compile(r":math:`([^`]*)`")
_ROLE = re.compile(r":[a-z]+(?::[a-z]+)?:`~?([^`<]*?)\s*(?:<[^>]*>)?`")
_LINK = re.compile(r"`([^`<]*?)\s*<[^>]*>`_{1,2}|`([^`]*)`_{1,2}")
_LITERAL = re.compile(r"``([^`]*)``")
_TEX_WORD = re.compile(r"\\(?:text|mathrm|mathbf|textit|texttt)\{([^{}]*)\}")
_HEADING = re.compile(r"(?:Args|Arguments|Parameters|Keyword args|Keyword Arguments):{1,2}\s*", re.IGNORECASE)
_ARGUMENT = re.compile(r"(\s*)[`*]{0,2}([A-Za-z_]\w*)[`*]{0,2}\s*(?:\(.*?\))?\s*:(?!:)\s*(.*)")
_SIGNATURE = re.compile(r"(?:torch\.)?\w[\w.]*\(.*\)(?:\s*->.*)?")
_SENTENCE = re.compile(r"(?<!e\.g\.)(?<!i\.e\.)(?<=[.!?])\s+(?=[A-Z`])")
_TEX = {r"\times": "*", r"\cdot": "*", r"\leq": "<=", r"\geq": ">=", r"\infty": "infinity", r"\ldots": "..."}


def plain(text: str) -> str:
    """The text in one line, roles, links and formulas as one would type them."""
    text = _MATH.sub(r"\1", text)
    text = _ROLE.sub(lambda match: match[1] if "\\" in match[1] or " " in match[1] else f"`{match[1]}`", text)
    text = _LINK.sub(lambda match: match[1] or match[2], text)
    text = _LITERAL.sub(r"`\1`", text)
    text = _TEX_WORD.sub(r"\1", text)
    for command, written in _TEX.items():
        text = text.replace(command, written)
    text = text.replace("\\_", "_").replace("\\", "").removesuffix("::")
    return " ".join(text.split())


def summary(docstring: str) -> str:
    """The first sentences: the first paragraph that is neither a signature nor markup."""
    for paragraph in re.split(r"\n\s*\n", docstring.strip()):
        text = " ".join(paragraph.split())
        if text and not _SIGNATURE.fullmatch(text) and not text.startswith((".. ", "Args:", "__init__")):
            return _sentences(plain(re.split(r"\n\s*(?:\.\. |Args:)", paragraph)[0]))
    return ""


def arguments(docstring: str) -> Mapping[str, str]:
    """What the sections ``Args`` and their like say of each argument, by its name."""
    found: dict[str, list[str]] = {}
    for name, line in _entries(docstring):
        found.setdefault(name, []).append(line)
    return {name: text for name, lines in found.items() if (text := _sentences(plain(" ".join(lines))))}


def _entries(docstring: str) -> Iterator[tuple[str, str]]:
    """Each line below an ``Args`` heading with the argument that it belongs to."""
    lines = iter(docstring.expandtabs().splitlines())
    inside, column, name = False, -1, ""
    for line in lines:
        if _HEADING.fullmatch(line.strip()):
            inside, column, name = True, -1, ""
        elif not line.strip():
            name = ""  # what follows a blank line is a remark
        elif not inside:
            continue
        elif not line.startswith(" "):
            inside = False
        else:
            match = _ARGUMENT.fullmatch(line)
            column = len(match[1]) if match and column < 0 else column
            if match and len(match[1]) == column:
                name = match[2]
                yield name, match[3]
            elif name:
                yield name, line


def _sentences(text: str) -> str:
    """As many whole sentences as fit; one that is too long by itself is cut at a word."""
    kept = ""
    for sentence in _SENTENCE.split(text):
        if len(kept) + len(sentence) + 1 > _LONGEST or (kept and sentence.endswith(":")):
            break  # a colon leads to a formula, which is not shown
        kept = f"{kept} {sentence}".strip()
    if not kept and len(text) > _LONGEST:
        return f"{text[:_LONGEST].rpartition(' ')[0]} …"
    kept = kept.rstrip(":,; ")
    return f"{kept}." if kept and kept[-1] not in ".!?" else kept
