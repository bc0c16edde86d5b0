"""An operation's key and its arguments, and the mistakes that people make there."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from tdinspect.domain.expression import MAX_LENGTH, python_expression, unparse
from tdinspect.domain.location import Path
from tdinspect.domain.spec import CONTAINERS, Arguments, show
from tdinspect.importers.collector import Collector, enumeration, shorten, spaced
from tdinspect.importers.values import NAME, Constants

STEP_KEYS = ("name", "from", "as", "call", "repeat", "share", "trainable", "time")
_NEVER_ARGUMENTS = ("from", "as", "call", "repeat", "share")

# The seam of a later issue: these are recognised, and refused until they work.
LATER_CONTAINERS = ("Residual", "Recurrent")
LATER_SOURCES = ("parameter", "zeros", "ones", "full", "arange", "causal_mask")

_CALL = re.compile(r"\s*([A-Za-z_][\w.]*)\s*\((.*)\)\s*", re.DOTALL)
# Only for the help to code that was pasted from Python: what its first positional arguments are called.
_CONV = ("in_channels", "out_channels", "kernel_size", "stride", "padding")
_POSITIONS = {
    **dict.fromkeys(("Conv1d", "Conv2d", "Conv3d"), _CONV),
    **dict.fromkeys(("MaxPool1d", "MaxPool2d", "AvgPool1d", "AvgPool2d"), ("kernel_size", "stride", "padding")),
    **dict.fromkeys(("LSTM", "GRU", "RNN"), ("input_size", "hidden_size", "num_layers")),
    **dict.fromkeys(("BatchNorm1d", "BatchNorm2d", "BatchNorm3d"), ("num_features",)),
    "Linear": ("in_features", "out_features"),
    "Embedding": ("num_embeddings", "embedding_dim"),
    "Dropout": ("p",),
    "Softmax": ("dim",),
    "Flatten": ("start_dim", "end_dim"),
    "MultiheadAttention": ("embed_dim", "num_heads"),
}


def is_operation(text: str) -> bool:
    """True for a word that can be an operation: a name, or names joined by dots."""
    return all(NAME.fullmatch(part) for part in text.split("."))


def is_function(operation: str) -> bool:
    """True for a lower-case name: a function of tensors."""
    return "." not in operation and not operation[0].isupper()


def check_operation(operation: str, path: Path, on_key: bool, collector: Collector) -> bool:
    """True for an operation that can be read on; else a finding."""
    if operation in LATER_CONTAINERS or operation in LATER_SOURCES:
        collector.add("TD003", f"`{operation}` is not supported yet", path, on_key=on_key)
        return False
    if is_operation(operation):
        return True
    wanted = "a layer (`ReLU`), a function (`softmax`) or a dotted path"
    call = _CALL.fullmatch(operation)
    help = f"- {written_as_mapping(call[1], call[2])}" if call else spaced(operation)
    message = f"`{shorten(operation)}` is not {wanted}"
    message = f"`{shorten(operation)}` is Python; arguments are written as a mapping" if call else message
    collector.add("TD003", message, path, on_key=on_key, help=help)
    return False


def written_as_mapping(operation: str, arguments: str) -> str:
    """The step to write for a call in Python: ``Conv2d(3, 16, kernel_size=3)``."""
    operation = operation.rpartition(".")[2] if operation.startswith(("nn.", "torch.nn.")) else operation
    try:
        call = python_expression(f"f({arguments})") if len(arguments) <= MAX_LENGTH else None
    except ValueError:
        return f"{operation}: {{name: value}}"
    if not isinstance(call, ast.Call) or not (call.args or call.keywords):
        return operation
    names = _POSITIONS.get(operation, ())
    written = [f"{names[i] if i < len(names) else 'NAME'}: {_yaml(arg)}" for i, arg in enumerate(call.args)] + [
        f"{keyword.arg}: {_yaml(keyword.value)}" for keyword in call.keywords
    ]
    return f"{operation}: {{{', '.join(written)}}}"


def _yaml(node: ast.expr) -> str:
    text = unparse(node)
    if isinstance(node, ast.Tuple):
        return f"[{', '.join(map(_yaml, node.elts))}]"
    return {"True": "true", "False": "false", "None": "null"}.get(text, text)


def find_operation(step: Mapping[str, object], path: Path, collector: Collector) -> str | None:
    """The step's one operation key (``share`` is one); None, with a finding, when there is not exactly one."""
    keys = [key for key in step if key not in STEP_KEYS or key == "share"]
    if len(keys) == 1:
        return keys[0]
    if not keys:
        collector.add("TD003", "this step has no operation", path, help=_no_operation(step))
        return None
    main = next((key for key in keys if _stands_out(key)), keys[0])
    alone = True
    for key in keys:
        if key != main and not _is_misspelt(key, path, collector):
            alone = False
            _refuse_second(main, key, step, path, collector)
            break  # what follows is of the same kind
    return main if alone else None


def _stands_out(key: str) -> bool:
    """True for a key that can be nothing but the step's operation."""
    return key == "share" or not (key.lower() in STEP_KEYS or (is_operation(key) and is_function(key)))


def _is_misspelt(key: str, path: Path, collector: Collector) -> bool:
    """True, with a finding, for a key that is meant to be a step key."""
    meant = [step_key for step_key in STEP_KEYS if step_key != "share"]  # too near to `shape`
    likely = is_operation(key) and (is_function(key) or key.lower() in meant)
    found = likely and collector.nearest(key, meant, cutoff=0.7) is not None
    if found:
        collector.unknown_key(key, STEP_KEYS, path, "of a step")
    return found


def _refuse_second(main: str, key: str, step: Mapping[str, object], path: Path, collector: Collector) -> None:
    if step[main] is None and is_operation(key) and is_function(key):
        message = f"the arguments of `{main}` stand beside it"
        help = f"indent them below it:\n- {main}:\n    {key}: ..."
    else:
        message = f"`{shorten(key)}` is a second operation in the step of `{shorten(main)}`"
        help = f"one operation in a step; another begins with a dash:\n- {shorten(main)}: ...\n- {shorten(key)}: ..."
    collector.add("TD003", message, (*path, key), on_key=True, help=help)


def _no_operation(step: Mapping[str, object]) -> str:
    keys = ", ".join(step)
    return f"beside {keys} write a layer or a function: `ReLU:`" if keys else "- ReLU"


def parse_arguments(operation: str, value: object, path: Path, constants: Constants, wrapped: bool) -> Arguments:
    """The arguments of a layer or a function; ``path`` is that of the operation."""
    if value is None:
        return Arguments()
    if isinstance(value, list):
        _refuse_list(operation, value, path, constants.collector)
        return Arguments(wrong=True)
    if not isinstance(value, Mapping):
        return Arguments(scalar=constants.value(value, path, wrapped=wrapped), has_scalar=True)
    for key in _NEVER_ARGUMENTS:
        if key in value:
            message = f"`{key}` belongs to the step; here it is an argument of `{operation}`"
            help = f"indent it less, so that it stands right below `{operation}`"
            constants.collector.add("TD003", message, (*path, key), on_key=True, help=help)
    named = {
        key: constants.value(item, (*path, key), wrapped=wrapped)
        for key, item in value.items()
        if key not in _NEVER_ARGUMENTS
    }
    return Arguments(named=named)


def _refuse_list(operation: str, value: list[object], path: Path, collector: Collector) -> None:
    names = _POSITIONS.get(operation, ())
    if value and all(isinstance(item, str) and not item.startswith("$") for item in value):
        help = f"inputs are named beside it: `from: [{enumeration(list(map(str, value)))}]`"
    elif len(value) <= len(names):
        written = (f"{name}: {shorten(show(item))}" for name, item in zip(names, value, strict=False))
        help = f"{operation}: {{{', '.join(written)}}}"
    else:
        help = f"{operation}: {{name: value}}"
    message = f"`{operation}` takes named arguments; a list never means positional arguments"
    collector.add("TD003", message, path, help=help)


def is_container(operation: str) -> bool:
    """True for an operation whose value is a list of steps."""
    return operation in CONTAINERS
