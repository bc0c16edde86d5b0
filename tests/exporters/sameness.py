"""The exported module beside the built one: the same weights, the same inputs, the same values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from tdinspect.api import build
from tdinspect.building.model import BuiltModel, Folded, Loop, Steps
from tdinspect.building.sources import LearnedTensor
from tdinspect.domain.spec import ModelSpec, Share, Step, inner_steps
from tdinspect.domain.tree import leaves
from tdinspect.exporters.names import names_of_steps
from tdinspect.exporters.python import render
from tdinspect.exporters.seen import see
from tdinspect.time_distributed import TimeDistributed


def exported_text(spec: ModelSpec, *, with_tdinspect: bool = False, allow: Sequence[str] = ()) -> str:
    """The exported file."""
    seen = see(spec, allow)
    assert seen is not None
    return render(seen, "Exported", with_tdinspect=with_tdinspect)


def run_text(text: str) -> nn.Module:
    """The module of an exported file, from a namespace of its own."""
    namespace: dict[str, Any] = {"__name__": "exported"}
    exec(compile(text, "exported.py", "exec"), namespace)
    module = namespace["Exported"]()
    assert isinstance(module, nn.Module)
    return module


def modules_of(model: BuiltModel) -> dict[str, nn.Module]:
    """The layers of a built model by the full names of their steps."""
    found: dict[str, nn.Module] = {}
    _gather(model.body, model.spec.steps, "", found)
    return found


def _gather(body: Steps, steps: Sequence[Step], prefix: str, found: dict[str, nn.Module]) -> None:
    for step in steps:
        child, full = body.child(step), prefix + step.name
        if isinstance(child, TimeDistributed) and isinstance(child.module, Folded):
            child = child.module.body
        elif isinstance(child, Loop):
            child = child.body
        if isinstance(child, Steps):
            inner = child.steps if isinstance(step.operation, Share) else inner_steps(step.operation)
            _gather(child, inner, f"{full}.", found)
        else:
            found[full] = child


def state_for(spec: ModelSpec, model: BuiltModel) -> dict[str, Tensor]:
    """The weights of a built model under the names of the exported one."""
    built, state = modules_of(model), {}
    for full, attribute in names_of_steps(spec).items():
        module = built[full]
        if isinstance(module, LearnedTensor):
            state[attribute] = module.value.detach()
        else:
            state |= {f"{attribute}.{name}": value for name, value in module.state_dict().items()}
    return state


def random_weights(model: nn.Module) -> None:
    """Every weight and buffer drawn at random: zeros and ones would hide a mistake."""
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
            if tensor.is_floating_point():
                drawn = torch.rand(tensor.shape, generator=generator, dtype=torch.float64) * 0.2 + 0.05
                sign = 1 if "running_var" in name else torch.randint(0, 2, tensor.shape, generator=generator) * 2 - 1
                tensor.copy_(drawn * sign)


def inputs_of(spec: ModelSpec, sizes: Mapping[str, int]) -> list[Tensor]:
    """Inputs at these sizes; whole numbers stay below what the spec's tables have."""
    generator = torch.Generator().manual_seed(11)
    found = []
    for given in spec.inputs:
        shape = [sizes[entry] if isinstance(entry, str) else entry for entry in given.shape]
        dtype = getattr(torch, given.dtype)
        if dtype == torch.bool:
            found.append(torch.arange(shape[-1]).eq(shape[-1] - 1).expand(shape))
        elif dtype.is_floating_point:
            found.append(torch.randn(shape, generator=generator, dtype=torch.float64))
        else:
            found.append(torch.randint(0, given.high or 2, shape, generator=generator, dtype=dtype))
    return found


def differences(spec: ModelSpec, text: str, more_sizes: Sequence[Mapping[str, int]] = ()) -> list[str]:
    """What differs between the exported and the built model, in words; nothing where all is well."""
    torch.manual_seed(3)
    model = build(spec)
    assert isinstance(model, BuiltModel)
    exported = run_text(text)
    model, exported = model.double().eval(), exported.double().eval()
    counts = [sum(p.numel() for p in m.parameters()) for m in (model, exported)]
    learned = [sum(p.numel() for p in m.parameters() if p.requires_grad) for m in (model, exported)]
    problems = [f"parameters {counts}"] * (counts[0] != counts[1]) + [f"trainable {learned}"] * (
        learned[0] != learned[1]
    )
    random_weights(model)
    state = state_for(spec, model)
    exported.load_state_dict(state)
    for sizes, train in (({}, False), *((sizes, False) for sizes in more_sizes), ({}, True)):
        inputs = inputs_of(spec, {**spec.sizes, **sizes})
        with torch.no_grad():
            wanted, got = (_ran(module.train(train), inputs) for module in (model, exported))
        if isinstance(wanted, dict) and list(wanted) != list(got):
            problems.append(f"outputs {list(got)}")
            continue
        for one, other in zip(leaves(wanted), leaves(got), strict=True):
            if one.shape != other.shape:
                problems.append(f"shape {tuple(other.shape)} for {tuple(one.shape)} at {sizes}")
            elif not torch.allclose(one, other, rtol=1e-9, atol=1e-12, equal_nan=True):
                problems.append(f"values differ by {(one - other).abs().max().item()} at {sizes}")
            elif one.is_floating_point() and (not torch.isfinite(one).all() or one.abs().max() == 0):
                problems.append(f"the values say nothing at {sizes}")
    after = state_for(spec, model)  # what training counts along, too
    for name, value in exported.state_dict().items():
        if not torch.allclose(value.double(), after[name].double(), equal_nan=True):
            problems.append(f"{name} differs after training")
    return problems


def _ran(module: nn.Module, inputs: Sequence[Tensor]) -> Any:
    torch.manual_seed(5)
    return module(*(value.clone() for value in inputs))
