"""The weights of a Keras file as the state dict of the exported module; torch is needed here alone."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tdinspect.keras.arrays import HOWS, Arrays, read_arrays
from tdinspect.keras.model import Imported
from tdinspect.keras.reading import ModelFile
from tdinspect.keras.refused import Refused
from tdinspect.keras.steps import Carry, Step

if TYPE_CHECKING:
    import torch


def state_dict(path: Path, file: ModelFile, imported: Imported, names: Mapping[str, str]) -> dict[str, torch.Tensor]:
    """Every tensor of the exported module. ``names``: the attribute of each leaf layer by the full name of its step.

    Raises UnreadableFile where h5py is missing, and Refused where the file has no weights, or others.
    """
    import torch

    if file.kind == "json":
        raise Refused("a JSON file has the architecture alone: give what model.save('model.keras') wrote")
    assert imported.graph is not None
    arrays = read_arrays(path, file.kind, imported.graph, imported.rows)
    state: dict[str, torch.Tensor] = {}
    for full, step in _leaves(imported.steps, imported.blocks, ""):
        attribute = names[full]
        for tensor, carry in step.carries.items():
            key = f"{attribute}.{tensor}" if tensor else attribute
            state[key] = torch.from_numpy(_made(arrays, step, carry).copy())
        if step.op.startswith("BatchNorm"):
            state[f"{attribute}.num_batches_tracked"] = torch.tensor(0)
    return state


def _made(arrays: Arrays, step: Step, carry: Carry) -> Any:
    try:
        array = HOWS[carry.how]([arrays[step.owner][name] for name in carry.names])
    except KeyError as error:
        raise Refused(f"{step.owner}: the file has no weights of it ({error})") from None
    if step.op == "parameter" and isinstance(step.args, dict):
        array = array.reshape(step.args["shape"])
    return array


def _leaves(steps: Sequence[Step], blocks: Mapping[str, Sequence[Step]], prefix: str) -> Iterator[tuple[str, Step]]:
    """The steps that have weights, by their full names."""
    for step in steps:
        full = f"{prefix}{step.name}"
        if step.carries:
            yield full, step
        inner = step.steps if step.steps is not None else blocks.get(step.op, ())
        yield from _leaves(inner, blocks, f"{full}.")


def save(state: Mapping[str, torch.Tensor], path: Path) -> None:
    """Write a state dict, whole or not at all. Raises OSError."""
    import torch

    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        torch.save(dict(state), temporary)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
