"""What the rules about failing layers share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tdinspect.domain.spec import show
from tdinspect.domain.trace import Failure, LayerRecord, Trace


def failed(trace: Trace) -> Iterator[tuple[LayerRecord, Failure]]:
    """The rows whose layer raised."""
    for record in trace.layers:
        if record.failure is not None and not record.failure.reported:
            yield record, record.failure


def wrapped_text(record: LayerRecord) -> str:
    """The step under TimeDistributed, as a spec writes it: what names and wires it moves to the wrapper."""
    outer = ("name", "from", "as", "time")
    inside = _step_lines(_operation(record), {k: v for k, v in record.keys.items() if k not in outer})
    lines = ["- TimeDistributed:", *(f"    {line}" for line in inside)]
    return "\n".join([*lines, *_key_lines({key: record.keys[key] for key in outer if key in record.keys})])


def step_text(record: LayerRecord) -> str:
    """The step as a spec writes it."""
    return "\n".join(_step_lines(_operation(record), record.keys))


def _operation(record: LayerRecord) -> str:
    if record.shared_with:
        return f"share: {record.shared_with}"
    return f"{record.type}: {show(record.given)}" if record.given else record.type


def _step_lines(operation: str, keys: Mapping[str, object]) -> list[str]:
    if keys and ": " not in operation:
        operation += ":"
    return [f"- {operation}", *_key_lines(keys)]


def _key_lines(keys: Mapping[str, object]) -> list[str]:
    return [f"  {key}: {show(value) if key in ('call', 'trainable') else _names(value)}" for key, value in keys.items()]


def _names(value: object) -> str:
    """Names as `from` and `as` have them."""
    if isinstance(value, tuple | list):
        return f"[{', '.join(_names(part) for part in value)}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {_names(part)}' for key, part in value.items())}}}"
    return str(value)
