"""What Keras itself says of a model, and the same model through a spec."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tdinspect.exporters.export import export_source
from tdinspect.exporters.names import names_of_steps
from tdinspect.importers import read_spec
from tdinspect.keras.compare import Compared, compared
from tdinspect.keras.model import Imported, import_model
from tdinspect.keras.reading import read_json, read_model_file
from tdinspect.keras.weights import state_dict
from tdinspect.pipeline import Request, Source, inspect_source
from tests.keras import documents, further, recurrent, sequences, whole
from tests.keras.models import MODELS, built, keras

__all__ = [
    "MODELS",
    "Spec",
    "as_spec",
    "built",
    "documents",
    "further",
    "keras",
    "largest_difference",
    "recurrent",
    "sequences",
    "through",
    "whole",
]


@dataclass(frozen=True)
class Spec:
    """A model that went through: what was imported, the report of the spec, the two sides."""

    imported: Imported
    report: Any
    seen: Compared


def as_spec(model: Any) -> Spec:
    """The model's JSON as a spec, run."""
    imported = import_model(read_json(model.to_json().encode()))
    assert imported.text is not None, imported.findings
    report = inspect_source(Source("model.yaml", imported.text.encode()), Request("check", ()))
    return Spec(imported, report, compared(imported, report))


@cache
def through(name: str) -> tuple[Any, Spec]:
    """The model of this name, and what became of it; made once."""
    model = built(name)
    return model, as_spec(model)


def randomised(model: Any, seed: int = 0) -> None:
    """Random weights, the statistics too: what Keras starts with hides differences."""
    import numpy as np

    source = np.random.default_rng(seed)
    for variable in model.variables:
        if "int" in str(variable.dtype) or "seed" in variable.path:
            continue
        shape = tuple(variable.shape)
        spread = min(0.4, (2 / (variable.numpy().size / shape[-1])) ** 0.5) if len(shape) > 1 else 0.4
        values = source.normal(size=shape) * spread
        variable.assign((abs(values) + 0.5 if "variance" in variable.path else values).astype("float32"))


def largest_difference(model: Any, file: Path) -> float:
    """Between Keras's outputs and the exported code's, beside the largest of them; the weights go through ``file``."""
    import torch

    torch.manual_seed(0)
    randomised(model)
    model.save(file)
    read = read_model_file(file)
    imported = import_model(read)
    assert imported.text is not None, imported.findings
    spec = read_spec(imported.text, "model.yaml").spec
    assert spec is not None
    module = exported(imported.text)
    module.load_state_dict(state_dict(file, read, imported, names_of_steps(spec)))
    given, theirs = [], []
    for name, layout in imported.inputs.items():
        entry = next(one for one in spec.inputs if one.name == name)
        sizes = [spec.sizes[size] if isinstance(size, str) else size for size in entry.shape]
        tensor = torch.randint(0, entry.high or 5, sizes) if entry.dtype == "int64" else torch.randn(sizes)
        given.append(tensor)
        theirs.append(tensor.permute([layout.index(axis) for axis in range(len(layout))]))
    with torch.no_grad():
        expected = _listed(model(theirs if len(theirs) > 1 else theirs[0], training=False))
        found = _listed(module(*given))
    largest = 0.0
    for left, right, layout in zip(expected, found, imported.outputs.values(), strict=True):
        turned = left.permute(layout)
        assert turned.shape == right.shape
        largest = max(largest, ((turned - right).abs().max() / (1 + turned.abs().max())).item())
    return largest


def exported(text: str) -> Any:
    """A module of the code that `export` writes for a spec, in eval mode."""
    made = export_source(Source("model.yaml", text.encode()), Request("shape", ()), "python")
    assert made.text is not None, made.report.findings
    names: dict[str, Any] = {}
    exec(compile(made.text, "model.py", "exec"), names)
    return names[made.class_name]().eval()


def _listed(outputs: Any) -> list[Any]:
    if hasattr(outputs, "values") and not hasattr(outputs, "shape"):
        return list(outputs.values())
    return list(outputs) if isinstance(outputs, list | tuple) else [outputs]
