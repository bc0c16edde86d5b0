"""Which layer became which: what a person would say."""

from __future__ import annotations

from tdinspect.analysis.diff import LayerDiff
from tests.diff.made import report, spec_diff

BLOCKS = """\
input: [B, T, 16]
blocks:
  Block:
    params: {width: 16}
    layers:
      - Linear: $width
      - ReLU
layers:
"""


def stack(*widths: int) -> str:
    return BLOCKS + "".join(f"  - Block: {{width: {width}}}\n" for width in widths)


def steps(*lines: str) -> str:
    return "input: [B, T, 16]\nlayers:\n" + "".join(f"  - {line}\n" for line in lines)


def told(before: str, after: str) -> list[tuple[str | None, str | None]]:
    """The names before and after of all layers that are not the same."""
    return [
        (_name(one, "before"), _name(one, "after")) for one in spec_diff(before, after).layers if one.kind != "same"
    ]


def _name(one: LayerDiff, side: str) -> str | None:
    row = one.before if side == "before" else one.after
    return None if row is None else row.name


def test_a_block_put_between_others_leaves_them_alone() -> None:
    new = [(None, f"block_2{inner}") for inner in ("", ".linear_1", ".relu_1")]
    follower = [("block_2.linear_1", "block_3.linear_1")]  # it takes another width now
    assert [*new, *follower] == told(stack(8, 24, 32), stack(8, 40, 24, 32))
    assert [(after, before) for before, after in new] + [("block_3.linear_1", "block_2.linear_1")] == told(
        stack(8, 40, 24, 32), stack(8, 24, 32)
    )


def test_the_layers_of_a_block_stay_with_their_block() -> None:
    changed = spec_diff(stack(16, 16, 16), stack(16, 16, 16, 16))
    matched = [(one.before.name, one.after.name) for one in changed.layers if one.before and one.after]
    assert all(before == after for before, after in matched)
    assert [f"block_4{inner}" for inner in ("", ".linear_1", ".relu_1")] == [
        one.after.name for one in changed.layers if one.after and not one.before
    ]


def test_a_layer_that_was_wrapped_or_unwrapped_is_the_same_layer() -> None:
    bare, wrapped = steps("Linear: 8", "ReLU", "Linear: 4"), steps("Sequential: [{Linear: 8}, ReLU]", "Linear: 4")
    moved = [("linear_1", "sequential_1.linear_1"), ("relu_1", "sequential_1.relu_1")]
    assert [(None, "sequential_1"), *moved] == told(bare, wrapped)
    assert {("sequential_1", None), *((after, before) for before, after in moved)} == {*told(wrapped, bare)}


def test_a_name_that_was_given_says_more_than_the_type() -> None:
    before = steps("{name: mix, Linear: 16}", "ReLU", "{name: out, Linear: 16}")
    after = steps("{name: mix, LSTM: 16}", "ReLU", "{name: out, Linear: 16}")
    [changed] = [one for one in spec_diff(before, after).layers if one.kind != "same"]
    assert ("mix", {"type", "params"}) == (_name(changed, "after"), {"type", "params"} & {*changed.what})


def test_numbers_in_names_that_move_on_are_no_change() -> None:
    before, after = steps("ReLU", "Linear: 8", "ReLU"), steps("Linear: 16", "ReLU", "Linear: 8", "ReLU")
    assert [(None, "linear_1")] == told(before, after)


def test_findings_move_with_their_layers() -> None:
    """TD207 tells of the same layer before and after, in other words and on another line."""
    loose = "{name: loose, Linear: 3, from: relu_1}", "{name: out, Linear: 2, from: relu_1}"
    before, after = steps("ReLU", *loose), steps("Linear: 24", "ReLU", *loose)
    assert ["TD207"] == [finding.code for finding in report(before).findings]
    changed = spec_diff(before, after)
    assert ((), ()) == (changed.new, changed.fixed)
    assert ["TD207"] == [finding.code for finding in spec_diff(steps("ReLU", loose[1]), after).new]
