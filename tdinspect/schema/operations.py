"""The schema of every layer, function and source: what may stand behind its name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tdinspect.building.functions import FUNCTIONS
from tdinspect.building.signatures import (
    Parameter,
    function_parameters,
    is_tensor,
    layer_classes,
    layer_parameters,
    scalar_parameter,
)
from tdinspect.building.sources import source_parameters
from tdinspect.domain.spec import SOURCES
from tdinspect.layers import is_inferable
from tdinspect.schema import tables
from tdinspect.schema.help import function_help, layer_help, source_help
from tdinspect.schema.values import Schema, default_of, value_schema, without_lists

_TOLD = "The shapes tell it; when given, it is used as given."


def layers() -> dict[str, Schema]:
    """Every class of torch.nn by its name."""
    return {name: _layer(name) for name in layer_classes()}


def functions() -> dict[str, Schema]:
    """Every function of tensors by its name."""
    return {name: _function(name) for name in FUNCTIONS}


def sources() -> dict[str, Schema]:
    """Every operation without inputs by its name."""
    return {name: _source(name) for name in SOURCES}


def needs_arguments(operation: Schema) -> bool:
    """True for an operation that cannot stand as a bare name."""
    return "null" not in _types(operation)


def _types(operation: Schema) -> Iterable[object]:
    options = operation.get("anyOf", [operation])
    assert isinstance(options, list)
    return [kind for option in options for kind in option.get("type", ())]


def _layer(name: str) -> Schema:
    parameters = layer_parameters(name)
    scalar = scalar_parameter(parameters)
    return _operation(parameters, _required(parameters), [scalar] if scalar else [], layer_help(name))


def _source(name: str) -> Schema:
    parameters = source_parameters(name)
    scalar = scalar_parameter(parameters)
    return _operation(parameters, _required(parameters), [scalar] if scalar else [], source_help(name))


def _function(name: str) -> Schema:
    """What ``from`` fills depends on the step, so an argument that may be a tensor is never required here."""
    parameters = function_parameters(FUNCTIONS[name])
    constants = [parameter for parameter in parameters if not is_tensor(parameter)]
    return _operation(parameters, _required(constants), list(_function_scalars(parameters)), function_help(name))


def _function_scalars(parameters: tuple[Parameter, ...]) -> Iterator[Parameter]:
    """The arguments that a bare scalar may stand for, with one tensor coming in, with two ..."""
    tensors = [parameter.name for parameter in parameters if is_tensor(parameter)]
    found: dict[str, Parameter] = {}
    for filled in range(1, len(tensors) + 1):
        left = [parameter for parameter in parameters if parameter.name not in tensors[:filled]]
        scalar = scalar_parameter(left)
        if scalar is not None:
            found[scalar.name] = scalar
    yield from found.values()


def _required(parameters: Iterable[Parameter]) -> list[str]:
    return [parameter.name for parameter in parameters if parameter.required and not is_inferable(parameter.name)]


def _operation(
    parameters: Iterable[Parameter],
    required: list[str],
    scalars: list[Parameter],
    help: tuple[str, Mapping[str, str]],
) -> Schema:
    """A mapping of arguments; a scalar or nothing where no other argument is missing then."""
    description, texts = help
    properties = {p.name: _argument(p, texts, value) for p in parameters if (value := value_schema(p)) is not None}
    mapping: Schema = {"type": ["object"], "properties": properties, "additionalProperties": False}
    if required:
        mapping["required"] = required
    alone = [_alone(p, properties) for p in scalars if set(required) <= {p.name}]
    values = [value for value in alone if value is not None]
    if not required:
        values.append({"type": ["null"]})
    return {"description": description, **_merged(mapping, values)}


def _argument(parameter: Parameter, texts: Mapping[str, str], value: Schema) -> Schema:
    told = _TOLD if is_inferable(parameter.name) else ""
    text = " ".join(filter(None, (texts.get(parameter.name, ""), told)))
    return {**({"description": text} if text else {}), **value, **default_of(parameter)}


def _alone(parameter: Parameter, properties: Mapping[str, Schema]) -> Schema | None:
    value = properties.get(parameter.name)
    if value is None:
        return None
    bare = {key: item for key, item in value.items() if key not in ("description", "default")}
    return without_lists(bare) if bare else {"type": ["boolean", "number", "string", "null"]}


def _merged(mapping: Schema, values: list[Schema]) -> Schema:
    """One schema where the values are told apart by their types alone: editors show that best."""
    if any(not {"type", "pattern"} >= value.keys() for value in values):
        return {"anyOf": [mapping, *values]}
    if len({str(value["pattern"]) for value in values if "pattern" in value}) > 1:
        return {"anyOf": [mapping, *values]}
    merged = dict(mapping)
    types: list[object] = []
    for value in [mapping, *values]:
        kinds = value["type"]
        types += kinds if isinstance(kinds, list) else [kinds]
        merged.update({"pattern": value["pattern"]} if "pattern" in value else {})
    return {**merged, "type": list(dict.fromkeys(types))}


def module(names: Iterable[str], bare: Iterable[str]) -> Schema:
    """An argument that is a module: a bare name, or a mapping with one layer and its arguments."""
    return {
        "description": "A module, written as a step: `ReLU`, or `{TransformerEncoderLayer: {nhead: 8}}`.",
        "anyOf": [
            {"enum": sorted(bare)},
            {"type": "string", "pattern": f"^{tables.DOTTED}$"},
            {
                "type": "object",
                "properties": references(names),
                "patternProperties": {f"^{tables.DOTTED}$": {"$ref": "#/$defs/imported"}},
                "additionalProperties": False,
                "minProperties": 1,
                "maxProperties": 1,
            },
        ],
    }


def imported() -> Schema:
    """The arguments of a dotted path: only importing it would tell what they are."""
    return {
        "description": "A class or function of installed or local code; its package needs `--allow-import`.",
        "type": ["object", "boolean", "number", "string", "null"],
        "propertyNames": {"not": {"enum": list(tables.NEVER_ARGUMENTS)}},
    }


def references(names: Iterable[str]) -> dict[str, Schema]:
    """For each operation the place of its definition."""
    return {name: {"$ref": f"#/$defs/{name}"} for name in names}
