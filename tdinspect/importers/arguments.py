"""An operation's key and its arguments, and the mistakes that people make there."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Mapping

from tdinspect.domain.expression import MAX_LENGTH, python_expression, unparse
from tdinspect.domain.location import Path
from tdinspect.domain.spec import CONTAINERS, SOURCES, Arguments, Layer, show
from tdinspect.importers.collector import Collector, did_you_mean, enumeration, shorten, spaced
from tdinspect.importers.sources import as_source
from tdinspect.importers.values import NAME, Constants

STEP_KEYS = ("name", "from", "as", "call", "repeat", "share", "trainable", "time")
NEVER_ARGUMENTS = ("from", "as", "call", "repeat", "share")

_READABLE = 80  # characters
_INSIDE = ("layers", "shortcut", "state", "next", "initial", "mode", "chunk_size", "time_axis", "batch_axis")
_CALL = re.compile(r"\s*([A-Za-z_][\w.]*)\s*\((.*)\)\s*", re.DOTALL)
# Only for the help to code that was pasted from Python: what its first positional arguments are called.
_CONV = ("in_channels", "out_channels", "kernel_size", "stride", "padding")
_POSITIONS = {
    **dict.fromkeys(("Conv1d", "Conv2d", "Conv3d"), _CONV),
    **dict.fromkeys(("MaxPool1d", "MaxPool2d", "AvgPool1d", "AvgPool2d"), ("kernel_size", "stride", "padding")),
    **dict.fromkeys(("LSTM", "GRU", "RNN"), ("input_size", "hidden_size", "num_layers")),
    **dict.fromkeys(("BatchNorm1d", "BatchNorm2d", "BatchNorm3d"), ("num_features",)),
    "Linear": ("in_features", "out_features"),
    **dict.fromkeys(("reshape", "view"), ("shape",)),
    **dict.fromkeys(("permute", "flip"), ("dims",)),
    "pad": ("pad",),
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


def is_source(operation: str) -> bool:
    """True for a tensor that no input gives."""
    return operation in SOURCES


def check_operation(operation: str, path: Path, on_key: bool, collector: Collector) -> bool:
    """True for an operation that can be read on; else a finding."""
    if is_operation(operation):
        return True
    wanted = "a layer (`ReLU`), a function (`softmax`) or a dotted path"
    call = _CALL.fullmatch(operation)
    help = f"- {written_as_mapping(call[1], call[2])}" if call else _two_lines(operation) or spaced(operation)
    message = f"`{shorten(operation)}` is not {wanted}"
    message = f"`{shorten(operation)}` is Python; arguments are written as a mapping" if call else message
    collector.add("TD003", message, path, on_key=on_key, help=help)
    return False


def _two_lines(text: str) -> str | None:
    """The help for `- ResBlock` with `c:3` or another step below it, which YAML reads as one text."""
    first, space, rest = text.partition(" ")
    if not space or not is_operation(first) or len(text) > _READABLE:
        return None
    key, colon, value = (part.strip() for part in rest.partition(":"))
    if colon and NAME.fullmatch(key) and value:
        return f"put a colon behind `{first}`, and a space after the other:\n- {first}:\n    {key}: {value}"
    words = rest.split()
    if words and all(is_operation(word) for word in words):
        return "each step begins with a dash:\n" + "\n".join(f"- {word}" for word in (first, *words))
    return None


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
    found = likely and collector.nearest(key, meant) is not None
    if found:
        collector.unknown_key(key, STEP_KEYS, path, "of a step")
    return found


def _refuse_second(main: str, key: str, step: Mapping[str, object], path: Path, collector: Collector) -> None:
    if main in CONTAINERS and key in _INSIDE:
        message = f"`{key}` belongs inside `{main}`"
        help = f"- {main}:\n    layers: [...]\n    {key}: ..."
    elif step[main] is None and is_operation(key) and is_function(key):
        message = f"the arguments of `{shorten(main)}` stand beside it"
        help = f"indent them below it:\n- {shorten(main)}:\n    {shorten(key)}: ..."
    else:
        message = f"`{shorten(key)}` is a second operation in the step of `{shorten(main)}`"
        help = f"one operation in a step; another begins with a dash:\n- {shorten(main)}: ...\n- {shorten(key)}: ..."
    collector.add("TD003", message, (*path, key), on_key=True, help=help)


def _no_operation(step: Mapping[str, object]) -> str:
    keys = ", ".join(step)
    return f"beside {keys} write a layer or a function: `ReLU:`" if keys else "- ReLU"


def parse_arguments(
    operation: str, value: object, path: Path, constants: Constants, modules: Collection[str] | None = None
) -> Arguments:
    """The arguments of an operation; ``path`` is that of the operation.

    With ``modules``, the names of blocks, an argument may be a module, but none of these and no container.
    """
    if value is None:
        return Arguments()
    if isinstance(value, list):
        _refuse_list(operation, value, path, constants.collector)
        return Arguments(wrong=True)
    if not isinstance(value, Mapping):
        return Arguments(scalar=constants.value(value, path), has_scalar=True)
    for key in NEVER_ARGUMENTS:
        if key in value:
            belongs_to_the_step(key, operation, path, constants.collector)
    named = {
        key: _argument(item, (*path, key), constants, modules)
        for key, item in value.items()
        if key not in NEVER_ARGUMENTS
    }
    return Arguments(named=named)


def belongs_to_the_step(key: str, operation: str, path: Path, collector: Collector) -> None:
    """Note a step key that stands among the arguments."""
    message = f"`{key}` belongs to the step; here it is an argument of `{operation}`"
    help = f"indent it less, so that it stands right below `{operation}`"
    collector.add("TD003", message, (*path, key), on_key=True, help=help)


def _argument(value: object, path: Path, constants: Constants, modules: Collection[str] | None) -> object:
    """A constant, or a Layer where a mapping has nothing but a module's name."""
    if modules is None or not isinstance(value, list | Mapping):
        return constants.value(value, path)
    if isinstance(value, list):
        return tuple(
            constants.value(item, (*path, i), entry=True)
            if isinstance(item, str)
            else _argument(item, (*path, i), constants, modules)
            for i, item in enumerate(value)
        )
    key = next(iter(value)) if len(value) == 1 else ""
    if not (key and is_operation(key) and key.rpartition(".")[2][0].isupper()):
        return {name: _argument(item, (*path, name), constants, modules) for name, item in value.items()}
    place: Path = (*path, key)
    if key in modules or key in CONTAINERS:
        kind = "container" if key in CONTAINERS else "block"
        message = f"the {kind} `{key}` cannot be an argument; a layer of torch.nn or a dotted path can"
        constants.collector.add("TD003", message, place, on_key=True)
        return None
    if not check_operation(key, place, True, constants.collector):
        return None
    return Layer(key, parse_arguments(key, value[key], place, constants, modules), place)


def _refuse_list(operation: str, value: list[object], path: Path, collector: Collector) -> None:
    meant = collector.nearest(operation, CONTAINERS)
    if meant:  # in the words of the check of operations, so that it is said once
        kind = "function" if is_function(operation) else "layer"
        collector.add("TD004", f"there is no {kind} {operation}", path, on_key=True, help=did_you_mean(meant))
        return
    names = _POSITIONS.get(operation, ())
    if is_source(operation):
        help = as_source(operation, value)
    elif value and all(map(_is_step, value)):
        help = "a list of steps belongs to a container or a block: `Sequential: [...]`"
    elif value and all(isinstance(item, str) and not item.startswith("$") for item in value):
        help = f"inputs are named beside it: `from: [{enumeration(list(map(str, value)))}]`"
    elif len(value) <= len(names):
        written = (f"{name}: {shorten(show(item))}" for name, item in zip(names, value, strict=False))
        help = f"{operation}: {{{', '.join(written)}}}"
    else:
        help = f"{operation}: {{name: value}}"
    message = f"`{operation}` takes named arguments; a list never means positional arguments"
    collector.add("TD003", message, path, help=help)


def _is_step(item: object) -> bool:
    """True for what can be a layer's step, and no name of a value by custom."""
    key = next(iter(item), "") if isinstance(item, Mapping) else item
    return isinstance(key, str) and key[:1].isupper() and is_operation(key)


def is_container(operation: str) -> bool:
    """True for an operation whose value is a list of steps."""
    return operation in CONTAINERS
