"""What is known of each family, what runs show, and what one changed element at a time shows: all the same."""

from __future__ import annotations

from math import prod

import pytest
from torch import nn

from tdinspect.building.signatures import layer_classes
from tdinspect.domain.effect import Effect, time_effect
from tdinspect.running.dependence.effects import known_effect
from tdinspect.running.dependence.probe import probed_effect
from tdinspect.running.dependence.times import rate, time_size
from tdinspect.running.sides import Leaf, infos_of
from tests.running.effects.leaves import SIZES, world_of
from tests.running.effects.reference import time_and_batch
from tests.running.effects.table import Case, cases
from tests.running.tables import NO_LAYERS, OF_PARTS, one_thread  # noqa: F401 - a fixture for all

WORLD = world_of()
CASES = cases()
# Where the values go, the indices say, and those are drawn.
DRAWN = ("MaxUnpool1d",)


def probed(leaf: Leaf) -> Effect:
    found = probed_effect(leaf, WORLD, SIZES, {})
    assert found is not None
    return found


def words(leaf: Leaf, effect: Effect, known: Effect | None) -> tuple[str, ...]:
    """A line's last column."""
    after = time_size(leaf.outputs[0], None, WORLD)
    found = []
    for i, info in enumerate(infos_of(leaf.flow)):
        before = time_size(info, None, WORLD)
        if before is not None:
            steps = before.value(SIZES)
            found.append(
                "gone" if after is None else time_effect(effect.links[0, i], steps, rate(before, after, WORLD))
            )
    batch = "-" if effect.mixes_batch is None else "mixes" if effect.mixes_batch[0] else "independent"
    unlike = () if effect.alike else ("unlike",)
    why = ("probed",) if known is None else (known.why,) if known.why else ()
    return (",".join(found) or "none", batch, *unlike, *why)


def test_every_layer_of_torch_is_in_the_table() -> None:
    lazy = {name for name in layer_classes() if name.startswith("Lazy")}
    expected = {name for name in layer_classes() if not name.endswith(NO_LAYERS)} - lazy - OF_PARTS
    missing = expected - {case.name for case in CASES}
    assert {"AdaptiveLogSoftmaxWithLoss", "NLLLoss2d"} >= missing
    assert len(CASES) > 350


@pytest.mark.parametrize("case", CASES, ids=[case.text for case in CASES])
def test_what_is_known_is_what_runs_show(case: Case) -> None:
    leaf = case.leaf()
    shown, known = probed(leaf), known_effect(leaf, WORLD, SIZES)
    assert case.words == words(leaf, shown, known)
    if known is not None:
        assert (shown.links, shown.samples) == (known.links, known.samples)
        assert (shown.mixes_batch, shown.alike) == (known.mixes_batch, known.alike)


def elements(case: Case) -> int:
    """How many numbers go in: the slow way takes runs for each."""
    return sum(prod(info.shape(SIZES)) for info in infos_of(tuple(case.given())))


def smallest_of_each() -> list[Case]:
    """The smallest case of each class that has a batch, if one has."""
    found: dict[str, Case] = {}
    for case in sorted(CASES, key=lambda case: ("B" not in case.inputs, elements(case))):
        if "Transformer" not in case.name and case.name not in DRAWN and elements(case) <= 72:
            found.setdefault(case.name, case)
    return list(found.values())


SMALL = smallest_of_each()


@pytest.mark.parametrize("case", SMALL, ids=[case.text for case in SMALL])
def test_one_element_at_a_time_shows_the_same(case: Case) -> None:
    leaf = case.leaf()
    module: nn.Module = getattr(nn, case.name)(**case.named())
    shown = probed(leaf)
    assert (shown.links, shown.samples) == time_and_batch(module, leaf.flow.args, list(leaf.outputs))


def test_the_slow_way_sees_most_families() -> None:
    assert len(SMALL) > 70
