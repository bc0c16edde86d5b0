"""Text -> Document: the only module that imports yaml. Composed by libyaml, constructed by our own YAML 1.2 rules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NoReturn

import yaml
from yaml.composer import Composer
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

from tdinspect.domain.finding import Finding
from tdinspect.domain.limits import Limits
from tdinspect.domain.location import Path, Position
from tdinspect.importers.collector import Collector, describe, shorten
from tdinspect.importers.document import Document
from tdinspect.importers.scalars import MAX_DIGITS, TooLong, plain_scalar

_LONG = 100  # characters that cost as much as one more value
_SECOND_OPINION = 200_000  # characters; above this the slow reader's better message is not worth the wait

_USUAL = Limits()
_PLAIN, _QUOTED, _COLLECTION = "plain", "quoted", "collection"  # in place of YAML 1.1's guessed tags
_TAG_HELP = "remove the tag: a spec is plain data"
_MERGE_HELP = "name repeated steps under `blocks`, repeated constants under `vars`"
_BARE_TAG = re.compile(r"(?:&\S+\s+)?!(?=\s)")  # the tag `!`, which the readers swallow
_BARE_STEP = re.compile(r"\s*- ([A-Za-z_][\w.]*)(?:\s+#.*)?")
_INDENTED = re.compile(r"found '(?:-|<block (?:mapping|sequence) start>)'")
_TOLD = re.compile(r"\s*[^\s#]")  # a line with more than a comment
_NO_SPACE = re.compile(r"\s*-(?=[A-Za-z])")
_VALUE_BESIDE = re.compile(r"[\s-]*([A-Za-z_][\w.]*):\s+[^\s#]")
_NO_COLON = re.compile(r"\s*([A-Za-z_]\w*)\s+([^\s:#][^:#]*)")
_HINTS = {
    "mapping values are not allowed": "quote a text that holds `: `; put a key at the indentation of its siblings",
    "cannot start any token": "indent with spaces; quote a text that starts with @, `, % or a tab",
    "could not find expected ':'": "put `: ` after the key, or quote the text",
    "found '<scalar>'": "the value before it is complete: begin a new line, or put quotes about the whole",
    "fits neither": "indent this line like its siblings",
    "expected <block end>": "indent this line like its siblings",
    "did not find expected": "check the indentation, the brackets and the quotes up to here",
    "unexpected end of stream": "a quote is not closed",
    "expected ',' or": "a bracket is not closed, or a comma is missing",
    "undefined alias": "an anchor (`&name`) must stand before its alias (`*name`)",
}


class _Stop(Exception):
    """Reading cannot go on; carries why."""

    def __init__(self, finding: Finding) -> None:
        self.finding = finding


class _Limits:
    """The composer's calls for each node: tags by style instead of YAML 1.1's guesses, and the limits on the way."""

    limits = Limits()
    depth = 0
    count = 0

    def resolve(self, kind: type[Node], value: object, implicit: object) -> str:
        """The tag of an untagged node."""
        if kind is not ScalarNode:
            return _COLLECTION
        return _PLAIN if isinstance(implicit, tuple) and implicit[0] else _QUOTED

    def descend_resolver(self, parent: Node | None, index: object) -> None:
        """One node deeper; the composers recurse, so depth is limited here, before the stack is."""
        self.depth += 1
        self.count += 1
        if parent is not None and (self.depth > self.limits.nesting or self.count > self.limits.values):
            _limit(parent, self.limits, self.depth > self.limits.nesting, aliases=False)

    def ascend_resolver(self) -> None:
        """One node up."""
        self.depth -= 1


class _SlowReader(_Limits, Reader, Scanner, Parser, Composer):
    def __init__(self, text: str, limits: Limits) -> None:
        self.limits = limits
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)


if yaml.__with_libyaml__:
    from yaml._yaml import CParser

    class _FastReader(_Limits, CParser):
        pass


def read_yaml(source: str | bytes, limits: Limits = _USUAL) -> tuple[Document, list[Finding]]:
    """Read one YAML document; the findings (with positions) say what is wrong with it as YAML."""
    if len(source) > limits.file_size:
        unit = "characters" if isinstance(source, str) else "bytes"
        message = f"the file has {len(source):,} {unit}; the limit is {limits.file_size:,}"
        text = source[: limits.file_size]
        shown = text if isinstance(text, str) else text.decode("utf-8", "replace")
        return Document(shown), [Finding("TD008", message, position=Position(1, 1, 1, 1))]
    try:
        text = source if isinstance(source, str) else _decode(source)
    except _Stop as stop:
        assert isinstance(source, bytes)
        return Document(source.decode("utf-8", "replace")), [stop.finding]
    text = text.removeprefix("\ufeff")
    root: Node | None = None
    try:
        root = _compose(text, limits)
        if root is None:
            help = "a spec starts with `input:`, the shape, and `layers:`, the steps"
            empty = Finding("TD003", "the file is empty", position=Position(1, 1, 1, 1), help=help)
            return Document(text), [empty]
        builder = _Builder(text, limits)
        data = builder.value(root, (), 0)
        return Document(text, data, root), builder.collector.findings
    except _Stop as stop:
        return Document(text, None, root), [stop.finding]


def _decode(source: bytes) -> str:
    try:
        return source.decode("utf-8")
    except UnicodeDecodeError as error:
        before = source[: error.start].decode("utf-8", "replace")
        found = f"the byte 0x{source[error.start]:02X} is not UTF-8 text"
        raise _Stop(Finding("TD001", found, position=_place(before), help="save the file as UTF-8")) from error


def _place(before: str) -> Position:
    """The position right after ``before``."""
    line = before.count("\n") + 1
    column = len(before) - (before.rfind("\n") + 1) + 1
    return Position(line, column, line, column + 1)


def _compose(text: str, limits: Limits) -> Node | None:
    """The node tree, None for an empty file; _Stop when the text is not YAML or passes a limit."""
    if not yaml.__with_libyaml__:
        return _compose_with_slow_reader(text, limits)
    try:
        reader = _FastReader(text)
        reader.limits = limits
        return reader.get_single_node()
    except (yaml.YAMLError, UnicodeError) as error:
        if len(text) <= _SECOND_OPINION:
            _compose_with_slow_reader(text, limits)  # says it better; when it has no objection, the first stands
        _refuse(error, text)


def _compose_with_slow_reader(text: str, limits: Limits) -> Node | None:
    try:
        return _SlowReader(text, limits).get_single_node()
    except yaml.YAMLError as error:
        _refuse(error, text)


def _refuse(error: Exception, text: str) -> NoReturn:
    """Turn a reader's error into TD001 with a position."""
    problem, position = "not YAML", Position(1, 1, 1, 1)
    bad = Reader.NON_PRINTABLE.search(text)
    if bad is not None:
        problem = f"the character U+{ord(bad.group()):04X} is not allowed in YAML"
        position = _place(text[: bad.start()])
    elif isinstance(error, yaml.MarkedYAMLError):
        mark, begun = error.problem_mark or error.context_mark, error.context_mark
        problem = ": ".join(part for part in (error.context, error.problem) if part)
        if begun is not None and mark is not None and begun.line < mark.line:
            problem += f" (begun in line {begun.line + 1})"
        if begun is not None and any(end in problem for end in ("end of stream", "<stream end>", "simple key")):
            mark = begun  # what is not closed tells more than where the file ends
        if mark is not None:
            position = Position(mark.line + 1, mark.column + 1, mark.line + 1, mark.column + 2)
    if "expected <block end>" in problem and begun is not None and _INDENTED.search(problem):
        what = "list" if "collection" in problem else "mapping"
        problem = f"this line fits neither the {what} begun in line {begun.line + 1} nor what is around it"
    if "another document" in problem:
        problem = "a second document starts here (`---`); a spec is one document"
    help = next((hint for part, hint in _HINTS.items() if part in problem), None)
    if "mapping values" in problem or "fits neither" in problem or "simple key" in problem:
        help = _slip(text, position.line) or help
    raise _Stop(Finding("TD001", problem, position=position, help=help)) from error


def _slip(text: str, line: int) -> str | None:
    """The help for the slips behind most of the readers' complaints about a line, or None."""
    lines = text.split("\n", line)[:line]
    if _NO_SPACE.match(lines[-1]):
        return f"a space behind the dash: `{shorten(_NO_SPACE.sub('- ', lines[-1]).strip())}`"
    above = next((number for number in range(line - 1, 0, -1) if _TOLD.match(lines[number - 1])), None)
    if above is None:
        return None
    before = lines[above - 1].rstrip()
    step = _BARE_STEP.fullmatch(before)
    if step:  # YAML reads `- ReLU` and the key below it as one text
        return f"with other keys below it a step's name needs a colon: `- {step[1]}:`"
    if _indent(lines[-1]) > _indent(before) and (key := _VALUE_BESIDE.match(before)):
        return f"`{key[1]}` in line {above} has its value beside it: begin this line right below `{key[1]}`"
    if _indent(lines[-1]) == _indent(before) and (word := _NO_COLON.fullmatch(before)):
        return f"line {above} has no colon: `{shorten(f'{word[1]}: {word[2]}')}`"
    return None


def _indent(line: str) -> int:
    """Where the line's text begins, behind the dash of a step."""
    return len(line) - len(line.lstrip(" -"))


def _limit(node: Node, limits: Limits, deep: bool, aliases: bool) -> NoReturn:
    message = f"nested more than {limits.nesting} deep" if deep else f"more than {limits.values:,} values"
    message += " once aliases are written out (an alias inside itself?)" if aliases else ""
    mark = node.start_mark  # an open node has no end yet
    place = Position(mark.line + 1, mark.column + 1, mark.line + 1, mark.column + 2)
    raise _Stop(Finding("TD008", message, position=place))


def _position(node: Node) -> Position:
    place = Document("", None, node).locate(())
    assert place is not None
    return place


class _Builder:
    """Node tree -> plain data; mistakes that leave the rest readable are gathered."""

    def __init__(self, text: str, limits: Limits) -> None:
        self.collector = Collector()
        self.limits = limits
        self.count = 0
        self._text = text if _BARE_TAG.search(text) else ""  # needed only to find bare tags

    def value(self, node: Node, path: Path, depth: int) -> object:
        """The plain data of a node."""
        self.count += 1
        if depth > self.limits.nesting or self.count > self.limits.values:  # reached through aliases only
            _limit(node, self.limits, depth > self.limits.nesting, aliases=True)
        if self._text and _BARE_TAG.match(self._text, node.start_mark.index):
            self._refuse_tag(node, path, "!")
        if isinstance(node, ScalarNode):
            return self._scalar(node, path)
        if node.tag != _COLLECTION:
            self._refuse_tag(node, path)
        if isinstance(node, MappingNode):
            return self._mapping(node, path, depth)
        if isinstance(node, SequenceNode):
            return [self.value(item, (*path, index), depth + 1) for index, item in enumerate(node.value)]
        return None

    def _scalar(self, node: ScalarNode, path: Path) -> object:
        text = str(node.value)
        self.count += len(text) // _LONG
        if node.tag == _PLAIN:
            try:
                return plain_scalar(text)
            except TooLong:
                self._add("TD008", f"a number of more than {MAX_DIGITS} digits", path, node)
                return 1
        if node.tag != _QUOTED:
            self._refuse_tag(node, path)
        return text

    def _mapping(self, node: MappingNode, path: Path, depth: int) -> dict[str, object]:
        data: dict[str, object] = {}
        lines: dict[str, int] = {}
        for key, child in self._pairs(node, path, depth):
            name = str(key.value)
            if name in data:
                message = f"`{shorten(name)}` is here twice, first in line {lines[name]}"
                self._add("TD007", message, (*path, name), key, help="a key may stand once; remove or rename one")
                continue
            lines[name] = key.start_mark.line + 1
            data[name] = self.value(child, (*path, name), depth + 1)
        return data

    def _pairs(self, node: MappingNode, path: Path, depth: int) -> Iterator[tuple[Node, Node]]:
        for key, child in node.value:
            if key.tag == _PLAIN and key.value == "<<":
                self._add("TD003", "`<<` (merge) is not part of a spec", path, key, help=_MERGE_HELP)
                continue
            value = self.value(key, path, depth + 1)
            if isinstance(value, str):
                yield key, child
            else:
                quoted = f'write it in quotes: "{key.value}"' if isinstance(key, ScalarNode) and key.value else None
                self._add("TD003", f"a key must be a text, found {describe(value)}", path, key, help=quoted)

    def _refuse_tag(self, node: Node, path: Path, tag: str | None = None) -> None:
        tag = tag or node.tag.replace("tag:yaml.org,2002:", "!!")
        self._add("TD003", f"the tag `{shorten(tag)}` is refused", path, node, help=_TAG_HELP)

    def _add(self, code: str, message: str, path: Path, node: Node, help: str | None = None) -> None:
        self.collector.add(code, message, path, help=help, position=_position(node))
