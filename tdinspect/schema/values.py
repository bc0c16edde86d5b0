"""The schema of one argument's value: asked of the very check that a spec must pass, so that they cannot differ."""

from __future__ import annotations

import math
import typing
from collections.abc import Iterable, Iterator, Mapping

from tdinspect.building.arguments import takes_module, type_problem
from tdinspect.building.signatures import Parameter
from tdinspect.schema import tables

Schema = dict[str, object]

_ANYTHING = (True, 1, 0.5, "a text", None, (1,), ("a text",))
_SCALARS: Mapping[str, object] = {
    "integer": 1234567,  # no default of torch's: a default passes the check whatever the annotation says
    "number": 0.1234567,
    "boolean": True,
    "string": "a text that is no choice",
    "null": None,
}
_LONGEST = 8  # of the lists with a length of their own: torch's longest has six numbers
DTYPE: Schema = {"$ref": "#/$defs/dtype"}
_MODULE: Schema = {"$ref": "#/$defs/module"}
EXPRESSION: Schema = {"type": "string", "pattern": f"^{tables.EXPRESSION}$"}
# A text may hold a dollar only as `$$`, or be an expression as a whole.
_TEXT = rf"^(?:(?:[^$]|\$\$)*|{tables.EXPRESSION})$"


def value_schema(parameter: Parameter) -> Schema | None:
    """What a spec may write for the argument; None for one that only `from` can give, as a tensor."""
    if all(_fits(parameter, value) for value in _ANYTHING):
        return {}
    choices = list(_choices(parameter))
    types = [name for name, value in _SCALARS.items() if _fits(parameter, value)]
    if "null" not in types and parameter.default is None and not parameter.required:
        types.append("null")
    if isinstance(parameter.default, bool) and "boolean" not in types:
        types.append("boolean")
    schema: Schema = _of_types(types)
    schema.update(_list(parameter))
    options: list[Schema] = [schema] if schema else []
    if choices:
        options.append(DTYPE if choices == list(tables.DTYPES) else {"enum": choices})
    if takes_module(parameter):
        options.append(_MODULE)
    if not options:
        return None
    return _with_expression(options)


def default_of(parameter: Parameter) -> Mapping[str, object]:
    """``{"default": ...}`` where torch's default can be written in a spec."""
    default = list(parameter.default) if isinstance(parameter.default, tuple) else parameter.default
    items = default if isinstance(default, list) else [default]
    good = all(
        item is None or isinstance(item, bool | int | str) or (isinstance(item, float) and math.isfinite(item))
        for item in items
    )
    return {"default": default} if good and not parameter.required else {}


def without_lists(schema: Schema) -> Schema | None:
    """The same for a value that stands alone, where a list is never arguments; None when nothing is left."""
    if "anyOf" in schema:
        options = typing.cast("list[Schema]", schema["anyOf"])
        kept = [left for option in options if option != _MODULE and (left := without_lists(option)) is not None]
        return {"anyOf": kept} if kept else None
    types = schema.get("type")
    if not isinstance(types, list):
        return None if types == "array" else schema
    kept_types = [name for name in types if name != "array"]
    rest = {key: value for key, value in schema.items() if key not in ("type", "items", "minItems", "maxItems")}
    return {"type": kept_types, **rest} if kept_types else None


def _fits(parameter: Parameter, value: object) -> bool:
    return type_problem(parameter.annotation, parameter.default, value) is None


def _of_types(types: Iterable[str]) -> Schema:
    kept = [name for name in types if not (name == "integer" and "number" in types)]
    if not kept:
        return {}
    return {"type": kept, "pattern": _TEXT} if "string" in kept else {"type": kept}


def _choices(parameter: Parameter) -> Iterator[object]:
    """The texts that are allowed where not every text is: those of a Literal, and the names of dtypes."""
    if _fits(parameter, _SCALARS["string"]):
        return
    for choice in (*_literals(parameter.annotation), *tables.DTYPES):
        if _fits(parameter, choice):
            yield choice


def _literals(annotation: object) -> Iterator[object]:
    inner = typing.get_args(annotation)
    if typing.get_origin(annotation) is typing.Literal:
        yield from inner
    else:
        for option in inner:
            yield from _literals(option)


def _list(parameter: Parameter) -> Schema:
    """The list that the argument may be: what its items are and how many there may be."""
    kinds = [
        name
        for name, item in _SCALARS.items()
        if any(_fits(parameter, (item,) * length) for length in range(1, _LONGEST + 1))
    ]
    if not kinds:
        return {}
    item = _SCALARS[kinds[0]]
    lengths = [length for length in range(_LONGEST + 1) if _fits(parameter, (item,) * length)]
    schema: Schema = {"items": _with_expression([_of_types(kinds)])}
    if min(lengths):
        schema["minItems"] = min(lengths)
    if max(lengths) < _LONGEST:
        schema["maxItems"] = max(lengths)
    return schema


def _with_expression(options: list[Schema]) -> Schema:
    """One schema of all options and `$name`; in one piece where that is possible, as editors show it best so."""
    first = dict(options[0])
    types = list(typing.cast("list[str]", first.pop("type", [])))
    if "items" in first:
        types.append("array")
    if (types or "items" in first) and len(options) == 1:
        if "string" in types:
            return {"type": types, **first}
        return {"type": [*types, "string"], "pattern": EXPRESSION["pattern"], **first}
    if types:
        options = [{"type": types, **first}, *options[1:]]
    return {"anyOf": [*options, EXPRESSION]}
