"""What the importers themselves know of the language, gathered for the schema: no list of keys stands twice."""

from __future__ import annotations

from typing import get_args

from tdinspect.importers import arguments, blocks, containers, expect, inputs, spec_parser, steps, values

TOP_KEYS: tuple[str, ...] = spec_parser.KEYS
STEP_KEYS: tuple[str, ...] = tuple(key for key in arguments.STEP_KEYS if key != "share")  # that one is an operation
NEVER_ARGUMENTS: tuple[str, ...] = arguments.NEVER_ARGUMENTS
TIMES: tuple[str, ...] = steps.TIMES
MODES: tuple[str, ...] = containers.MODES
CONTAINER_KEYS: dict[str, tuple[str, ...]] = containers.OPTIONS
BLOCK_KEYS: tuple[str, ...] = blocks.KEYS
INPUT_KEYS: tuple[str, ...] = inputs.OPTIONS
EXPECT_KEYS: tuple[str, ...] = expect.KEYS
COUNTS: tuple[str, ...] = expect.COUNTS
VALUES: tuple[str, ...] = get_args(inputs.Values)
MAX_AXES: int = inputs.MAX_AXES
_MEANT: dict[str, str] = inputs.DTYPES
DTYPES: tuple[str, ...] = tuple(_MEANT)
INTEGERS: tuple[str, ...] = tuple(name for name, meant in _MEANT.items() if meant in inputs.INTEGERS)

# Patterns; they mean the same to Python and to an editor's JavaScript.
NAME: str = values.NAME.pattern
AMOUNT: str = expect.AMOUNT.pattern
EXPRESSION = rf"\$(?:{NAME}|\(.*\))"
CAPITAL = "[A-Z][A-Za-z0-9_]*"
# What torch has is written by its own name: neither `nn.Linear` nor `F.relu`.
_TORCH = r"(?:torch\.)?nn\.[A-Z]\w*$|(?:torch|F|(?:torch\.)?nn\.functional)\.\w+$"
DOTTED = rf"(?!{_TORCH}){NAME}(?:\.{NAME})+"
STEP_NAME = rf"{NAME}(?:\.[A-Za-z0-9_]+)*"  # a copy of a repeated step is `NAME.0`
