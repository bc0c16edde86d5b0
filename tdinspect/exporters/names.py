"""Where each layer of a spec stands in the exported module: the first part of its keys in a state dict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tdinspect.domain.location import Path
from tdinspect.domain.spec import Layer, ModelSpec, Source, Step, inner_steps
from tdinspect.exporters.layout import lay_out


def attribute_names(spec: ModelSpec) -> Mapping[Path, str]:
    """The attribute of each leaf layer by the path of its step: ``("layers", 0)`` is ``conv2d_1``.

    Its tensors are ``conv2d_1.weight`` and so on in the module's state dict; a ``parameter`` is one tensor of just this
    name. A step in a block, or repeated, stands at one path for several layers: here is the first of them,
    ``names_of_steps`` has all.
    """
    names = names_of_steps(spec)
    found: dict[Path, str] = {}
    for full, step in _leaves(spec.steps, ""):
        found.setdefault(step.path, names[full])
    return found


def names_of_steps(spec: ModelSpec) -> Mapping[str, str]:
    """The attribute of each leaf layer by the full name of its step, as reports have it: ``encoder.0.linear_1``.

    A layer used again by ``share`` has that of its first use.
    """
    return {full: place.path for full, place in lay_out(spec).places.items() if place.form == "leaf"}


def _leaves(steps: Sequence[Step], prefix: str) -> Iterator[tuple[str, Step]]:
    for step in steps:
        full, operation = prefix + step.name, step.operation
        if isinstance(operation, Layer) or (isinstance(operation, Source) and operation.type == "parameter"):
            yield full, step
        yield from _leaves(inner_steps(operation), f"{full}.")
