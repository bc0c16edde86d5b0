"""Real specs, made wrong: as bytes, as lines, as words, and as data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path

import yaml
from hypothesis import strategies as st

from tdinspect.importers.arguments import STEP_KEYS
from tdinspect.importers.spec_parser import KEYS

ROOT = Path(__file__).resolve().parents[2]
DEPTH = 30  # where data is still changed
WORD = re.compile(r"[\w.$]+")
MERE = (
    *("ReLU", "Linear", "LSTM", "Conv2d", "TimeDistributed", "Sequential", "Residual", "Recurrent", "parameter"),
    *("cat", "softmax", "causal_mask", "arange", "zeros", "one_hot", "pad", "B", "T", "$T", "_", "none", "input"),
)
EXPRESSIONS = (
    *("$", "$$", "$(", "$()", "$(T", "$T.x", "$(T.x)", "$(().__class__)", "$(__import__('os'))", "$__class__"),
    *("$(2**10**9)", "$(9**9**9)", "$(2**-1)", "$(1/0)", "$(1//0)", "$(T%0)", "$(0.0**-1)", "$((-8)**0.5)"),
    *("$(1e308*10)", "$(T if T else T)", "$(lambda: 1)", "$([1][0])", "$('a'*99999999)", "$(" + "(" * 300),
    *("$(-" + "-" * 400 + "1)", "$(T" + "+T" * 500 + ")", "$(T and T)", "$(x:=3)", "$(*T)", "$(\0)", "$(１)", "$(1j)"),
)
PATHS = (
    *("os.system", "torch.load", "torch.nn.Linear", "torch.hub.load", "builtins.eval", "subprocess.Popen", "os"),
    *("this.s", "antigravity.geohash", "turtle.Turtle", "__class__", "__class__.__init__", "__init__", "Module.apply"),
    *("Conv2d.__class__", "a..b", ".a", "a.", "nn.Linear", "torch.nn.functional.relu", "Linear.__globals__", "eval"),
)
TEXTS = (
    *("", " ", "~", "null", "yes", "-", "?", ":", "#", "&a", "*a", "!!python/object/apply:os.system [id]", "<<"),
    *("\x1b[2J", "\x00", "\ufeff", "\u202e", "\ud800", "a\u0301", "x" * 5000, "{}", "{0.__class__}", "%s%n", "[bold]"),
    *("Conv2d(3, 16, 3)", "Linear(", "../../etc/passwd", "'", '"', "|", ">", "{", "[", "}", "]", ",", "\t", "\n"),
)
NUMBERS: tuple[object, ...] = (
    *(0, 1, -1, 2, 3, 2**31, 2**31 - 1, 2**63, 2**64, -(2**63), 10**100, 10**4000, 1e308, 1e-320, 0.5, 10**9),
    *(float("nan"), float("inf"), True, False, None),
)
HOSTILE: tuple[object, ...] = (*MERE, *EXPRESSIONS, *PATHS, *TEXTS, *NUMBERS)
NAMES = tuple(str(value) for value in (*KEYS, *STEP_KEYS, *MERE, *PATHS, *EXPRESSIONS, *TEXTS))


def _deep(value: object) -> object:
    for _ in range(70):
        value = [value]
    return value


VALUES = st.recursive(
    st.sampled_from(HOSTILE),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
        inner.map(_deep),
    ),
    max_leaves=6,
)


@cache
def seeds() -> tuple[str, ...]:
    """The specs of the repository, as texts."""
    files = [*(ROOT / "specs").rglob("*.yaml"), *(ROOT / "tests" / "specs").rglob("*.yaml")]
    return tuple(
        file.read_text(encoding="utf-8", errors="replace") for file in sorted(files) if file.stat().st_size < 20_000
    )


@cache
def trees() -> tuple[object, ...]:
    """The same specs as data, where they can be read."""
    found = []
    for text in seeds():
        try:
            tree = yaml.load(text, Loader=yaml.CSafeLoader)
            _written(tree)  # an alias inside itself cannot be
        except (yaml.YAMLError, ValueError, TypeError):
            continue
        found.append(tree)
    return tuple(found)


@st.composite
def of_bytes(draw: st.DrawFn) -> bytes:
    """A few bytes flipped, dropped or put in."""
    data = bytearray(draw(st.sampled_from(seeds())).encode())
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        kind = draw(st.sampled_from(("flip", "drop", "insert")))
        if kind == "flip":
            data[at : at + 1] = bytes([(data[at] if data else 0) ^ (1 << draw(st.integers(0, 7)))])
        elif kind == "drop":
            del data[at : at + draw(st.integers(1, 30))]
        else:
            data[at:at] = draw(st.binary(min_size=1, max_size=4))
    return bytes(data)


@st.composite
def of_lines(draw: st.DrawFn) -> str:
    """Lines swapped, doubled, dropped, moved in or out, and taken from another spec."""
    lines = draw(st.sampled_from(seeds())).split("\n")
    other = draw(st.sampled_from(seeds())).split("\n")
    for _ in range(draw(st.integers(1, 5))):
        at, to = draw(st.integers(0, len(lines) - 1)), draw(st.integers(0, len(lines) - 1))
        kind = draw(st.sampled_from(("swap", "double", "drop", "indent", "outdent", "other")))
        if kind == "swap":
            lines[at], lines[to] = lines[to], lines[at]
        elif kind == "double":
            lines[at:at] = [lines[at]] * draw(st.sampled_from((1, 2, 50)))
        elif kind == "drop" and len(lines) > 1:
            del lines[at]
        elif kind == "other":
            lines.insert(at, draw(st.sampled_from(other)))
        else:
            lines[at] = "  " + lines[at] if kind == "indent" else lines[at].removeprefix("  ")
    return "\n".join(lines)


@st.composite
def of_words(draw: st.DrawFn) -> str:
    """Words (keys, names, numbers) replaced by hostile ones."""
    text = draw(st.sampled_from(seeds()))
    for _ in range(draw(st.integers(1, 5))):
        words = list(WORD.finditer(text))
        if not words:
            break
        word = draw(st.sampled_from(words))
        value = draw(st.sampled_from(HOSTILE) | VALUES.map(_written))
        text = text[: word.start()] + str(value) + text[word.end() :]
    return text


@st.composite
def of_data(draw: st.DrawFn) -> str:
    """Values and keys replaced, put in, dropped, doubled or taken from elsewhere, then written as YAML again."""
    root = [deepcopy(draw(st.sampled_from(trees())))]
    for _ in range(draw(st.integers(1, 5))):
        holder, key = draw(st.sampled_from(list(_places(root))))
        kind = draw(st.sampled_from(("value", "value", "rename", "insert", "drop", "double", "elsewhere")))
        if kind == "value" or holder is root:
            holder[key] = draw(VALUES)
        elif kind == "elsewhere":
            there, name = draw(st.sampled_from(list(_places(root))))
            holder[key] = deepcopy(there[name])
        elif isinstance(holder, list):
            _in_list(draw, holder, key, kind)
        else:
            _in_mapping(draw, holder, key, kind)
    if draw(st.booleans()):
        return yaml.safe_dump(root[0], allow_unicode=True, sort_keys=False)
    return _written(root[0])


def _in_list(draw: st.DrawFn, holder: list[object], key: int, kind: str) -> None:
    if kind == "drop":
        del holder[key]
    elif kind == "double":
        holder[key:key] = [holder[key]] * draw(st.sampled_from((1, 2, 50)))
    else:
        holder.insert(key, draw(VALUES))


def _in_mapping(draw: st.DrawFn, holder: dict[object, object], key: object, kind: str) -> None:
    if kind == "drop":
        del holder[key]
    elif kind == "rename":
        holder[draw(st.sampled_from(NAMES))] = holder.pop(key)
    else:
        holder[draw(st.sampled_from(NAMES))] = draw(VALUES)


def _places(value: object, depth: int = 0) -> Iterator[tuple]:  # type: ignore[type-arg]
    if depth > DEPTH:
        return
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield value, key
        yield from _places(item, depth + 1)


def _written(value: object) -> str:
    return json.dumps(value, default=str)


INPUTS: st.SearchStrategy[str | bytes] = st.one_of(of_bytes(), of_lines(), of_words(), of_data(), of_data())
