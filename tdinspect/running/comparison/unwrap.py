"""The whole model with its TimeDistributed wrappers taken away, up to the first layer that raises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tdinspect.domain.spec import Container, ModelSpec, Step, map_steps
from tdinspect.domain.trace import FirstFailure
from tdinspect.running.assemble import Assembly, assemble_again


def first_failure(spec: ModelSpec, assembly: Assembly) -> FirstFailure | None:
    """Where the same layers, with the sizes they have, stop without the wrappers; None when they run to the end.

    A model that stops with its wrappers stops there without them, if not before.
    """
    bare = replace(spec, steps=without_wrappers(spec.steps))
    again = assemble_again(bare, assembly)
    for record in (*again.trace.layers, *assembly.trace.layers):
        if record.failure is not None:
            return FirstFailure(record.name, record.type, record.path, record.failure.error)
    return None


def without_wrappers(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps with every TimeDistributed as a plain Sequential."""
    return map_steps(_unwrapped, steps)


def _unwrapped(step: Step) -> Step:
    operation = step.operation
    if not isinstance(operation, Container) or operation.type != "TimeDistributed":
        return step
    return replace(step, operation=Container("Sequential", operation.steps))
