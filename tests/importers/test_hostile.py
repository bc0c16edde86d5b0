"""Files made to do harm: each is answered soon, with findings short enough to read."""

from __future__ import annotations

import time

import pytest

from tdinspect.importers import read_spec
from tdinspect.importers.collector import MAX_FINDINGS

HEAD = "input: [B, T, 8]\nlayers:\n"
ENOUGH = 1000  # characters of a message with its help
SOON = 2.0  # seconds of processor time; each takes below 0.6 where nothing else runs
_LEVELS = "abcdefghi"
_ALL = "[A0, A1, A2, A3, A4, A5, A6, A7, A8, A9]"


def bomb(first: str, line: str) -> str:
    """Nine times nine times nine ...: each level names the one before it nine times."""
    return first + "".join(line % (b, ",".join([f"*{a}"] * 9)) for a, b in zip(_LEVELS, _LEVELS[1:], strict=False))


def block_bomb(levels: int, uses: int, key: str) -> str:
    """Blocks, each of so many uses of the next."""
    use = f"    - {{}}:{key}\n" if key else "    - {}\n"
    body = "".join(f"  A{i}:\n" + use.format(f"A{i + 1}") * uses for i in range(levels))
    return f"blocks:\n{body}  A{levels}: [ReLU]\n{HEAD}  - A0\n"


HOSTILE: dict[str, tuple[str, str | bytes]] = {
    "an alias bomb": ("TD008", HEAD + bomb("  - X: &a [x,x,x,x,x,x,x,x,x]\n", "  - X: &%s [%s]\n")),
    "an alias inside itself": ("TD008", HEAD + "  - &x [*x]\n"),
    "a mapping inside itself": ("TD008", "&x\ninput: *x\nlayers: *x\n"),
    "deep brackets": ("TD008", "[" * 100_000 + "]" * 100_000),
    "deep braces": ("TD008", "{a: " * 100_000),
    "deep dashes": ("TD008", "- " * 100_000 + "x"),
    "deep indentation": ("TD008", "\n".join(" " * i + "a:" for i in range(1500))),
    "deep question marks": ("TD008", "? " * 100_000),
    "a hundred megabytes": ("TD008", b"a: b\n" * 20_000_000),
    "a tower of powers": ("TD008", HEAD + "  - Linear: $(2**10**9)\n"),
    "an operator five hundred times": ("TD003", HEAD + f"  - Linear: $({'~' * 490}1)\n"),
    "pasted code that nests deep": ("TD003", HEAD + f"  - Linear({'~' * 490}1)\n"),
    "a huge number": ("TD008", f"input: [B, {'9' * 5000}]\nlayers: [ReLU]\n"),
    "a size of a hundred digits": ("TD008", f"input: [B, T]\nsizes: {{T: {'9' * 100}}}\nlayers: [ReLU]\n"),
    "the character zero": ("TD001", "input: [B, T\0, 8]\n"),
    "a lone surrogate": ("TD001", "name: a\ud800\n"),
    "an escaped surrogate": ("TD001", 'name: "\\ud800"\n' + HEAD + "  - ReLU\n"),
    "an escape sequence for terminals": ("TD003", 'name: "\\e[2J"\n' + HEAD + "  - ReLU\n"),
    "a python object": ("TD003", HEAD + "  - !!python/object/apply:os.system ['id']\n"),
    "a long key": ("TD002", f"{HEAD}  - ReLU\n? {'x' * 1_000_000}\n: 1\n"),
    "a long layer": ("TD003", f"{HEAD}  - {'x-' * 500_000}\n"),
    "a long name": ("TD003", f"{HEAD}  - ReLU:\n    name: {'x-' * 500_000}\n"),
    "a long symbol of a shape": ("TD008", f"input: [{'x' * 1_000_000}, T]\nlayers: [ReLU]\n"),
    "a long symbol": ("TD006", f"input: [{'x' * 100}, T]\ntime_axis: {'y' * 100_000}\nlayers: [ReLU]\n"),
    "a list of 200,000 as arguments": ("TD003", f"{HEAD}  - cat: [{'a,' * 200_000}]\n"),
    "a shape of 200,000 axes": ("TD008", f"input: [{'1,' * 200_000}]\nlayers: [ReLU]\n"),
    "more values than the limit": ("TD008", f"{HEAD}  - [{'1,' * 1_000_000}]\n"),
    "20,000 inputs": (
        "TD008",
        "inputs:\n" + "".join(f"  a{i}: [B{i}, T]\n" for i in range(20_000)) + "layers: [ReLU]\n",
    ),
    "nine blocks of nine uses": ("TD008", block_bomb(9, 9, "")),
    "blocks of blocks of repeats": ("TD008", block_bomb(9, 1, "\n      repeat: 9")),
    "blocks of three uses each, unused": ("TD008", block_bomb(40, 3, "") + "  - ReLU\n"),
    "blocks of three uses each": ("TD008", block_bomb(40, 3, "")),
    "a thousand million copies": ("TD008", HEAD + "  - ReLU:\n    repeat: 1000000000\n"),
    "copies of a hundred digits": ("TD008", f"{HEAD}  - ReLU:\n    repeat: {'9' * 100}\n"),
    "copies of copies": (
        "TD008",
        HEAD
        + "".join(f"{' ' * 4 * i}  - Sequential:\n" for i in range(20))
        + " " * 80
        + "  - ReLU:\n"
        + "".join(f"{' ' * 4 * i}    repeat: 99\n" for i in range(20, -1, -1)),
    ),
    "a thousand blocks in a circle": (
        "TD008",
        "blocks:\n" + "".join(f"  A{i}: [A{(i + 1) % 1000}]\n" for i in range(1000)) + HEAD + "  - A0\n",
    ),
    "a block of itself": ("TD003", "blocks: {A: [A, A, A]}\n" + HEAD + "  - A\n" * 1000),
    "ten blocks that all use each other": (
        "TD003",
        "blocks:\n" + "".join(f"  A{i}: {_ALL}\n" for i in range(10)) + HEAD + "  - A1\n",
    ),
    "a long block used often": (
        "TD008",
        "blocks:\n  A:\n    - LSTM: 8\n      as: ["
        + ",".join(f"a{i}" for i in range(30_000))
        + "]\n"
        + HEAD
        + "  - A\n" * 40_000,
    ),
    "a long text in a block used often": (
        "TD008",
        f"blocks:\n  A: [{{Linear: {'x$' * 1_000_000}}}]\n{HEAD}" + "  - A\n" * 40_000,
    ),
    "a long text with many aliases": (
        "TD008",
        f"{HEAD}  - Linear: &a {'x$' * 1_000_000}\n" + "  - Linear: *a\n" * 40_000,
    ),
    "a param of a param of a param": (
        "TD008",
        "blocks:\n  A:\n    params: {p0: $T" + "".join(f", p{i + 1}: $(p{i} + p{i})" for i in range(90)) + "}\n"
        "    layers: [{Linear: $p90}]\n" + HEAD + "  - A\n",
    ),
    "a param handed down forty blocks": (
        "TD008",
        "blocks:\n"
        + "".join(f"  A{i}: {{params: {{p: 1}}, layers: [{{A{i + 1}: $(p * p)}}]}}\n" for i in range(40))
        + "  A40: {params: {p: 1}, layers: [{Linear: $p}]}\n"
        + HEAD
        + "  - A0: $T\n",
    ),
    "20,000 params": (
        "TD008",
        "blocks:\n  A:\n    params:\n"
        + "".join(f"      p{i}: 1\n" for i in range(20_000))
        + "    layers: [ReLU]\n"
        + HEAD
        + "  - A\n" * 20_000,
    ),
    "20,000 vars and 20,000 wrong uses": (
        "TD006",
        "vars:\n"
        + "".join(f"  v{i}: 1\n" for i in range(20_000))
        + "blocks: {A: [{Linear: $w}]}\n"
        + HEAD
        + "  - A\n" * 20_000,
    ),
    "20,000 blocks": ("TD003", "blocks:\n" + "".join(f"  A{i}: [a b]\n" for i in range(20_000)) + HEAD + "  - A1\n"),
    "20,000 wrong params": (
        "TD008",
        "blocks: {A: [ReLU]}\n" + HEAD + "".join(f"  - A: {{p{i}: 1}}\n" for i in range(20_000)),
    ),
    "modules in modules": ("TD003", HEAD + "  - A: {a: " + "{B: {a: " * 20 + "{Sequential: 1}" + "}}" * 20 + "}\n"),
    "30,000 tuples in one mapping": (
        "TD003",
        f"{HEAD}  - Linear: {{{', '.join(f'a{i}: (1, b{i}, c{i}' for i in range(30_000))}}}\n",
    ),
    "a tuple of 60,000": (
        "TD003",
        f"{HEAD}  - Linear: {{a: (1, {', '.join(f'b{i}' for i in range(60_000))}, c: d-}}\n" + "  - a b\n",
    ),
    "30,000 wrong steps": ("TD008", HEAD + "  - 3\n" * 30_000),
    "30,000 equal keys": ("TD008", f"{HEAD}  - ReLU\nvars:\n" + "  a: 1\n" * 30_000),
    "30,000 unknown sizes": (
        "TD008",
        "input: [B]\nsizes:\n" + "".join(f"  a{i}: 3\n" for i in range(30_000)) + "layers: [ReLU]\n",
    ),
}


@pytest.mark.parametrize(("code", "source"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_file_ends_soon_with_a_finding(code: str, source: str | bytes) -> None:
    start = time.process_time()
    findings = read_spec(source, "x.yaml").findings
    spent = time.process_time() - start
    assert code in {finding.code for finding in findings}
    assert max(len(finding.message) + len(finding.help or "") for finding in findings) < ENOUGH
    assert all(finding.position for finding in findings)
    assert spent < SOON


def test_after_a_thousand_mistakes_the_rest_is_not_listed() -> None:
    for mistakes in (MAX_FINDINGS, MAX_FINDINGS + 1):
        findings = read_spec(HEAD + "  - 3\n" * mistakes, "x.yaml").findings
        said = [finding.message for finding in findings if finding.code == "TD008"]
        assert len(findings) == MAX_FINDINGS + len(said)
        assert bool(said) == (mistakes > MAX_FINDINGS)
