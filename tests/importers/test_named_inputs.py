"""A mapping `from` on a container: its keys are the names that the values have inside."""

from __future__ import annotations

import pytest

from tdinspect.domain.spec import Container, Repeat
from tdinspect.importers import read_spec
from tests.importers.reading import codes, steps

HEAD = "inputs: {a: [B, T, 8], b: [B, T, 8]}\ntime_axis: T"
ADD = ["    - add:", "      from: [x, y]"]
CONTAINERS = {
    "TimeDistributed": ["- TimeDistributed:", *ADD],
    "Sequential": ["- Sequential:", *ADD],
    "Residual": ["- Residual:", *ADD],
    "Recurrent": [
        "- Recurrent:",
        "    state: {h: [8]}",
        "    layers:",
        "      - add: {}",
        "        from: [x, y]",
        "        name: s",
        "    next: {h: s}",
    ],
}


@pytest.mark.parametrize("lines", CONTAINERS.values(), ids=CONTAINERS)
def test_the_keys_are_names_inside_in_the_order_of_the_values(lines: list[str]) -> None:
    step = steps(*lines, "  from: {x: a, y: b}", head=HEAD)[0]
    assert (("a", "b"), ("x", "y")) == (step.source, step.entering)


def test_under_time_distributed_the_outer_names_do_not_enter() -> None:
    text = f"{HEAD}\nlayers:\n  - TimeDistributed:\n      - add:\n        from: [x, b]\n    from: {{x: a, y: b}}\n"
    found = read_spec(text, "x.yaml").findings
    assert ["TD006"] == [finding.code for finding in found]
    assert "from: {x: a, y: b, b: b}" in str(found[0].help)


def test_a_shortcut_sees_the_keys_as_well() -> None:
    lines = ["- Residual:", "    layers:", "      - Linear: 8", "        from: x", "    shortcut:"]
    assert steps(*lines, "      - Linear: 8", "        from: y", "  from: {x: a, y: b}", head=HEAD)


def test_copies_have_the_names_too() -> None:
    step = steps("- Sequential:", *ADD, "  from: {x: a, y: b}", "  repeat: 2", head=HEAD)[0]
    assert isinstance(step.operation, Repeat)
    assert [("x", "y")] * 2 == [copy.entering for copy in step.operation.steps]


def test_a_first_step_that_says_nothing_takes_the_values_as_keywords() -> None:
    lines = ["- Sequential:", "    - MultiheadAttention: 8", "  from: {query: a, key: b, value: b}"]
    container = steps(*lines, head=HEAD)[0].operation
    assert isinstance(container, Container)
    assert {"query": "query", "key": "key", "value": "value"} == container.steps[0].source


def test_one_value_goes_into_the_first_step_as_it_is() -> None:
    container = steps("- Sequential: [Linear: 8]", "  from: {x: a}", head=HEAD)[0].operation
    assert isinstance(container, Container)
    assert container.steps[0].source is None


def test_a_shared_container_takes_its_values_by_the_same_names_in_any_order() -> None:
    shared = ["- share: sequential_1", "  from: {y: a, x: b}"]
    found = steps("- Sequential:", *ADD, "  from: {x: a, y: b}", *shared, head=HEAD)
    assert ("b", "a") == found[1].source


def test_a_shared_container_that_comes_first_takes_them_by_name_too() -> None:
    shared = ["- Sequential: [share: sequential_1]", "  from: {y: a, x: b}"]
    container = steps("- Sequential:", *ADD, "  from: {x: a, y: b}", *shared, head=HEAD)[1].operation
    assert isinstance(container, Container)
    assert (("x", "y"), ("x", "y")) == (container.steps[0].source, container.steps[0].entering)


@pytest.mark.parametrize(
    ("code", "source"),
    [
        ("TD006", "{x: a, z: b}"),  # of z
        ("TD003", "{x: a}"),  # of y
    ],
)
def test_a_shared_container_takes_no_other_names(code: str, source: str) -> None:
    lines = ["- Sequential:", *ADD, "  from: {x: a, y: b}", "- share: sequential_1", f"  from: {source}"]
    assert code in codes("\n".join([HEAD, "layers:", *(f"  {line}" for line in lines)]))


def test_a_key_that_is_no_name_or_is_a_state_is_refused() -> None:
    assert ["TD003"] == codes(f"{HEAD}\nlayers:\n  - Sequential: [ReLU]\n    from: {{x-y: a}}\n")
    recurrent = "\n".join(f"  {line}" for line in CONTAINERS["Recurrent"])
    assert ["TD007"] == codes(f"{HEAD}\nlayers:\n{recurrent}\n    from: {{x: a, y: b, h: b}}\n")
