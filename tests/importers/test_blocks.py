"""Blocks, repeats and what a use writes out."""

from __future__ import annotations

import pytest

from tdinspect.domain.spec import Block, Container, Expression, Layer, Recurrent, Repeat, Residual, Source, Step
from tdinspect.importers import read_spec
from tests.importers.reading import codes, good

HEAD = "input: [B, T, H]\nsizes: {T: 4}\nvars: {n: 7}\n"


def steps(blocks: str, layers: str) -> tuple[Step, ...]:
    return good(f"{HEAD}blocks: {{{blocks}}}\nlayers: {layers}").steps


def inside(step: Step) -> tuple[Step, ...]:
    assert isinstance(step.operation, Container)
    return step.operation.steps


def scalar(step: Step) -> object:
    assert isinstance(step.operation, Layer)
    return step.operation.args.scalar


LINEAR = "A: {params: {c: 8, k: 3}, layers: [{Linear: $c}]}"


@pytest.mark.parametrize(
    ("expected", "use"),
    [
        (8, "A"),
        (8, "A: "),
        (5, "A: 5"),
        (5, "A: {c: 5}"),
        (8, "A: {k: 5}"),
        (7, "A: $n"),
        (14, "A: {c: $(n * 2)}"),
        (Expression("H", frozenset("H")), "A: $H"),
        (Expression("H // 2", frozenset("H")), "A: {c: $(H // 2)}"),
    ],
)
def test_a_param_is_what_the_use_gives_or_its_default(expected: object, use: str) -> None:
    assert expected == scalar(inside(steps(LINEAR, f"[{{{use}}}]" if ":" in use else f"[{use}]")[0])[0])


def test_a_size_in_a_param_is_put_into_the_expressions_of_the_block() -> None:
    found = steps("A: {params: {p: 1}, layers: [{Linear: $(p * 2 + n)}]}", "[{A: $(H - 1)}]")
    assert Expression("(H - 1) * 2 + 7", frozenset("H")) == scalar(inside(found[0])[0])


def test_a_param_hides_a_var_and_only_inside() -> None:
    found = steps("A: {params: {n: 1}, layers: [{Linear: $n}]}", "[A, {Linear: $n}]")
    assert (1, 7) == (scalar(inside(found[0])[0]), scalar(found[1]))


def test_a_default_may_read_vars_and_the_params_before_it() -> None:
    found = steps("A: {params: {c: $n, half: $(c // 2)}, layers: [{Linear: $half}]}", "[A, {A: 20}]")
    assert [3, 10] == [scalar(inside(step)[0]) for step in found]


def test_a_block_does_not_see_the_params_of_the_block_that_uses_it() -> None:
    text = "blocks: {A: {params: {c: 1}, layers: [Bb]}, Bb: [{Linear: $c}]}\nlayers: [A]"
    assert ["TD006"] == codes(HEAD + text)


def test_the_steps_of_a_block_say_where_it_is_used() -> None:
    found = steps("A: [Bb], Bb: {layers: [ReLU]}", "[ReLU, A]")
    relu = inside(inside(found[1])[0])[0]
    assert ("blocks", "Bb", "layers", 0) == relu.path
    assert (("layers", 1), ("blocks", "A", 0)) == relu.uses


def test_a_mistake_in_a_block_is_said_once_with_its_first_use() -> None:
    findings = read_spec(f"{HEAD}blocks:\n  A: [{{Linear: $x}}]\nlayers: [ReLU, A, A]", "x.yaml").findings
    assert [("TD006", [(6, 16)])] == [(f.code, [(u.line, u.column) for u in f.use_positions]) for f in findings]


def test_a_block_keeps_its_inputs_and_outputs() -> None:
    found = steps(
        "A: {inputs: [x, y], outputs: [z, x], layers: [{add: , from: [x, y], name: z}]}",
        "[{A: , from: [input, input]}]",
    )
    operation = found[0].operation
    assert isinstance(operation, Block)
    assert (("x", "y"), ("z", "x")) == (operation.inputs, operation.outputs)


def test_the_spec_says_where_its_blocks_stand() -> None:
    assert {"A": ("blocks", "A")} == good(HEAD + "blocks: {A: [ReLU]}\nlayers: [ReLU]").blocks


def test_copies_are_the_same_step_under_their_numbers() -> None:
    step = steps("A: [ReLU]", "[{A: , repeat: 3, name: a, from: input, call: {x: 1}, trainable: false}]")[0]
    assert isinstance(step.operation, Repeat)
    assert ["0", "1", "2"] == [copy.name for copy in step.operation.steps]
    assert [(None, {"x": 1}, False)] * 3 == [(c.source, c.call, c.trainable) for c in step.operation.steps]
    assert ("a", "input", {}, None) == (step.name, step.source, step.call, step.trainable)


def test_a_repeat_reads_a_size_that_is_given_only() -> None:
    step = good(HEAD + "layers: [{ReLU: , repeat: $(T * 2)}]").steps[0]
    assert 8 == len(inside(step))
    assert ["TD003"] == codes(HEAD + "layers: [{ReLU: , repeat: $H}]")


def test_a_shortcut_is_one_step_of_its_own() -> None:
    step = good(HEAD + "layers: [{Residual: {layers: [ReLU], shortcut: [Tanh, ReLU]}}]").steps[0]
    assert isinstance(step.operation, Residual)
    assert step.operation.shortcut is not None
    assert ("shortcut", ["tanh_1", "relu_1"]) == (
        step.operation.shortcut.name,
        [inner.name for inner in inside(step.operation.shortcut)],
    )


def test_a_recurrent_keeps_its_states() -> None:
    keys = "state: {h: [4, H]}, layers: [{Linear: 4}], next: {h: linear_1}, initial: {h: a}"
    text = f"layers: [{{Linear: 4, name: a}}, {{Recurrent: {{{keys}}}}}]"
    operation = good(HEAD + text).steps[1].operation
    assert isinstance(operation, Recurrent)
    assert ({"h": (4, "H")}, {"h": "linear_1"}, {"h": "a"}) == (operation.state, operation.next, operation.initial)


def test_a_module_among_the_arguments_is_a_layer_with_its_place() -> None:
    operation = good(HEAD + "layers: [{Enc: {layer: {pkg.Act: 3}, n: {a: 1}}}]").steps[0].operation
    assert isinstance(operation, Layer)
    layer = operation.args.named["layer"]
    assert isinstance(layer, Layer)
    assert ("pkg.Act", 3, ("layers", 0, "Enc", "layer", "pkg.Act")) == (layer.type, layer.args.scalar, layer.path)
    assert {"a": 1} == operation.args.named["n"]


def test_a_tensor_that_no_input_gives_is_a_source() -> None:
    found = good(HEAD + "layers: [{parameter: {shape: [1]}}, {causal_mask: $T}]").steps
    assert [Source, Source] == [type(step.operation) for step in found]


@pytest.mark.parametrize(
    ("expected", "parts"),
    [([], "[a, b]"), ([], "[a]"), ([], "[a, [b, c]]"), (["TD003"], "[a, b, c]"), (["TD003"], "[a, b, _]")],
)
def test_as_names_no_more_parts_than_a_block_has_outputs(expected: list[str], parts: str) -> None:
    block = "blocks:\n  Both:\n    outputs: [left, right]\n    layers:\n"
    layers = "      - ReLU:\n        name: left\n      - ReLU:\n        name: right\n"
    assert expected == codes(f"{block}{layers}input: [B, 8]\nlayers:\n  - Both:\n    as: {parts}\n")
