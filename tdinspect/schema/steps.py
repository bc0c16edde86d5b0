"""The schema of a step: a bare name, or one operation with step keys beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tdinspect.domain.spec import SOURCES
from tdinspect.schema import tables
from tdinspect.schema.operations import references
from tdinspect.schema.values import EXPRESSION, Schema

_DOTTED = f"^{tables.DOTTED}$"
_BLOCK = f"^{tables.CAPITAL}$"


@dataclass(frozen=True)
class Operations:
    """The names of all operations but containers and blocks; ``bare`` are those that need no argument."""

    names: tuple[str, ...]
    bare: tuple[str, ...]


def step_definitions(operations: Operations) -> dict[str, Schema]:
    """Steps twice: where the spec has no blocks, a capital name that torch.nn does not have is a mistake."""
    return {
        "name": {"type": "string", "pattern": f"^(?!_$){tables.NAME}$"},
        "value_name": {"type": "string", "pattern": f"^{tables.STEP_NAME}$"},
        "inputs_of_step": _inputs(),
        "parts": _parts(),
        "block_use": _block_use(),
        **_definitions(operations, blocks=False),
        **_definitions(operations, blocks=True),
    }


def steps_reference(blocks: bool) -> Schema:
    """A list of steps, in a spec with or without blocks."""
    return {"$ref": f"#/$defs/{_prefix(blocks)}steps"}


def _prefix(blocks: bool) -> str:
    return "block_" if blocks else ""


def _definitions(operations: Operations, blocks: bool) -> dict[str, Schema]:
    prefix = _prefix(blocks)
    containers = _containers(steps_reference(blocks))
    return {
        **{f"{prefix}{name}": schema for name, schema in containers.items()},
        f"{prefix}steps": {"type": "array", "items": {"$ref": f"#/$defs/{prefix}step"}, "minItems": 1},
        f"{prefix}step": {
            "anyOf": [_bare(operations, containers, blocks), _mapping(operations, tuple(containers), blocks)]
        },
    }


def _bare(operations: Operations, containers: Iterable[str], blocks: bool) -> Schema:
    known = [*operations.names, *containers]
    options: list[Schema] = [{"enum": list(operations.bare)}, {"type": "string", "pattern": _DOTTED}]
    if blocks:
        options.append({"type": "string", "pattern": _BLOCK, "not": {"enum": known}})
    return {"anyOf": options}


def _mapping(operations: Operations, containers: tuple[str, ...], blocks: bool) -> Schema:
    known = ["share", *operations.names, *containers]
    step_keys = list(tables.STEP_KEYS)
    own = {name: {"$ref": f"#/$defs/{_prefix(blocks)}{name}"} for name in containers}
    others: Schema = {"propertyNames": {"not": {"enum": known}}, "not": {"propertyNames": {"enum": step_keys}}}
    schema: Schema = {
        "type": "object",
        "properties": {**own, **references(operations.names), "share": _share(), **_step_keys()},
        "patternProperties": {_DOTTED: {"$ref": "#/$defs/imported"}},
        "additionalProperties": {"$ref": "#/$defs/block_use"} if blocks else False,
        "oneOf": [*({"required": [name]} for name in known), others],
        "dependentSchemas": {name: {"properties": {"from": False, "repeat": False}} for name in SOURCES},
        # beside an operation that is known there is none that is not
        "anyOf": [{"propertyNames": {"enum": [*known, *step_keys]}}, {"propertyNames": {"not": {"enum": known}}}],
    }
    if blocks:
        names = [{"enum": [*known, *step_keys]}, {"pattern": _DOTTED}, {"pattern": _BLOCK}]
        schema["propertyNames"] = {"anyOf": names}
    return schema


def _step_keys() -> dict[str, Schema]:
    described: Mapping[str, Schema] = {
        "name": {
            "description": "The step's name; without it the operation in lower case and its number: `conv2d_1`.",
            "$ref": "#/$defs/name",
        },
        "from": {
            "description": "Which values come in: a name, a list of names, or a mapping of keywords to names. "
            "Without it, the step before.",
            "$ref": "#/$defs/inputs_of_step",
        },
        "as": {
            "description": "Names for the parts of a tuple result: `[seq, [h, c]]`; `_` drops one.",
            "$ref": "#/$defs/parts",
        },
        "call": {
            "description": "Constants for the forward call: `{need_weights: false}`.",
            "type": "object",
        },
        "repeat": {
            "description": "That many independent copies in a row, each taking the one before.",
            **whole_or_expression(1),
        },
        "trainable": {"description": "`false` freezes the step's parameters.", "type": "boolean"},
        "time": {
            "description": "What this step is meant to do to the time axis; `tdinspect check` holds it to that.",
            "enum": list(tables.TIMES),
        },
    }
    return {key: described[key] for key in tables.STEP_KEYS}


def whole_or_expression(least: int) -> Schema:
    """A whole number, or `$name`."""
    return {"type": ["integer", "string"], "minimum": least, "pattern": EXPRESSION["pattern"]}


def _share() -> Schema:
    return {
        "description": "The name of an earlier step: the same module, the same weights, used again.",
        "$ref": "#/$defs/value_name",
    }


def _inputs() -> Schema:
    names: Schema = {"type": ["string", "array"], "pattern": f"^{tables.STEP_NAME}$", "minItems": 1}
    names["items"] = {"$ref": "#/$defs/inputs_of_step/$defs/names"}
    return {
        "$defs": {"names": names},
        "anyOf": [
            {"$ref": "#/$defs/inputs_of_step/$defs/names"},
            {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": {"$ref": "#/$defs/inputs_of_step/$defs/names"},
            },
        ],
    }


def _parts() -> Schema:
    item: Schema = {"anyOf": [{"type": "string", "pattern": f"^{tables.NAME}$"}, {"$ref": "#/$defs/parts"}]}
    return {"type": "array", "minItems": 1, "items": item}


def _block_use() -> Schema:
    return {
        "description": "One use of a block; its params, a scalar for the first of them, or nothing.",
        "type": ["object", "boolean", "number", "string", "null"],
        "propertyNames": {"not": {"enum": list(tables.NEVER_ARGUMENTS)}},
    }


def _containers(steps: Schema) -> dict[str, Schema]:
    """Each container: a list of steps, or a mapping with the keys that its reader knows."""
    described = _container_keys(steps)
    found = {}
    for name, description in _CONTAINERS.items():
        required = ["state", "layers", "next"] if name == "Recurrent" else ["layers"]
        mapping: Schema = {
            "type": "object",
            "properties": {key: described[key] for key in tables.CONTAINER_KEYS[name]},
            "required": required,
            "additionalProperties": False,
        }
        forms: Schema = mapping if len(required) > 1 else {"anyOf": [steps, mapping]}
        found[name] = {"description": description, **forms}
    return found


_CONTAINERS: Mapping[str, str] = {
    "TimeDistributed": "The steps run on every time step with the same weights: batch and time are folded into one "
    "axis, and unfolded again.",
    "Sequential": "The steps under one name and one `from`.",
    "Residual": "`x + f(x)`, where f is the steps.",
    "Recurrent": "The steps run once per time step in order; a state goes from each time step to the next.",
}


def _container_keys(steps: Schema) -> Mapping[str, Schema]:
    names: Schema = {"type": "object", "additionalProperties": {"$ref": "#/$defs/value_name"}}
    shapes: Schema = {"type": "object", "minProperties": 1, "additionalProperties": {"$ref": "#/$defs/state_shape"}}
    axis: Schema = {"type": ["string", "integer"]}
    return {
        "layers": {"description": "The steps, in order.", **steps},
        "shortcut": {"description": "Steps that x goes through before it is added.", **steps},
        "state": {"description": "The shape of each state, without the batch: `{h: [8, H, W]}`.", **shapes},
        "next": {"description": "Which inner value a state is in the following time step.", **names},
        "initial": {"description": "Which outer value a state starts from; zeros without it.", **names},
        "time_axis": {"description": "The time axis here, by its symbol or from 0.", **axis},
        "batch_axis": {"description": "The batch axis here, by its symbol or from 0; or `none`.", **axis},
        "mode": {"description": "All time steps at once, one by one, or in chunks.", "enum": list(tables.MODES)},
        "chunk_size": {"description": "Time steps per chunk.", "type": "integer", "minimum": 1},
    }
