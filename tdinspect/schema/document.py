"""The schema of a whole spec: the keys at its top."""

from __future__ import annotations

from collections.abc import Mapping
from keyword import kwlist

from tdinspect.domain.finding import RULES
from tdinspect.domain.spec import CONTAINERS
from tdinspect.schema import tables
from tdinspect.schema.steps import steps_reference
from tdinspect.schema.values import Schema

_SYMBOL = f"(?!_$){tables.NAME}"
_NO_DOLLAR: Schema = {"type": ["string", "number", "boolean", "null"], "pattern": r"^[^$]*$"}


def top() -> Schema:
    """The keys of a spec; without ``blocks`` no step may use one."""
    described: Mapping[str, Schema] = {
        "name": {"description": "The model's name; without it that of the file.", **_text()},
        "description": {"description": "What the model is, in a line.", **_text()},
        "input": {"description": "The one input's shape, as `[B, T, 8]`.", "$ref": "#/$defs/input"},
        "inputs": {
            "description": "The inputs' shapes by their names.",
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": f"^{_SYMBOL}$"},
            "additionalProperties": {"$ref": "#/$defs/input"},
        },
        "sizes": {
            "description": "The size of each symbol in the dummy pass; one without gets a size of its own.",
            "type": ["object", "null"],
            "propertyNames": {"pattern": f"^{_SYMBOL}$"},
            "additionalProperties": {"type": "integer", "minimum": 1},
        },
        "time_axis": {
            "description": "Which axis is time: a symbol, an index, or a list of symbols. A spec may have none.",
            "type": ["string", "integer", "array", "null"],
            "pattern": f"^{_SYMBOL}$",
            "items": {"$ref": "#/$defs/symbol"},
            "minItems": 1,
        },
        "batch_axis": {
            "description": "Which axis is the batch: a symbol, an index, or `none`. `B` where nothing is said.",
            "type": ["string", "integer"],
            "pattern": f"^{_SYMBOL}$",
        },
        "vars": {
            "description": "Constants for arguments, read as `$name` or `$(2 * name)`.",
            "type": ["object", "null"],
            "propertyNames": {"pattern": f"^{_SYMBOL}$"},
            "additionalProperties": {**_NO_DOLLAR, "type": [*_types(_NO_DOLLAR), "array"], "items": _NO_DOLLAR},
        },
        "blocks": {
            "description": "Named lists of steps, used like layers.",
            "type": ["object", "null"],
            "propertyNames": {"pattern": f"^{tables.CAPITAL}$", "not": {"$ref": "#/$defs/taken"}},
            "additionalProperties": {"$ref": "#/$defs/block"},
        },
        "layers": {"description": "The steps, in order.", "type": "array"},
        "outputs": {
            "description": "The names of the steps that are the model's outputs; without it the last step.",
            "$ref": "#/$defs/output_names",
        },
        "expect": {"description": "What `tdinspect check` must find true.", "$ref": "#/$defs/expect"},
    }
    return {
        "type": "object",
        "properties": {key: described[key] for key in tables.TOP_KEYS},
        "additionalProperties": False,
        "required": ["layers"],
        "oneOf": [{"required": ["input"]}, {"required": ["inputs"]}],
        "if": {"required": ["blocks"]},
        "then": {"properties": {"layers": steps_reference(blocks=True)}},
        "else": {"properties": {"layers": steps_reference(blocks=False)}},
    }


def top_definitions(layers: list[str]) -> dict[str, Schema]:
    """What the keys at the top refer to. ``layers`` are the names that no block can have."""
    return {
        "dtype": {"enum": list(tables.DTYPES)},
        "symbol": {"type": "string", "pattern": f"^{_SYMBOL}$"},
        "taken": {"enum": [*CONTAINERS, *layers]},
        "shape": _shape(1),
        "state_shape": _shape(0),
        "input": _input(),
        "block": _block(),
        "output_names": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/value_name"}, "uniqueItems": True},
        "expect": _expect(),
        "expected_shape": _expected_shape(),
        "amount": {"type": ["number", "string"], "minimum": 0, "pattern": f"^(?:{tables.AMOUNT})$"},
        "bounds": _bounds(),
        "code": {"enum": sorted(RULES)},
    }


def _types(schema: Schema) -> list[object]:
    types = schema["type"]
    return list(types) if isinstance(types, list) else [types]


def _text() -> Schema:
    return {"type": ["string", "null"], "pattern": r"\S"}


def _shape(axes: int) -> Schema:
    entry: Schema = {
        "type": ["integer", "string"],
        "minimum": 1,
        "pattern": f"^(?:{_SYMBOL}|{tables.EXPRESSION})$",
        "not": {"enum": list(kwlist)},
    }
    return {"type": "array", "minItems": axes, "maxItems": tables.MAX_AXES, "items": entry}


def _input() -> Schema:
    described: Mapping[str, Schema] = {
        "shape": {"description": "Whole numbers and symbols.", "$ref": "#/$defs/shape"},
        "dtype": {"description": "The type of the numbers.", "$ref": "#/$defs/dtype", "default": "float32"},
        "high": {"description": "What random whole numbers stay below.", "type": "integer", "minimum": 1},
        "values": {"description": "What the dummy pass fills it with.", "enum": list(tables.VALUES)},
    }
    mapping: Schema = {
        "type": "object",
        "properties": {key: described[key] for key in tables.INPUT_KEYS},
        "required": ["shape"],
        "additionalProperties": False,
        "if": {"required": ["high"]},
        "then": {"required": ["dtype"], "properties": {"dtype": {"enum": list(tables.INTEGERS)}}},
    }
    return {"anyOf": [{"$ref": "#/$defs/shape"}, mapping]}


def _block() -> Schema:
    names: Schema = {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/name"}, "uniqueItems": True}
    described: Mapping[str, Schema] = {
        "params": {
            "description": "The block's own constants and their defaults: `{c: 64, stride: 1}`, read as `$c`.",
            "type": ["object", "null"],
            "propertyNames": {"pattern": f"^{_SYMBOL}$"},
        },
        "inputs": {"description": "The names of the entering values inside; `[input]` without it.", **names},
        "outputs": {
            "description": "The inner values that come out; the last step's without it.",
            "$ref": "#/$defs/output_names",
        },
        "layers": {"description": "The steps, in order.", **steps_reference(blocks=True)},
    }
    mapping: Schema = {
        "type": "object",
        "properties": {key: described[key] for key in tables.BLOCK_KEYS},
        "required": ["layers"],
        "additionalProperties": False,
    }
    return {"anyOf": [steps_reference(blocks=True), mapping]}


def _expected_shape() -> Schema:
    formula = rf"^(?:_|\.\.\.|[A-Za-z0-9_+\-*/%(). ]+|{tables.EXPRESSION})$"
    entry: Schema = {"type": ["integer", "string"], "minimum": 0, "pattern": formula}
    return {
        "type": "array",
        "items": entry,
        "contains": {"const": "..."},
        "minContains": 0,
        "maxContains": 1,
    }


def _bounds() -> Schema:
    ends: Schema = {"min": {"$ref": "#/$defs/amount"}, "max": {"$ref": "#/$defs/amount"}}
    mapping: Schema = {"type": "object", "properties": ends, "additionalProperties": False, "minProperties": 1}
    return {"anyOf": [{"$ref": "#/$defs/amount"}, mapping]}


def _expect() -> Schema:
    shape: Schema = {"$ref": "#/$defs/expected_shape"}
    shapes: Schema = {"type": "object", "additionalProperties": shape}
    fails: Schema = {"type": "object", "required": ["code"], "additionalProperties": False}
    fails["properties"] = {"code": {"$ref": "#/$defs/code"}, "error": {"type": ["string", "null"]}}
    counted = "A number, or `{min, max}`; `5M`, `2.5G` and `20MiB` are understood."
    described: dict[str, Schema] = {
        "output": {
            "description": "The output's shape: numbers, symbols, formulas, `_` for any size, `...` for any axes. "
            "A mapping of names to shapes for several outputs.",
            "anyOf": [shape, shapes],
        },
        "layers": {"description": "The shapes of steps by their names.", **shapes},
        "free": {
            "description": "The model runs at other sizes of these symbols, with the same parameters.",
            "type": "array",
            "items": {"$ref": "#/$defs/symbol"},
        },
        "causal": {"description": "No output depends on a later input.", "type": "boolean"},
        "batch_independent": {"description": "No output depends on another sample.", "type": "boolean"},
        "fails": {
            "description": "The spec is meant to fail so: a code, or `{code, error}` with the exact text.",
            "anyOf": [{"$ref": "#/$defs/code"}, fails],
        },
        **{key: {"description": counted, "$ref": "#/$defs/bounds"} for key in tables.COUNTS},
    }
    properties = {key: described[key] for key in tables.EXPECT_KEYS}
    return {"type": ["object", "null"], "properties": properties, "additionalProperties": False}
