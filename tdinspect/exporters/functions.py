"""The tensor functions of a spec as calls of torch: each as a person writes it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache

from tdinspect.building.functions import FUNCTIONS
from tdinspect.exporters.code import Code, Group, Item, Join, Text, call, method, sequence

Given = dict[str, Code]

_OPERATORS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "matmul": "@"}
# Methods of the tensor whose constants stand in order: `x.transpose(1, 2)`.
_METHODS = (
    ("transpose", "swapaxes", "movedim", "moveaxis", "flatten", "squeeze", "unsqueeze", "select")
    + ("narrow", "unfold", "detach")
)  # fmt: skip
# Methods that take a shape number by number: `x.reshape(2, -1)`.
_SPREAD = {"permute": "dims", "reshape": "shape", "expand": "shape"}
_IN_F = frozenset(
    ("pad", "pixel_shuffle", "pixel_unshuffle", "relu6", "leaky_relu", "elu", "celu", "gelu", "silu", "mish")
    + ("softplus", "softsign", "logsigmoid", "hardtanh", "hardsigmoid", "hardswish", "glu", "softmin", "normalize")
    + ("rms_norm", "group_norm", "layer_norm", "one_hot", "scaled_dot_product_attention", "cosine_similarity")
    + ("pairwise_distance", "embedding", "interpolate", "grid_sample")
    + tuple(f"{kind}_pool{rank}d" for rank in (1, 2, 3) for kind in ("avg", "max", "adaptive_avg", "adaptive_max"))
)
# Names of ours that torch's function has not, or has elsewhere.
_RENAMED: Mapping[str, Mapping[str, str]] = {
    "unfold": {},
    "split": {"split_size": "split_size_or_sections"},
    "norm": {"p": "ord"},
    "pow": {},
}
# Constants that torch takes by position only, or that read better so.
_BY_POSITION: Mapping[str, tuple[str, ...]] = {
    "one_hot": ("num_classes",),
    "pad": ("pad",),
    "unflatten": ("dim", "sizes"),
    "clamp": (),
    "pixel_shuffle": ("upscale_factor",),
    "pixel_unshuffle": ("downscale_factor",),
    "masked_fill": ("value",),
    "full_like": ("fill_value",),
    "pow": ("exponent",),
    "remainder": ("other",),
    "rsub": ("other",),
    "repeat_interleave": ("repeats",),
    "tile": ("dims",),
    "broadcast_to": ("size",),
    "roll": ("shifts",),
    "flip": ("dims",),
    "chunk": ("chunks",),
    "topk": ("k",),
    **dict.fromkeys(("eq", "ne", "lt", "le", "gt", "ge"), ("other",)),
    "where": ("input", "other"),
    "lerp": ("weight",),
}
_DIM_SECOND = ("gather", "index_select", "scatter_add")  # torch has the axis right behind the first tensor


@cache
def _parameters(name: str) -> tuple[str, ...]:
    return tuple(inspect.signature(FUNCTIONS[name]).parameters)


def tensor_function(
    name: str, inputs: Sequence[Code], named: Mapping[str, Code], constants: Mapping[str, Code]
) -> Code:
    """The call that gives what ``FUNCTIONS[name]`` gives for these inputs and constants."""
    own = _parameters(name)
    by_position = dict(zip(own, inputs, strict=False))
    given: Given = {
        p: {**by_position, **named, **constants}[p] for p in own if p in {**by_position, **named, **constants}
    }
    special = _SPECIAL.get(name)
    if special is not None:
        return special(given)
    if name in _OPERATORS and given.keys() == {"input", "other"}:
        return Join((_operand(given["input"]), Text(f" {_OPERATORS[name]} "), _operand(given["other"])))
    if name in _METHODS:
        first, *rest = given.items()
        return _positional_method(name, first[1], rest)
    if name in _SPREAD:
        return method(_operand(given["input"]), name, *_spread(given[_SPREAD[name]]))
    return _call(name, own, given, {*by_position, *named})


def _operand(code: Code) -> Code:
    """Code that an operator or a dot may stand beside."""
    simple = isinstance(code, Group) or not isinstance(code, Join)
    negative = isinstance(code, Text) and code.text.startswith("-")
    return code if simple and not negative else Join((Text("("), code, Text(")")))


def _spread(code: Code) -> list[Code]:
    """The entries of a tuple."""
    if isinstance(code, Group) and isinstance(code.head, Text) and not code.head.text:
        return [item.code for item in code.items]
    if isinstance(code, Text) and code.text.startswith("(") and code.text != "()":
        return [Text(code.text[1:-1].rstrip(","))]
    return [code]


def _positional_method(name: str, base: Code, rest: Sequence[tuple[str, Code]]) -> Code:
    order = [p for p in _parameters(name) if p != "input"]
    named = dict(rest)
    if list(named) == order[: len(named)]:
        return method(_operand(base), name, *named.values())
    return method(_operand(base), name, **{_renamed(name, key): value for key, value in named.items()})


def _renamed(name: str, parameter: str) -> str:
    return _RENAMED.get(name, {}).get(parameter, parameter)


def _call(name: str, own: Sequence[str], given: Given, tensors: set[str]) -> Code:
    head = f"F.{name}" if name in _IN_F else f"torch.{name}"
    items: list[Item] = []
    positional = True
    for parameter in own:
        if parameter not in given:
            positional = positional and False
            continue
        plain = positional and (parameter in tensors or parameter in _BY_POSITION.get(name, ()))
        items.append(Item(given[parameter], None if plain else _renamed(name, parameter)))
        positional = plain
    return Group(Text(head), tuple(items))


def _list_first(name: str) -> Callable[[Given], Code]:
    def made(given: Given) -> Code:
        rest = {key: code for key, code in given.items() if key != "tensors"}
        return call(f"torch.{name}", given["tensors"], **rest)

    return made


def _einsum(given: Given) -> Code:
    return call("torch.einsum", given["equation"], *_spread(given["operands"]))


def _to(given: Given) -> Code:
    dtype = given["dtype"]
    assert isinstance(dtype, Text)
    return method(_operand(given["input"]), "to", Text(f"torch.{dtype.text.strip(chr(34))}"))


def _dim_second(name: str) -> Callable[[Given], Code]:
    def made(given: Given) -> Code:
        rest = [code for key, code in given.items() if key not in ("input", "dim")]
        return call(f"torch.{name}", given["input"], given["dim"], *rest)

    return made


def _normalized(name: str) -> Callable[[Given], Code]:
    """A norm over the last axis as it comes, where no shape is given."""

    def made(given: Given) -> Code:
        shape = given.get("normalized_shape")
        if shape is None or (isinstance(shape, Text) and shape.text == "None"):
            shape = Join((_operand(given["input"]), Text(".shape[-1:]")))
        elif isinstance(shape, Text) and not shape.text.startswith("("):
            shape = sequence([shape])
        rest = {key: code for key, code in given.items() if key not in ("input", "normalized_shape")}
        return call(f"F.{name}", given["input"], shape, **rest)

    return made


def _vector_norm(given: Given) -> Code:
    rest = {_renamed("norm", key): code for key, code in given.items() if key != "input"}
    return call("torch.linalg.vector_norm", given["input"], **rest)


def _without_dim(name: str) -> Callable[[Given], Code]:
    """Over all axes where none is named: torch takes no ``keepdim`` then."""

    def made(given: Given) -> Code:
        dim = given.get("dim")
        if dim is None or (isinstance(dim, Text) and dim.text == "None"):
            return call(f"torch.{name}", given["input"])
        return call(f"torch.{name}", given["input"], **{k: c for k, c in given.items() if k != "input"})

    return made


def _keep(name: str) -> Callable[[Given], Code]:
    """A reduction: ``dim=None`` is written where only ``keepdim`` is given."""

    def made(given: Given) -> Code:
        rest = {k: c for k, c in given.items() if k != "input"}
        if "keepdim" in rest and "dim" not in rest:
            rest = {"dim": Text("()" if name in ("amax", "amin") else "None"), **rest}
        return call(f"torch.{name}", given["input"], **rest)

    return made


def _split(given: Given) -> Code:
    size = given["split_size"]
    if isinstance(size, Group):
        size = Group(size.head, size.items, "[]")
    elif isinstance(size, Text) and size.text.startswith("("):
        size = Text(f"[{size.text[1:-1].rstrip(',')}]")
    rest = {key: code for key, code in given.items() if key not in ("input", "split_size")}
    return call("torch.split", given["input"], size, **rest)


def _squeeze(given: Given) -> Code:
    dim = given.get("dim")
    none = dim is None or (isinstance(dim, Text) and dim.text == "None")
    return method(_operand(given["input"]), "squeeze", *([] if none or dim is None else [dim]))


def _roll(given: Given) -> Code:
    rest = {key: code for key, code in given.items() if key not in ("input", "shifts")}
    if isinstance(rest.get("dims"), Text) and rest["dims"] == Text("None"):
        del rest["dims"]
    return call("torch.roll", given["input"], given["shifts"], **rest)


def _interpolate(given: Given) -> Code:
    rest = {}
    for key, code in given.items():
        many = isinstance(code, Text) and code.text.startswith("(")
        rest[key] = Text(f"[{code.text[1:-1].rstrip(',')}]") if many and isinstance(code, Text) else code
    base = rest.pop("input")
    return call("F.interpolate", base, **rest)


def _dim_last(name: str) -> Callable[[Given], Code]:
    """One of torch's overloads takes the axis only with the rest by keyword."""

    def made(given: Given) -> Code:
        rest = {key: code for key, code in given.items() if key != "input"}
        return call(f"torch.{name}", given["input"], **{"dim": Text("-1"), **rest})

    return made


_SPECIAL: Mapping[str, Callable[[Given], Code]] = {
    "cat": _list_first("cat"),
    "stack": _list_first("stack"),
    "einsum": _einsum,
    "to": _to,
    **{name: _dim_second(name) for name in _DIM_SECOND},
    "layer_norm": _normalized("layer_norm"),
    "rms_norm": _normalized("rms_norm"),
    "norm": _vector_norm,
    **{name: _without_dim(name) for name in ("prod", "any", "all")},
    **{name: _keep(name) for name in ("mean", "sum", "std", "var", "amax", "amin")},
    "split": _split,
    "squeeze": _squeeze,
    "roll": _roll,
    "interpolate": _interpolate,
    **{name: _dim_last(name) for name in ("sort", "argsort", "median")},
}
