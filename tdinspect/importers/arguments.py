"""An operation's key and its arguments, and the mistakes that people make there."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from tdinspect.domain.location import Path
from tdinspect.domain.spec import CONTAINERS, SOURCES, Arguments, Expression, Layer
from tdinspect.importers.collector import Collector, did_you_mean, enumeration, shorten, spaced, whole
from tdinspect.importers.python_code import for_list, step_for_call, with_list
from tdinspect.importers.sources import as_source
from tdinspect.importers.values import NAME, Constants

STEP_KEYS = ("name", "from", "as", "call", "repeat", "share", "trainable", "time")
NEVER_ARGUMENTS = ("from", "as", "call", "repeat", "share")

_READABLE = 80  # characters
_NUMBER = re.compile(r"-?[0-9][0-9._]*")
_NUMBERS = re.compile(r"-?[0-9][0-9.]*(?:(?:\s*,\s*|\s+)-?[0-9][0-9.]*)+")
_ASSIGNED = re.compile(r"([A-Za-z_]\w*)\s*=\s*(\S.*)")
_TUPLE = re.compile(r"\(\s*(?:-?[0-9][0-9._]*|None)\s*(?:,[\s0-9._None,-]*)?\)?")
_MOST_IN_TUPLE = 16  # that anyone writes
_MEANT = {"input": "from", "inputs": "from", "output": "as", "outputs": "as", "times": "repeat", "copies": "repeat"}
_INSIDE = ("layers", "shortcut", "state", "next", "initial", "mode", "chunk_size", "time_axis", "batch_axis")


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
    call = step_for_call(operation)
    help = call or _stray_letter(operation) or _two_lines(operation) or spaced(operation)
    help = "a step's operation is written out; `$` is read among its arguments" if "$" in operation else help
    message = f"`{shorten(operation)}` is not {wanted}"
    message = f"`{shorten(operation)}` is Python; arguments are written as a mapping" if call else message
    collector.add("TD003", message, path, on_key=on_key, help=help)
    return False


def _stray_letter(text: str) -> str | None:
    """The help for a letter that only looks like one of a-z, or a colon that is none."""
    stray = next((letter for letter in text if not letter.isascii() and letter.isprintable()), None)
    return f"`{stray}` (U+{ord(stray):04X}) is no letter of a-z: type it anew" if stray else None


def _two_lines(text: str) -> str | None:
    """The help for `- ResBlock` with `c:3` or another step below it, which YAML reads as one text."""
    first, space, rest = text.partition(" ")
    first, value = first.rstrip(",;"), rest.strip("=,; ")
    if len(text) > _READABLE or not is_operation(first):
        return None
    if not value or _NUMBER.fullmatch(value):
        return f"write `{first}: {value}`" if value else f"write `{first}`"
    key, colon, value = (part.strip() for part in rest.partition(":"))
    if colon and NAME.fullmatch(key) and value:
        return f"put a colon behind `{first}`, and a space after the other:\n- {first}:\n    {key}: {value}"
    words = rest.split()
    if words and all(is_operation(word) for word in words):
        return "each step begins with a dash:\n" + "\n".join(f"- {word}" for word in (first, *words))
    return None


def find_operation(step: Mapping[str, object], path: Path, collector: Collector) -> str | None:
    """The step's one operation key (``share`` is one); None, with a finding, when there is not exactly one."""
    keys = [key for key in step if key not in STEP_KEYS or key == "share"]
    if keys == ["layers"]:
        message = "`layers` belongs to a container or a block, and this step names none"
        help = f"- Sequential:\n    - ...{_repeated(step)}"
        collector.add("TD003", message, (*path, "layers"), on_key=True, help=help)
        return None
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
    if key in _MEANT:
        message = f"unknown key `{key}` of a step"
        collector.add("TD002", message, (*path, key), on_key=True, help=did_you_mean(_MEANT[key]))
        return True
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
    if "repeat" in step:
        return f"`repeat` stands beside what is repeated:\n- Sequential:\n    - ...{_repeated(step)}"
    keys = ", ".join(step)
    return f"beside {keys} write a layer or a function: `ReLU:`" if keys else "- ReLU"


def _repeated(step: Mapping[str, object]) -> str:
    """The line with `repeat` of a step that has one."""
    number = step.get("repeat")
    return f"\n  repeat: {number if whole(number) else 3}" if "repeat" in step else ""


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
    if isinstance(value, str) and _TUPLE.fullmatch(value):
        _refuse_tuple(value, None, path, constants.collector, operation)
        return Arguments(wrong=True)
    if isinstance(value, str) and len(value) <= _READABLE and _NUMBERS.fullmatch(value):
        numbers = ", ".join(f"NAME: {number}" for number in value.replace(",", " ").split())
        message = f"`{value}` is one text; several arguments have their names"
        constants.collector.add("TD003", message, path, help=f"{operation}: {{{numbers}}}")
        return Arguments(wrong=True)
    if not isinstance(value, Mapping):
        return Arguments(scalar=constants.value(value, path), has_scalar=True)
    for key in NEVER_ARGUMENTS:
        if key in value:
            belongs_to_the_step(key, operation, path, constants.collector)
    written = _without_python(value, path, constants.collector)
    named = {
        key: item if isinstance(item, Expression) else _argument(item, (*path, key), constants, modules)
        for key, item in written.items()
        if key not in NEVER_ARGUMENTS
    }
    return Arguments(named=named)


def _without_python(value: Mapping[str, object], path: Path, collector: Collector) -> Mapping[str, object]:
    """The arguments, with a wrong Expression and a finding for each that is `k = 3` or `k: (3, 3)`."""
    found: dict[str, object] = {}
    opened: str | None = None  # the argument whose tuple YAML has cut at its commas
    keys = list(value)
    for index, (key, item) in enumerate(value.items()):
        assigned = _ASSIGNED.fullmatch(key) if item is None else None
        if opened is not None and item is None:  # the rest of the tuple, as keys
            opened = None if key.endswith(")") else opened
        elif assigned:
            message = f"`{shorten(key)}` is Python; a name and its value have a colon between them"
            help = f"`{shorten(f'{assigned[1]}: {assigned[2]}')}`"
            collector.add("TD003", message, (*path, key), on_key=True, help=help)
            found[assigned[1]] = Expression("0", frozenset())
        elif item is None and spaced(key):
            message = f"`{shorten(key)}` is one text, since no space is behind its colon"
            collector.add("TD003", message, (*path, key), on_key=True, help=spaced(key))
            found[key.partition(":")[0]] = Expression("0", frozenset())
        elif isinstance(item, str) and _TUPLE.fullmatch(item):
            rest = [] if item.endswith(")") else _rest_of_tuple(value, keys, index + 1)
            opened = key if rest else None
            _refuse_tuple(", ".join([item, *rest]), key, (*path, key), collector)
            found[key] = Expression("0", frozenset())
        else:
            found[key] = item
    return found


def _rest_of_tuple(value: Mapping[str, object], keys: list[str], start: int) -> list[str]:
    """The keys from the place ``start`` on, up to the one that closes the bracket before them."""
    rest = []
    for name in keys[start : start + _MOST_IN_TUPLE]:
        if value[name] is not None:
            break
        rest.append(name)
        if name.endswith(")"):
            return rest
    return []


def _refuse_tuple(text: str, name: str | None, path: Path, collector: Collector, operation: str = "") -> None:
    """Note a tuple: the argument with this ``name``, or what stands in place of the arguments."""
    inside = ", ".join(part for item in text.strip("()").split(",") if (part := item.strip(" ()")))
    written = shorten(f"[{inside.replace('None', 'null')}]")
    step = with_list(shorten(operation), written) if name is None else f"{shorten(name)}: {written}"
    message = f"`{shorten(text)}` is Python; a list stands in square brackets"
    collector.add("TD003", message, path, help=f"`{step}`")


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
    if is_source(operation):
        help = as_source(operation, value)
    elif value and all(map(_is_step, value)):
        help = "a list of steps belongs to a container or a block: `Sequential: [...]`"
    elif value and all(isinstance(item, str) and not item.startswith("$") for item in value):
        help = f"inputs are named beside it: `from: [{enumeration(list(map(str, value)))}]`"
    elif value and any(isinstance(item, Mapping) for item in value):
        help = f"no dash before an argument:\n{operation}:\n  NAME: value"
    else:
        help = for_list(operation, value)
    message = f"`{operation}` takes named arguments; a list never means positional arguments"
    collector.add("TD003", message, path, help=help)


def _is_step(item: object) -> bool:
    """True for what can be a layer's step, and no name of a value by custom."""
    key = next(iter(item), "") if isinstance(item, Mapping) else item
    return isinstance(key, str) and key[:1].isupper() and is_operation(key)


def is_container(operation: str) -> bool:
    """True for an operation whose value is a list of steps."""
    return operation in CONTAINERS
