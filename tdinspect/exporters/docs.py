"""The docstring of an exported model: texts of a spec, so that none of them can end it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from tdinspect.exporters.code import WIDTH
from tdinspect.exporters.seen import Seen


def docstring(
    seen: Seen, shapes: Mapping[str, str] | None = None, names: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """The description, then what comes in; ``shapes`` and ``names`` of inputs where they are not the spec's own."""
    spec = seen.spec
    said = one_line(spec.description or f"The model {spec.name}")
    said = said if said.endswith((".", "!", "?")) else f"{said}."
    first, *more = textwrap.wrap(said, WIDTH - 8) or ["A model."]
    lines = [f'"""{first}', *more, ""]
    for given in spec.inputs:
        info = seen.inputs[given.name]
        kind = "" if info.dtype == "float32" else f", {info.dtype}"
        shape = (shapes or {}).get(given.name) or info.text(seen.sizes)
        lines += textwrap.wrap(
            f"{(names or {}).get(given.name, given.name)}: {shape}{kind}", WIDTH - 4, subsequent_indent="    "
        )
    return (*lines, '"""')


def header(seen: Seen, more: str = "") -> str:
    """The docstring of the file."""
    return "\n".join(
        textwrap.wrap(f'"""{one_line(seen.spec.name)}: written by tdinspect from its spec{more}."""', WIDTH)
    )


def one_line(text: str) -> str:
    """A text of the spec as it may stand in a docstring: one line, nothing that ends it or starts an escape."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(plain.replace("\\", "/").replace('"', "'").split())
