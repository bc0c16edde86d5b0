"""Model files written by hand, as Keras 2 (``tf.keras`` 2.x) and Keras 3 write them; no Keras is needed."""

from __future__ import annotations

import json
from typing import Any

Data = dict[str, Any]


def layer(class_name: str, name: str, **config: Any) -> Data:
    return {"class_name": class_name, "config": {"name": name, **config}}


def sequential(*layers: Data, keras: str = "2.15.0") -> bytes:
    config = {"name": "sequential", "layers": list(layers)}
    return json.dumps(
        {"class_name": "Sequential", "config": config, "keras_version": keras, "backend": "tensorflow"}
    ).encode()


def given(shape: list[int | None], name: str = "input_1") -> Data:
    return layer("InputLayer", name, batch_input_shape=shape, dtype="float32", sparse=False, ragged=False)


def old_functional(layers: list[Data], inputs: list[str], outputs: list[str]) -> bytes:
    """Keras 2: each layer has its own ``inbound_nodes`` of nested lists."""
    config = {
        "name": "model",
        "layers": layers,
        "input_layers": [[name, 0, 0] for name in inputs],
        "output_layers": [[name, 0, 0] for name in outputs],
    }
    return json.dumps({"class_name": "Functional", "config": config, "keras_version": "2.15.0"}).encode()


def node(data: Data, *nodes: list[Any]) -> Data:
    return {**data, "name": data["config"]["name"], "inbound_nodes": list(nodes)}
