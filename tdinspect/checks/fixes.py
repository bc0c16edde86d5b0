"""A fix that was tried, as the text of a spec, ready to paste."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tdinspect.checks.failures import step_text, wrapped_text
from tdinspect.domain.trace import Fix, LayerRecord

_FIRST = ("from",)  # keys of the step that say where its input comes from
_WORDS = {
    "wrapped": "run it on every time step",
    "framed": "run it on every time step, with the axis that it takes",
    "bare": "take it out of TimeDistributed, to run along time",
    "changed": "change its arguments",
    "moved": "bring time to where the layer has its positions",
    "permuted": "bring the axes into the order that it cuts and joins them in",
    "unsqueezed": "give every step (or sample) the axis that the layer takes",
}


def ways_out(record: LayerRecord, sizes: Mapping[str, int], *how: str) -> str | None:
    """The first of these ways that was tried and works: in words, what it gave, and the steps; None where none is."""
    fix = record.facts.fix(*how)
    if fix is None:
        return None
    # A copy of a repeat has its number for a name.
    keys = {key: value for key, value in record.keys.items() if key != "name" or not str(value).isdecimal()}
    changed = replace(record, given=fix.given, type=fix.type or record.type, keys=keys)
    steps = {"wrapped": wrapped_text, "changed": step_text, "bare": step_text}
    text = steps[fix.how](changed) if fix.how in steps else _with_neighbours(changed, fix)
    return f"{_WORDS[fix.how]} (tried: gives {fix.gives.text(sizes)})\n{text}"


def _with_neighbours(record: LayerRecord, fix: Fix) -> str:
    """The step behind an ``unsqueeze``, or between two transposes: the first has its ``from``, the last its name."""
    source = {key: value for key, value in record.keys.items() if key in _FIRST}
    named = {key: value for key, value in record.keys.items() if key not in _FIRST}
    blank = replace(record, shared_with=None, keys={})
    if fix.how == "framed":
        added = step_text(replace(blank, type="unsqueeze", given={"dim": fix.axes[0]}))
        first, *rest = wrapped_text(record).splitlines()
        return "\n".join([first, f"    {added}", *rest])
    if fix.how in ("unsqueezed", "permuted"):
        before = replace(blank, type="unsqueeze", given={"dim": fix.axes[0]}, keys=source)
        if fix.how == "permuted":
            before = replace(before, type="transpose", given={"dim0": fix.axes[0], "dim1": fix.axes[1]})
        return "\n".join([step_text(before), step_text(replace(record, keys=named))])
    swap = replace(blank, type="transpose", given={"dim0": fix.axes[0], "dim1": fix.axes[1]})
    own = {key: value for key, value in named.items() if key in ("call", "trainable")}
    after = {key: value for key, value in named.items() if key not in own}
    steps = (replace(swap, keys=source), replace(record, keys=own), replace(swap, keys=after))
    return "\n".join(map(step_text, steps))
