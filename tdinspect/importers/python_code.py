"""Python pasted into a spec: the step to write for it, for the help of a finding. Nothing of it is ever run."""

from __future__ import annotations

import ast
import re

from tdinspect.domain.expression import MAX_LENGTH, python_expression, unparse
from tdinspect.domain.spec import CONTAINERS, show
from tdinspect.importers.collector import shorten

_CALL = re.compile(r"\s*(?:([A-Za-z_][\w.]*)\s*=\s*)?([A-Za-z_][\w.]*)\s*\((.*)\)\s*", re.DOTALL)
# What the first positional arguments are called.
_CONV = ("in_channels", "out_channels", "kernel_size", "stride", "padding")
_POSITIONS = {
    **dict.fromkeys(("Conv1d", "Conv2d", "Conv3d"), _CONV),
    **dict.fromkeys(("ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"), _CONV),
    **dict.fromkeys(("MaxPool1d", "MaxPool2d", "AvgPool1d", "AvgPool2d"), ("kernel_size", "stride", "padding")),
    **dict.fromkeys(("LSTM", "GRU", "RNN"), ("input_size", "hidden_size", "num_layers")),
    **dict.fromkeys(("BatchNorm1d", "BatchNorm2d", "BatchNorm3d"), ("num_features",)),
    **dict.fromkeys(("softmax", "log_softmax", "unsqueeze", "squeeze", "cat", "stack"), ("dim",)),
    **dict.fromkeys(("Flatten", "flatten"), ("start_dim", "end_dim")),
    "Linear": ("in_features", "out_features"),
    "Embedding": ("num_embeddings", "embedding_dim"),
    "Dropout": ("p",),
    "Softmax": ("dim",),
    "MultiheadAttention": ("embed_dim", "num_heads"),
    "transpose": ("dim0", "dim1"),
    "select": ("dim", "index"),
    "narrow": ("dim", "start", "length"),
}
# Those of which all positional arguments are one list.
_LISTS = {
    **dict.fromkeys(("reshape", "expand"), "shape"),
    **dict.fromkeys(("permute", "flip"), "dims"),
    **dict.fromkeys(("mean", "sum", "amax", "amin", "std", "var"), "dim"),
    **{f"AdaptiveAvgPool{rank}d": "output_size" for rank in (1, 2, 3)},
    "pad": "pad",
}
_RENAMED = {"view": "reshape"}


def step_for_call(text: str) -> str | None:
    """The step to write for ``conv = nn.Conv2d(3, 16, kernel_size=3)``; None for what is no call."""
    found = _CALL.fullmatch(text)
    if found is None:
        return None
    target, operation, arguments = found.groups()
    try:
        call = python_expression(f"f({arguments})") if len(arguments) <= MAX_LENGTH else None
    except ValueError:
        call = None
    if not isinstance(call, ast.Call):
        return f"- {_bare_name(operation)}: {{name: value}}"
    lines = _step(operation, call)
    if target and target.startswith("self."):
        name = target.removeprefix("self.")
        if len(lines) == 1 and ":" not in lines[0]:
            lines[0] += ":"
        lines.append(f"  name: {name}")
    return "\n".join(lines)


def _step(operation: str, call: ast.Call) -> list[str]:
    """The lines of the step for a call."""
    operation = _bare_name(operation)
    if operation in CONTAINERS and call.args and all(isinstance(arg, ast.Call) for arg in call.args):
        steps = [line for arg in call.args if isinstance(arg, ast.Call) for line in _step(unparse(arg.func), arg)]
        return [f"- {operation}:", *(f"    {line}" for line in steps)]
    inputs, constants = _parted(operation, call.args)
    named = [f"{keyword.arg}: {_yaml(keyword.value)}" for keyword in call.keywords if keyword.arg]
    written = arguments_by_name(operation, [_yaml(arg) for arg in constants], named)
    step = f"- {operation}: {written}" if written else f"- {operation}"
    if not inputs:
        return [step]
    return [step if written else f"{step}:", f"  from: {inputs}"]


def _parted(operation: str, args: list[ast.expr]) -> tuple[str, list[ast.expr]]:
    """The `from` for the first argument of a function where it is a list of names, and the arguments that are constant.

    Other names stand for what comes from the step before; a layer takes constants only.
    """
    if not (operation[:1].islower() and args):
        return "", args
    first, rest = args[0], args[1:]
    if isinstance(first, ast.List | ast.Tuple) and all(isinstance(item, ast.Name) for item in first.elts):
        return f"[{', '.join(map(_yaml, first.elts))}]", rest
    tensor = isinstance(first, ast.Name | ast.Call | ast.Attribute)
    return "", rest if tensor else args


def arguments_by_name(operation: str, positional: list[str], named: list[str]) -> str:
    """What stands behind the step's colon for these arguments; nothing for none.

    A single one is the scalar, which stands for the first argument that no shape tells.
    """
    if positional and operation in _LISTS:
        alone = len(positional) == 1
        value = positional[0] if alone else f"[{', '.join(positional)}]"
        return f"{{{', '.join([f'{_LISTS[operation]}: {value}', *named])}}}"
    if len(positional) == 1 and not named:
        return positional[0]
    names = _POSITIONS.get(operation, ())
    written = [f"{names[i] if i < len(names) else 'NAME'}: {text}" for i, text in enumerate(positional)] + named
    return f"{{{', '.join(written)}}}" if written else ""


def for_list(operation: str, items: list[object]) -> str:
    """The step to write for a list in place of arguments."""
    known = operation in _LISTS or len(items) <= len(_POSITIONS.get(operation, ()))
    if not items or not known:
        return f"{operation}: {{NAME: value}}"
    written = [shorten(show(item)) for item in items]
    if operation in _LISTS:
        return f"{operation}: {{{_LISTS[operation]}: [{', '.join(written)}]}}"
    return f"{operation}: {arguments_by_name(operation, written, [])}"


def with_list(operation: str, items: str) -> str:
    """The step to write for a tuple in place of arguments; ``items`` is the list to write for it."""
    name = _LISTS.get(operation) or ("kernel_size" if "Pool" in operation else "NAME")
    return f"{operation}: {{{name}: {items}}}"


def _bare_name(operation: str) -> str:
    """The name that a spec has for it: no ``nn.`` before a layer, nothing before what tensors do."""
    package, _, last = operation.rpartition(".")
    known = package in ("nn", "torch.nn", "torch", "F", "nn.functional", "torch.nn.functional", "self")
    last = _RENAMED.get(last, last)
    return last if known or last in _LISTS or last in _POSITIONS else operation


def _yaml(node: ast.expr) -> str:
    text = unparse(node)
    if isinstance(node, ast.Tuple):
        return f"[{', '.join(map(_yaml, node.elts))}]"
    return {"True": "true", "False": "false", "None": "null"}.get(text, text)
