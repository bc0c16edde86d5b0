"""Equal copies of a repeat stand in one row, where a person reads; nothing that differs is ever hidden."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from math import inf, nan
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tdinspect.cli import main
from tdinspect.domain.effect import AxisEffect
from tdinspect.domain.report import LayerRow
from tdinspect.domain.trace import Comparison, Outcome
from tdinspect.formats.copies import folded
from tdinspect.formats.rows import TreeRow, tree
from tdinspect.formats.words import per_copy
from tests.formats import samples
from tests.formats.samples import container, leaf, tensor
from tests.formats.test_plain_formats import text as written

ROWS = samples.symbolic("B", "T", "8", sizes=(2, 16, 8))
PER_STEP = AxisEffect("per_step", "independent")
LINEAR = leaf(
    "linear_1", "Linear", "Linear 8→8", tensor("weight", 8, 8), tensor("bias", 8), line=9, output=ROWS, axes=PER_STEP
)
RELU = leaf("relu_1", "ReLU", "ReLU", line=10, output=ROWS, axes=PER_STEP)
BLOCK = (LINEAR, RELU)


def copy(number: int, *rows: LayerRow) -> tuple[LayerRow, ...]:
    """A copy of a block, by its number; without rows those of BLOCK."""
    return container(str(number), "Block", *(rows or BLOCK), line=7, path="layers[0]")


def repeat(*copies: Sequence[LayerRow], name: str = "block_1") -> tuple[LayerRow, ...]:
    """The rows of a repeat."""
    summary = f"Block ×{len(copies)}"
    return container(name, "Repeat", *(row for rows in copies for row in rows), summary=summary, line=7)


def shown(layers: Sequence[LayerRow]) -> list[tuple[str, int]]:
    """The names of the rows, without those inside the copies, and how many copies each stands for."""
    return [(item.row.name, item.copies) for item in tree(layers, 1, unfold=False)]


def difference(by: float | None) -> Comparison:
    sides = Outcome((2, 16, 8), None)
    return Comparison("values_differ", "bare", "why", sides, sides, by)


def screen(command: str, *layers: LayerRow, **options: object) -> str:
    return written("table", command, samples.spec("copies", layers), **options)


def test_equal_copies_stand_in_one_row_under_their_numbers() -> None:
    layers = repeat(copy(0), copy(1), copy(2), copy(3))
    expected = ["block_1", "block_1.0–3", "block_1.0–3.linear_1", "block_1.0–3.relu_1"]
    assert expected == [group.row.name for group in folded(layers)]
    assert [1, 4, 1, 1] == [group.count for group in folded(layers)]


def test_the_total_of_the_copies_and_the_count_of_each_are_both_told() -> None:
    lines = screen("shape", *repeat(*map(copy, range(4)))).splitlines()
    rows = [re.split("  +", line.strip()) for line in lines]
    assert [["Block ×4", "(B, T, 8)", "288"], ["└ 0–3: Block", "(B, T, 8)", "4 × 72"]] == rows[3:5]


def test_unfolded_every_copy_has_its_rows() -> None:
    layers = repeat(*map(copy, range(4)))
    assert list(layers) == [item.row for item in tree(layers, unfold=True)]
    assert {1} == {item.copies for item in tree(layers, unfold=True)}
    assert screen("shape", *layers, unfold=True).count("Linear 8→8") == 4


@pytest.mark.parametrize("name", ["csv", "json"])
def test_programs_get_every_row_folded_or_not(name: str) -> None:
    spec = samples.spec("copies", repeat(*map(copy, range(4))))
    assert written(name, "shape", spec) == written(name, "shape", spec, unfold=True)
    names = re.findall(r"block_1\.\d\.linear_1", written(name, "shape", spec))
    assert [f"block_1.{number}.linear_1" for number in range(4)] == names


@pytest.mark.parametrize("odd", [0, 1, 2, 3])
def test_a_copy_that_differs_stands_by_itself_between_runs_of_equal_ones(odd: int) -> None:
    copies = [copy(number) for number in range(4)]
    copies[odd] = copy(odd, leaf("linear_1", "Linear", "Linear 8→8", tensor("weight", 8, 8), line=9), RELU)
    expected = {
        0: [("0", 1), ("1–3", 3)],
        1: [("0", 1), ("1", 1), ("2–3", 2)],
        2: [("0–1", 2), ("2", 1), ("3", 1)],
        3: [("0–2", 3), ("3", 1)],
    }[odd]
    assert [("block_1", 1), *((f"block_1.{name}", count) for name, count in expected)] == shown(repeat(*copies))


@pytest.mark.parametrize("field", [field.name for field in fields(LayerRow) if field.name != "depth"])
def test_copies_are_equal_only_to_the_last_fact(field: str) -> None:
    second = repeat(copy(0), copy(1))
    row = second[-1]
    other = {
        "name": "block_1.1.relu_2", "error": "ValueError: no", "shared_with": "elsewhere", "comparison": difference(0.1)
    }.get(field, object())  # fmt: skip
    changed = (*second[:-1], replace(row, **{field: other}))  # type: ignore[arg-type]
    assert [("block_1", 1), ("block_1.0–1", 2)] == shown(second)
    assert len(second) == len(folded(changed))


def test_copies_that_raise_are_never_put_together() -> None:
    raised = replace(RELU, error="ValueError: no")
    layers = repeat(copy(0), copy(1), copy(2, LINEAR, raised), copy(3, LINEAR, raised))
    assert [count for _, count in shown(layers) if count > 1] == [2]
    assert screen("shape", *layers).count("ValueError: no") == 2


def test_weights_shared_inside_a_copy_are_named_inside_it() -> None:
    def sharing(number: int) -> tuple[LayerRow, ...]:
        again = replace(leaf("share_1", "Linear", "Linear 8→8"), shared_with=f"block_1.{number}.linear_1")
        return copy(number, LINEAR, again)

    (last,) = folded(repeat(sharing(0), sharing(1)))[-1:]
    assert "block_1.0–1.linear_1" == last.row.shared_with


def test_a_copy_that_shares_the_weights_of_another_is_another() -> None:
    again = replace(leaf("linear_1", "Linear", "Linear 8→8"), shared_with="block_1.0.linear_1")
    layers = repeat(copy(0), copy(1, again, RELU), copy(2, again, RELU))
    assert [("block_1", 1), ("block_1.0", 1), ("block_1.1–2", 2)] == shown(layers)


def test_of_differences_that_follow_the_weights_the_largest_is_told() -> None:
    layers = repeat(*(copy(n, replace(LINEAR, comparison=difference(by))) for n, by in enumerate([0.25, 0.5, 0.125])))
    assert "other values, by 0.5" in screen("compare", *layers)
    assert 1 == screen("compare", *layers).count("other values")


@pytest.mark.parametrize("by", [inf, nan, None])
def test_a_difference_of_another_kind_is_not_hidden(by: float | None) -> None:
    layers = repeat(*(copy(n, replace(LINEAR, comparison=difference(one))) for n, one in enumerate([0.25, by])))
    assert [("block_1", 1), ("block_1.0", 1), ("block_1.1", 1)] == shown(layers)


def test_steps_that_are_named_one_by_one_are_not_folded() -> None:
    layers = (*container("block_1", "Block", *BLOCK), *container("block_2", "Block", *BLOCK))
    assert list(layers) == [group.row for group in folded(layers)]


def test_copies_inside_copies_fold_too() -> None:
    inner = repeat(copy(0), copy(1), name="inner")
    layers = repeat(*(container(str(n), "Outer", *inner, path="layers[0]") for n in range(3)), name="outer")
    expected = [("outer", 1), ("outer.0–2", 3), ("outer.0–2.inner", 1), ("outer.0–2.inner.0–1", 2)]
    assert expected == [(group.row.name, group.count) for group in folded(layers)][:4]


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_depth_hides_what_is_inside_and_not_how_many_there_are(depth: int) -> None:
    rows = tree(repeat(*map(copy, range(4))), depth, unfold=False)
    assert depth == max(item.row.depth for item in rows)
    assert 288 == leaves_sum(rows)


def leaves_sum(rows: list[TreeRow]) -> int:
    """The parameters of the innermost rows that are shown, times the copies that they are inside of."""
    above: list[TreeRow] = []
    total = 0
    for item in rows:
        above = [*(holder for holder in above if holder.row.depth < item.row.depth), item]
        times = 1
        for holder in above:
            times *= holder.copies
        total += 0 if item.opened else item.row.params * times
    return total


def _parts(children: st.SearchStrategy[tuple[LayerRow, ...]]) -> st.SearchStrategy[tuple[LayerRow, ...]]:
    def together(drawn: list[tuple[LayerRow, ...]]) -> tuple[LayerRow, ...]:
        numbered = (copy(number, *rows) for number, rows in enumerate(drawn))
        return repeat(*numbered, name="again")

    return st.lists(st.sampled_from([0, 1]), min_size=1, max_size=4).flatmap(
        lambda picks: st.tuples(children, children).map(lambda kinds: together([kinds[pick] for pick in picks]))
    )


LAYERS = st.recursive(st.integers(1, 2).map(lambda n: (leaf("a", "Linear", "Linear", tensor("weight", n)),)), _parts)


@settings(max_examples=60, deadline=None)
@given(LAYERS, st.one_of(st.none(), st.integers(0, 4)))
def test_folded_rows_add_up_to_what_all_rows_add_up_to(layers: tuple[LayerRow, ...], depth: int | None) -> None:
    total = sum(row.params for row in layers if not row.container)
    assert total == leaves_sum(tree(layers, depth, unfold=False)) == leaves_sum(tree(layers, depth))


@pytest.mark.parametrize(
    ("expected", "text", "copies"),
    [
        ("12 × 7,087,872", "7,087,872", 12),
        ("7,087,872", "7,087,872", 1),
        ("·", "·", 12),
        ("?", "?", 12),
        ("", "", 12),
        ("≥ 12 × 7.1 M", "≥ 7.1 M", 12),
        ("1,200 × 32 B", "32 B", 1200),
    ],
)
def test_a_number_of_several_copies_says_how_many(expected: str, text: str, copies: int) -> None:
    assert expected == per_copy(text, copies)


@pytest.mark.parametrize("width", [40, 80])
def test_folded_copies_are_as_their_golden_file(golden: Callable[[str, str], None], width: int) -> None:
    first = copy(0, replace(LINEAR, trainable_params=0), RELU)
    layers = (LINEAR, *repeat(first, *map(copy, range(1, 4))), *repeat(*map(copy, range(12)), name="deep"))
    text = "\n".join(screen(command, *layers, width=width) for command in ("shape", "params", "axes"))
    golden(f"formats/copies-{width}.txt", text)
    if width == 80:
        golden("formats/copies.md", written("markdown", "params", samples.spec("copies", layers)))


def test_the_command_line_folds_and_unfolds(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    spec = tmp_path / "x.yaml"
    spec.write_text("input: [B, 8]\nlayers:\n  - Linear: 8\n    repeat: 4\n")
    assert 0 == main(["shape", str(spec)])
    assert 2 == capsys.readouterr().out.count("Linear")
    assert 0 == main(["shape", str(spec), "--unfold"])
    assert 5 == capsys.readouterr().out.count("Linear")
