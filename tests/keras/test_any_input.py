"""Whatever a model's JSON says, there is a spec or a finding: values taken out, put in another's place, or replaced."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest

from tdinspect.importers import read_spec
from tdinspect.keras.model import import_model
from tdinspect.keras.reading import read_json
from tests.keras.texts import given, layer, node, old_functional, sequential

_ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    2,
    10**30,
    1.5,
    float("inf"),
    "",
    "same",
    [],
    {},
    [1, 2],
    [[1, 2], 3],
    ["a", 0, 0],
]
_FRAMES = {"class_name": "Sequential", "config": {"name": "frames", "layers": [
    given([None, 8, 8, 3]),
    layer("Conv2D", "c", filters=4, kernel_size=[3, 3], strides=[2, 2], padding="same", activation="relu"),
    layer("BatchNormalization", "b", axis=[3], momentum=0.9, epsilon=1e-3),
    layer("Flatten", "f"),
]}}  # fmt: skip
_LSTM = {"units": 4, "activation": "tanh", "recurrent_activation": "sigmoid", "return_sequences": True}
_MODELS = (
    sequential(
        given([None, None, 8, 8, 3]),
        layer("TimeDistributed", "td", layer=_FRAMES),
        layer("Bidirectional", "bi", layer=layer("LSTM", "l", **_LSTM), merge_mode="concat"),
        layer("Conv1D", "c1", filters=3, kernel_size=[3], padding="causal"),
        layer("LayerNormalization", "n", axis=[-1], epsilon=1e-3),
        layer("GlobalAveragePooling1D", "g"),
        layer("Reshape", "r", target_shape=[3, 1]),
    ),
    old_functional(
        [
            node(given([None, 6, 4], "i")),
            node(layer("Dense", "d", units=4), [["i", 0, 0, {}]], [["d", 0, 0, {}]]),
            node(layer("Dot", "p", axes=[2, 2]), [["i", 0, 0, {}], ["d", 1, 0, {}]]),
            node(layer("Concatenate", "e", axis=-1), [["p", 0, 0, {}], ["d", 0, 0, {}]]),
        ],
        ["i"],
        ["e", "d"],
    ),
)


def _places(data: Any) -> list[tuple[Any, Any]]:
    keys = list(data) if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ()
    return [place for key in keys for place in [(data, key), *_places(data[key])]]


@pytest.mark.parametrize("seed", range(4))
def test_a_changed_model_is_a_spec_or_a_finding(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(150):
        data = json.loads(chance.choice(_MODELS))
        places = _places(data["config"])
        for _ in range(chance.choice((1, 1, 2, 3))):
            holder, key = chance.choice(places)
            other, place = chance.choice(places)
            holder[key] = copy.deepcopy(chance.choice([*_ODD, other[place]]))
        try:
            text = json.dumps(data).encode()
        except (ValueError, RecursionError):  # put inside itself
            continue
        imported = import_model(read_json(text))
        assert (imported.text is None) == any(finding.severity == "error" for finding in imported.findings)
        if imported.text is not None:
            assert () == read_spec(imported.text, "model.yaml").findings, imported.text
