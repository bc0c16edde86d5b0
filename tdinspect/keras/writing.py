"""The spec's text: readable, commented, the same for the same model."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tdinspect.keras.steps import Block, Step

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_WORDS = frozenset(("true", "false", "null", "nan", "inf"))


@dataclass(frozen=True, slots=True)
class Input:
    """One input of the spec. ``note`` says how Keras has it, where that is another way."""

    name: str
    shape: tuple[int | str, ...]
    dtype: str | None = None
    high: int | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A whole spec before it is text."""

    name: str
    head: tuple[str, ...]
    inputs: tuple[Input, ...]
    sizes: Mapping[str, int]
    times: tuple[str, ...]
    blocks: Sequence[Block]
    steps: Sequence[Step]
    outputs: tuple[str, ...] = ()
    expect: Mapping[str, object] = field(default_factory=dict)
    output_note: str | None = None


def spec_text(draft: Draft) -> str:
    """The YAML of a spec."""
    lines = [f"# {line}".rstrip() for line in draft.head]
    lines.append(f"name: {flow(draft.name)}")
    lines += _inputs(draft.inputs)
    if draft.sizes:
        lines.append(f"sizes: {flow(draft.sizes)}")
    if draft.times:
        lines.append(f"time_axis: {draft.times[0] if len(draft.times) == 1 else flow(list(draft.times))}")
    if draft.blocks:
        lines.append("blocks:")
        for block in draft.blocks:
            lines += [f"  {line}" for line in _block(block)]
    lines.append("layers:")
    only = draft.inputs[0].name if len(draft.inputs) == 1 else None
    lines += [f"  {line}" for line in _steps(draft.steps, only)]
    if draft.outputs:
        lines.append(f"outputs: {flow(list(draft.outputs))}")
    if draft.expect:
        lines.append("expect:")
        for key, value in draft.expect.items():
            note = f"  # {draft.output_note}" if key == "output" and draft.output_note else ""
            lines.append(f"  {key}: {flow(value)}{note}")
    return "\n".join(lines) + "\n"


def _inputs(inputs: Sequence[Input]) -> list[str]:
    lines = []
    for one in inputs:
        key = "input" if len(inputs) == 1 else f"  {flow(one.name)}"
        full: dict[str, object] = {"shape": list(one.shape)}
        if one.dtype:
            full["dtype"] = one.dtype
        if one.high is not None:
            full["high"] = one.high
        value = flow(full) if len(full) > 1 else flow(list(one.shape))
        lines.append(f"{key}: {value}" + (f"  # {one.note}" if one.note else ""))
    return lines if len(inputs) == 1 else ["inputs:", *lines]


def _block(block: Block) -> Iterator[str]:
    yield f"{block.name}:"
    only = block.inputs[0] if len(block.inputs) == 1 else None
    if only is None:
        yield f"  inputs: {flow(list(block.inputs))}"
    if len(block.outputs) > 1:
        yield f"  outputs: {flow(list(block.outputs))}"
    yield "  layers:"
    yield from (f"    {line}" for line in _steps(block.steps, only))


def _steps(steps: Sequence[Step], entering: str | None) -> Iterator[str]:
    """The lines of a list of steps; ``from`` is left out where it is the step before, or the one thing that enters."""
    before = entering
    for step in steps:
        yield from _step(step, before)
        before = step.name if step.parts is None else None


def _step(step: Step, before: str | None) -> Iterator[str]:
    if step.steps is not None:
        yield from _container(step)
    elif step.args is None or step.args == {}:
        yield f"- {step.op}:"
    else:
        yield f"- {step.op}: {flow(step.args)}"
    yield f"  name: {flow(step.name)}"
    if step.source is not None and step.source != before:
        yield f"  from: {flow(step.source)}"
    if step.parts is not None:
        yield f"  as: {flow(step.parts)}"
    if step.call:
        yield f"  call: {flow(dict(step.call))}"
    if not step.trainable:
        yield "  trainable: false"


def _container(step: Step) -> Iterator[str]:
    """Inside, what enters has a name only where something else than the first step reads it."""
    inner = step.steps or []
    readers = [other for other in inner if _reads(other.source, "input")]
    named = readers != inner[:1] or inner[0].source != "input"
    if named:
        step.source = {"input": step.source}
    lines = list(_steps(inner, None if named else "input"))
    options = step.args if isinstance(step.args, dict) else {}
    if options:
        yield f"- {step.op}:"
        yield from (f"    {key}: {flow(value)}" for key, value in options.items() if key != "next")
        yield "    layers:"
        yield from (f"      {line}" for line in lines)
        if "next" in options:
            yield f"    next: {flow(options['next'])}"
    else:
        yield f"- {step.op}:"
        yield from (f"    {line}" for line in lines)


def _reads(source: object, name: str) -> bool:
    return source == name or (isinstance(source, list) and any(_reads(item, name) for item in source))


def flow(value: object) -> str:
    """A value on one line of YAML."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{flow(key)}: {flow(item)}' for key, item in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(flow(item) for item in value)}]"
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS
        return value if plain else json.dumps(value, ensure_ascii=False)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else ".nan" if value != value else "-.inf" if value < 0 else ".inf"
    return str(value)
