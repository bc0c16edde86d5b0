"""What tdinspect knows of each family of layers, all of it in that family's file; KINDS is the one list of them.

Every other class of torch.nn works by its signature.
"""

from __future__ import annotations

from torch import nn

from tdinspect.layers import (
    activation,
    attention,
    conv,
    embedding,
    linear,
    loss,
    norm,
    padding,
    pooling,
    recurrent,
    shape,
)
from tdinspect.layers.axis_use import Uses
from tdinspect.layers.family import Family, Source, generic_formula

KINDS: tuple[Family, ...] = (
    *linear.KINDS,
    *conv.KINDS,
    *norm.KINDS,
    *recurrent.KINDS,
    *attention.KINDS,
    *embedding.KINDS,
    *activation.KINDS,
    *pooling.KINDS,
    *padding.KINDS,
    *shape.KINDS,
    *loss.KINDS,
)

_BY_CLASS = {name: family for family in KINDS for name in family.classes}
_NO_FAMILY = Family(classes=(), formula=generic_formula)
# The sizes that shapes tell, wherever an argument has such a name; a family may say where from.
_INFERABLE = frozenset(
    (
        "in_channels", "in_features", "input_size", "num_features", "num_channels", "embed_dim", "d_model",
        "normalized_shape", "in1_features", "in2_features", "kdim", "vdim",
    )
)  # fmt: skip


def family_of(type_name: str) -> Family:
    """The family of a torch.nn class by its name; one that knows nothing for the rest."""
    return _BY_CLASS.get(type_name, _NO_FAMILY)


def family_of_module(module: nn.Module) -> Family:
    """The family of a module's class; a user's class is of none, whatever its name."""
    cls = type(module)
    return family_of(cls.__name__) if cls.__module__.startswith("torch.nn.") else _NO_FAMILY


def is_inferable(argument: str) -> bool:
    """True when a spec may leave the argument out."""
    return argument in _INFERABLE


def inferred_from(type_name: str, argument: str) -> Source:
    """Where an inferable argument is read: which input, and which of its axes (the last, if the family is silent)."""
    return family_of(type_name).sources.get(argument, Source())


def keras_count(module: nn.Module) -> int:
    """What Keras reports for the same layer: each class of module inside counted as its family says."""
    own = family_of_module(module).keras_params(module)
    return own + sum(keras_count(child) for child in module.children())


def has_known_cost(module: nn.Module) -> bool:
    """True where shapes tell the multiply-adds of the layer."""
    return family_of_module(module).macs is not None


def index_bound(module: nn.Module) -> int | None:
    """What the whole numbers that a layer takes must stay below; None for other layers."""
    indices = family_of_module(module).indices
    return None if indices is None else indices(module)


def uses_of(module: nn.Module, shapes: tuple[tuple[int, ...], ...]) -> tuple[Uses, ...] | None:
    """What becomes of each axis of each input of these shapes, in eval mode; None where nothing is certain."""
    axes = family_of_module(module).axes
    return None if axes is None else axes(module, shapes)
