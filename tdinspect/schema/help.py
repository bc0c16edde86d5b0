"""The descriptions in the schema: torch's own words on each layer, function and argument, and a link to its page."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping

from tdinspect.building.functions import FUNCTIONS
from tdinspect.building.signatures import eager_class, function_parameters, layer_classes
from tdinspect.schema.docstrings import arguments, summary

_ALIAS = re.compile(r"Alias (?:for|of) :\w+:`~?torch\.([\w.]+)`")
_PAGE = "https://docs.pytorch.org/docs/stable/generated/{}.html"
# What torch's docstrings leave unsaid.
_COMMON: Mapping[str, str] = {
    "dtype": "The type of the numbers, by its name in torch: `float32`, `int64` ...",
    "bias": "Whether there is a learned bias.",
    "inplace": "Whether the input itself is changed; no result depends on it.",
    "dim": "The axis, from 0, or from the end with -1.",
    "keepdim": "Whether the axis stays, with size 1.",
    "eps": "A small number that keeps a division from failing.",
    "alpha": "A factor of the formula; torch's page has it.",
    "beta": "A factor of the formula; torch's page has it.",
    "threshold": "Above it the function is linear.",
    "negative_slope": "The slope below zero.",
    "approximate": "`none`, or `tanh` for the approximation by tanh.",
    "min_val": "The lower bound.",
    "max_val": "The upper bound.",
    "min_value": "An old name of `min_val`.",
    "max_value": "An old name of `max_val`.",
    "norm_type": "The power of the norm.",
    "num_groups": "How many groups the channels are parted into.",
    "other": "A number; a tensor comes by `from`.",
    "p": "The power of the norm.",
    "padding_mode": "What stands beyond the edge.",
    "shape": "The sizes of the axes; -1 leaves one open or as it is.",
    "size": "The sizes of the axes; -1 leaves one as it is.",
    "dims": "One number for each axis.",
    "source": "Where the axes are.",
    "destination": "Where the axes go.",
    "axis0": "The one axis.",
    "axis1": "The other axis.",
    "split_size": "The size of each part, or a list of their sizes.",
    "value": "The number that is put there.",
}
# Where torch's own words end in a formula.
_BETTER: Mapping[str, str] = {
    "normalized_shape": "The sizes of the last axes, those that are normalised together; a number for the last one.",
}
SOURCES: Mapping[str, str] = {
    "parameter": "A learned tensor of its own, used by the step's name.",
    "zeros": "A tensor of zeros.",
    "ones": "A tensor of ones.",
    "full": "A tensor with one number everywhere.",
    "arange": "The numbers from `start` up to but without `end`.",
    "causal_mask": "A square of zeros with minus infinity above the diagonal: added to attention scores, it hides what "
    "comes later. `causal_mask: $T` has the length of the axis T.",
}


# Functions of which torch says nothing.
_FUNCTIONS: Mapping[str, str] = {
    "relu": "The input where it is above zero, else zero.",
    "log_softmax": "The logarithm of the softmax along one axis.",
    "masked_fill": "Puts `value` where the mask is true.",
    "rsub": "Subtracts the input from `other`.",
}


def layer_help(name: str) -> tuple[str, Mapping[str, str]]:
    """The description of a torch.nn class, and those of its arguments."""
    classes = [layer_classes()[name], layer_classes()[eager_class(name)], *layer_classes()[name].__mro__]
    docs = [doc for cls in classes if (doc := inspect.getdoc(cls))]
    return _described(f"torch.nn.{name}", docs)


def function_help(name: str) -> tuple[str, Mapping[str, str]]:
    """The same for a function of tensors: the words are those of torch's function of that name."""
    for owner, page in _owners(FUNCTIONS[name]):
        original = getattr(owner, name, None)
        if original is not None:
            doc = inspect.getdoc(original) or ""
            return _described(f"{page}.{name}", [_FUNCTIONS.get(name, ""), _of_alias(doc, owner), doc])
    return summary(inspect.getdoc(FUNCTIONS[name]) or ""), _COMMON


def source_help(name: str) -> tuple[str, Mapping[str, str]]:
    """The same for a tensor that no input gives."""
    return SOURCES.get(name, ""), {
        **_COMMON,
        "shape": "The sizes of its axes: whole numbers, or `$T` for the size of a symbol.",
        "init": "What it starts from: zeros, ones, or numbers of the normal distribution (mean 0, deviation 1).",
        "fill_value": "The number that stands everywhere.",
        "size": "How many rows and columns it has.",
        "start": "The first number.",
        "end": "The end; it is not reached.",
        "step": "From one number to the next.",
    }


def _described(page: str, docs: list[str]) -> tuple[str, Mapping[str, str]]:
    first = next(filter(None, map(summary, docs)), "")
    found: dict[str, str] = dict(_COMMON)
    for doc in reversed(docs):
        found.update(arguments(doc))
    found.update(_BETTER)
    return f"{first}\n\n{_PAGE.format(page)}".strip(), found


def _of_alias(doc: str, owner: object) -> str:
    """What torch says of the function that another is an alias for; nothing for one that is none."""
    match = _ALIAS.search(doc)
    found: object = owner if match and getattr(owner, "__name__", "") == "torch" else None
    for part in match[1].split(".") if match else ():
        found = getattr(found, part, None)
    return inspect.getdoc(found) or "" if found is not None else ""


def _owners(function: Callable[..., object]) -> Iterator[tuple[object, str]]:
    """Where torch has what one of our functions calls: a module that it names, or the tensor's own methods."""
    for value in inspect.getclosurevars(function).globals.values():
        if inspect.ismodule(value) and value.__name__.startswith("torch"):
            yield value, value.__name__
    for parameter in function_parameters(function)[:1]:
        if isinstance(parameter.annotation, type):
            yield parameter.annotation, f"torch.{parameter.annotation.__name__}"
