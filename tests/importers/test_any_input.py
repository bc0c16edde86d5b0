"""Whatever a file holds, reading answers with findings and never raises."""

from __future__ import annotations

import json

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tdinspect.domain.location import Path
from tdinspect.importers import ParsedSpec, read_spec
from tdinspect.importers.arguments import STEP_KEYS
from tdinspect.importers.spec_parser import KEYS

YAML_LIKE = st.text(alphabet="ab:-[]{}#&*!|>'\"%@`,?~<$()=. \n\t0123\ufeff\x85\u2028", max_size=60)
WORDS = [
    *KEYS,
    *STEP_KEYS,
    *(
        "ReLU",
        "softmax",
        "TimeDistributed",
        "Sequential",
        "Residual",
        "Recurrent",
        "parameter",
        "zeros",
        "Mine",
        "Other",
        "pkg.Net",
        "Conv2d(3, 16)",
    ),
    *("B", "T", "$T", "$n", "$(T // n)", "$(", "$$", "none", "_", "...", "relu_1", "a.b", "shape", "dtype", "high"),
    *("output", "params", "free", "fails", "TD102", "5M", "min", "mode", "chunk_size", "n", "input", "x"),
]
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 70), st.floats(), st.sampled_from(WORDS), st.text(max_size=6)
)
DATA = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    ),
    max_leaves=20,
)
STEPS = st.lists(
    st.one_of(
        st.sampled_from(WORDS),
        st.dictionaries(
            st.sampled_from(
                ["ReLU", "TimeDistributed", "Residual", "Recurrent", "Mine", "Other", "zeros", "softmax", *STEP_KEYS]
            ),
            DATA,
        ),
    ),
    max_size=5,
)
BLOCKS = st.dictionaries(
    st.sampled_from(["Mine", "Other", "relu", "Residual"]),
    st.one_of(
        STEPS,
        DATA,
        st.fixed_dictionaries(
            {"layers": STEPS},
            optional={
                "params": st.dictionaries(st.sampled_from(["n", "T", "p"]), SCALARS, max_size=3),
                "inputs": st.lists(st.sampled_from(["input", "x", "y"]), max_size=2),
                "outputs": st.lists(st.sampled_from(["relu_1", "x"]), max_size=2),
            },
        ),
    ),
    max_size=3,
)
SPECS = st.fixed_dictionaries(
    {"layers": st.one_of(STEPS, DATA)},
    optional={
        "input": st.one_of(st.lists(st.sampled_from(["B", "T", "$n", 3, 0, "x y"]), max_size=4), DATA),
        "inputs": st.dictionaries(st.sampled_from(["x", "relu_1", "a b"]), DATA, max_size=3),
        "blocks": BLOCKS,
        **{key: DATA for key in KEYS if key not in ("input", "inputs", "layers", "blocks")},
    },
)
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check(parsed: ParsedSpec) -> None:
    """What holds for every answer."""
    lines = parsed.document.text.count("\n") + parsed.document.text.count("\r") + 5
    places = [f.position for f in parsed.findings]
    assert parsed.findings or parsed.spec is not None
    for place in places:
        assert place is not None
        assert 1 <= place.line <= lines
        assert 1 <= place.column
        assert (place.line, place.column) <= (place.end_line, place.end_column)
    order = [(place.line, place.column) for place in places if place]
    assert sorted(order) == order


@QUICK
@given(st.one_of(st.text(), YAML_LIKE))
def test_any_text_is_answered(text: str) -> None:
    check(read_spec(text, "x.yaml"))


@QUICK
@given(st.binary(max_size=80))
def test_any_bytes_are_answered(source: bytes) -> None:
    read_spec(source, "x.yaml")


@QUICK
@given(SPECS)
def test_any_data_in_the_form_of_a_spec_is_answered(data: dict[str, object]) -> None:
    check(read_spec(json.dumps(data), "x.yaml"))


@QUICK
@given(SPECS)
def test_any_data_in_block_style_is_answered(data: dict[str, object]) -> None:
    check(read_spec(yaml.safe_dump(data, default_flow_style=False, allow_unicode=True), "x.yaml"))


@QUICK
@given(DATA, st.dictionaries(st.sampled_from(["T", "n", "x"]), st.text(max_size=5), max_size=2))
def test_any_data_and_any_override_is_answered(data: object, overrides: dict[str, str]) -> None:
    read_spec(json.dumps(data), "x.yaml", overrides)
    read_spec("input: [B, T]\nvars: {n: 3}\nlayers: [ReLU]", "x.yaml", overrides)


@QUICK
@given(DATA)
def test_every_place_of_a_document_is_found(data: object) -> None:
    document = read_spec(json.dumps(data, indent=1), "x.yaml").document

    def walk(value: object, path: Path) -> None:
        assert document.locate(path) is not None
        if isinstance(value, dict):
            for key, item in value.items():
                assert document.locate((*path, key), on_key=True) is not None
                walk(item, (*path, key))
        elif isinstance(value, list):
            for index, item in enumerate(value):
                walk(item, (*path, index))

    if document.root is not None:
        walk(document.data, ())
