"""The spec language as a JSON Schema (draft 2020-12), for editors: made from torch's own signatures and docstrings."""

from __future__ import annotations

import json
from functools import cache

from tdinspect.schema.document import top, top_definitions
from tdinspect.schema.operations import functions, imported, layers, module, needs_arguments, sources
from tdinspect.schema.steps import Operations, step_definitions
from tdinspect.schema.values import Schema

__all__ = ["schema", "schema_text"]


def schema() -> dict[str, object]:
    """The schema of a whole spec. Every operation stands under ``$defs`` by its name."""
    torch_nn = layers()
    known = {**torch_nn, **functions(), **sources()}
    bare = tuple(name for name, operation in known.items() if not needs_arguments(operation))
    definitions: Schema = {
        **top_definitions(list(torch_nn)),
        **step_definitions(Operations(tuple(known), bare)),
        "module": module(torch_nn, [name for name in bare if name in torch_nn]),
        "imported": imported(),
    }
    assert definitions.keys().isdisjoint(known), "an operation has the name of a part of the language"
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A model spec of tdinspect",
        **top(),
        "$defs": {**definitions, **known},
    }


@cache
def schema_text() -> str:
    """The schema as indented JSON; the same text every time."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
