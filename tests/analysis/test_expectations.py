"""What `expect` says, held to what was seen."""

from __future__ import annotations

import pytest

from tdinspect.analysis.expectations import Seen, as_meant, broken
from tdinspect.domain.effect import ModelAxes, TimeEffect
from tdinspect.domain.finding import Finding
from tdinspect.domain.report import Shape, Totals
from tdinspect.domain.spec import Expect

SIZES = {"B": 2, "T": 6, "H": 64}
OUTPUT = Shape((2, 6, 16), ("B", "T", "H//4"))


def seen(stuck: dict[str, str] | None = None, axes: ModelAxes | None = None) -> Seen:
    totals = Totals(params=710, trainable_params=700, keras_params=705, param_bytes=2840)
    return Seen(SIZES, {"output": OUTPUT}, {"head": Shape((2, 10), ("B", "10"))}, totals, stuck or {}, axes)


def messages(expect: Expect, found: Seen | None = None) -> list[str]:
    return [finding.message for finding in broken(expect, found or seen())]


@pytest.mark.parametrize(
    "shape",
    [
        ("B", "T", "H//4"),
        ("B", "T", 16),
        (2, 6, 16),
        ("_", "T", "_"),
        ("...",),
        ("B", "..."),
        ("...", "H//4"),
        ("B", "...", "T", "H//4"),  # none between
    ],
)
def test_a_shape_that_fits_is_silent(shape: tuple[int | str, ...]) -> None:
    assert [] == messages(Expect(outputs={"output": shape}))


@pytest.mark.parametrize(
    "shape",
    [
        ("B", "T"),
        ("B", "T", "H//4", 1),
        ("B", "T", 17),
        ("T", "B", "_"),
        ("B", "T", "T+10"),  # 16 at these sizes, and another formula
        ("B", "T", "(H+3)//4"),  # 16 at these sizes
        ("B", "T", "H//4", "...", 16),
    ],
)
def test_a_shape_that_does_not_fit_is_told_with_both(shape: tuple[int | str, ...]) -> None:
    text = ", ".join(map(str, shape))
    expected = [f"the output is [B, T, H//4], and [{text}] is expected"]
    assert expected == messages(Expect(outputs={"output": shape}))


def test_a_formula_written_otherwise_is_the_same_formula() -> None:
    assert [] == messages(Expect(outputs={"output": ("B", "T", "(2*H)//8")}))


def test_layers_are_held_by_name() -> None:
    expect = Expect(layers={"head": ("B", 11), "none": ("B",)})
    expected = ["head is [B, 10], and [B, 11] is expected", "none has no shape to compare with [B]"]
    assert expected == messages(expect)


@pytest.mark.parametrize(
    ("expected", "bounds"),
    [
        ([], (710, 710)),
        ([], (700, None)),
        (["params is 710, above 100"], (None, 100)),
        (["params is 710, below 1,000"], (1000, 2000)),
        (["params is 710, and 711 is expected"], (711, 711)),
    ],
)
def test_counts_lie_within_their_bounds(expected: list[str], bounds: tuple[int | None, int | None]) -> None:
    assert expected == messages(Expect(counts={"params": bounds}))


def test_a_count_that_is_not_known_holds_nothing() -> None:
    expected = ["macs cannot be told of this model, so nothing holds it to what is expected"]
    assert expected == messages(Expect(counts={"macs": (None, 5)}))


def test_a_symbol_that_is_not_free_is_told_with_the_reason() -> None:
    expect = Expect(free=("B", "T"))
    assert ["T is not free: the sizes of bn follow it"] == messages(expect, seen({"T": "the sizes of bn follow it"}))


@pytest.mark.parametrize(
    ("holds", "time"),
    [
        (True, "per_step"),
        (True, "causal"),
        (True, "constant"),
        (False, "mixes"),
        (False, "anticausal"),
        (False, "gone"),
    ],
)
def test_causal_is_what_no_later_step_is_seen_by(holds: bool, time: TimeEffect) -> None:
    found = seen(axes=ModelAxes(time, "independent"))
    assert holds is (messages(Expect(causal=True), found) == [])
    assert holds is not (messages(Expect(causal=False), found) == [])


def test_samples_are_expected_to_stay_independent() -> None:
    expect = Expect(batch_independent=True)
    assert ["samples of the batch mix"] == messages(expect, seen(axes=ModelAxes("causal", "mixes")))
    assert [] == messages(expect, seen(axes=ModelAxes("causal", "independent")))
    assert ["whether the samples stay independent cannot be told"] == messages(expect)


FAILING = Finding("TD102", "it fails", ("layers", 0))


def test_a_spec_that_fails_as_meant_is_clean() -> None:
    assert () == as_meant(("TD102", "RuntimeError: no"), [FAILING], ["RuntimeError: no"])
    assert () == as_meant(("TD102", None), [FAILING], ["RuntimeError: whatever"])


def test_a_spec_that_does_not_fail_as_meant_is_told() -> None:
    (finding,) = as_meant(("TD102", None), [], [])
    assert ("TD301", "TD102 is expected, and the spec gives no finding") == (finding.code, finding.message)
    (finding,) = as_meant(("TD102", "RuntimeError: no"), [FAILING], ["RuntimeError: yes"])
    assert "TD102 comes with another text than the expected one: RuntimeError: yes" == finding.message


def test_other_findings_of_a_spec_that_is_meant_to_fail_stay() -> None:
    other = Finding("TD003", "wrong", ("vars",))
    assert (other,) == as_meant(("TD102", None), [other, FAILING], ["x"])
