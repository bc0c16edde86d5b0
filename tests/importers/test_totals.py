"""Blocks that multiply are refused before they are written out, at the use that is too much."""

from __future__ import annotations

import time

from tdinspect.domain.finding import Finding
from tdinspect.importers import read_spec
from tests.importers.reading import codes

HEAD = "input: [B, T, 8]\nlayers:\n"


def powers(levels: int, use: str = "[{0}, {0}, {0}]") -> str:
    """Blocks on lines 2 and up, each of three uses of the one on the line above."""
    lines = [f"  A{level}: {use.format(f'A{level - 1}')}\n" for level in range(1, levels + 1)]
    return "blocks:\n  A0: [ReLU]\n" + "".join(lines)


def found(text: str) -> list[tuple[str, int, int]]:
    findings: tuple[Finding, ...] = read_spec(text, "x.yaml").findings
    return [(f.code, f.position.line, f.position.column) for f in findings if f.position]


def test_the_use_that_passes_the_limit_is_named() -> None:
    # A9 writes out 49,206 steps (a use is a step too), so A10 passes 50,000 with its second use.
    assert [("TD008", 12, 13)] == found(f"{powers(10)}{HEAD}  - A10\n")


def test_a_use_inside_a_container_is_named() -> None:
    text = powers(9) + "  Big:\n    - Sequential:\n        - ReLU\n        - A9\n        - A9: {}\n"
    assert [("TD008", 16, 11)] == found(f"{text}{HEAD}  - Big\n")


def test_the_layers_may_be_too_much_as_well() -> None:
    assert [("TD008", 15, 5)] == found(f"{powers(9)}{HEAD}  - ReLU\n  - A9\n  - A9\n".replace("  - ReLU\n", ""))


def test_what_just_fits_is_read() -> None:
    assert [] == codes(f"{powers(9)}{HEAD}  - A9\n")


def test_a_long_block_used_often_passes_the_limit_of_values() -> None:
    block = "blocks:\n  A: [{LSTM: {a: [" + "1," * 20_000 + "]}}]\n"
    assert [("TD008", 17, 5)] == found(block + HEAD + "  - A\n" * 20)


def test_copies_in_blocks_are_refused_at_the_repeat() -> None:
    text = powers(9, "\n    - {0}:\n      repeat: 9") + HEAD + "  - A9\n"
    assert [("TD008", 17, 15)] == found(text)


def test_a_bomb_takes_less_than_a_second() -> None:
    start = time.process_time()
    assert codes(f"{powers(60)}{HEAD}  - A60\n")
    assert time.process_time() - start < 1


def test_other_mistakes_are_said_beside_it() -> None:
    assert ["TD008", "TD002"] == codes(f"{powers(10)}{HEAD}  - A10\n  - ReLU:\n    nmae: x\n")
