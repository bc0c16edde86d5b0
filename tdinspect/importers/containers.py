"""The forms of a container: a list of steps, or a mapping with ``layers`` and options."""

from __future__ import annotations

from collections.abc import Mapping

from tdinspect.domain.location import Path
from tdinspect.importers.arguments import is_operation
from tdinspect.importers.collector import Collector, did_you_mean, shorten, whole
from tdinspect.importers.values import Constants, positive

OPTIONS: dict[str, tuple[str, ...]] = {
    "TimeDistributed": ("layers", "time_axis", "batch_axis", "mode", "chunk_size"),
    "Sequential": ("layers",),
    "Residual": ("layers", "shortcut"),
    "Recurrent": ("state", "layers", "next", "initial", "time_axis"),
}
_READ_APART = ("layers", "shortcut", "state", "next", "initial")
MODES = ("fold", "loop", "chunk")


def container_steps(
    key: str, value: object, path: Path, collector: Collector, dash: str = "- "
) -> tuple[list[object], Path] | None:
    """The list of sub-steps and its path; None, with a finding, when there is none. A block has no ``dash``."""
    steps = value.get("layers") if isinstance(value, Mapping) else value
    place: Path = (*path, "layers") if isinstance(value, Mapping) and "layers" in value else path
    if isinstance(steps, list) and steps:
        return steps, place
    indent = " " * (2 + len(dash))
    if isinstance(value, Mapping) and "layers" not in value:
        meant = next((name for name in value if collector.nearest(name, ("layers",))), None)
        if meant is not None:
            collector.unknown_key(meant, ("layers",), path, f"of `{key}`")
            return None
        inner = next((name for name in value if is_operation(name) and name[0].isupper()), None)
        dashed = f"a dash before each:\n{dash}{key}:\n{indent}- {shorten(inner)}: ..." if inner else None
        help = dashed or f"{key}: {{layers: [...]}}"
        collector.add("TD003", f"the steps of `{key}` are missing", path, on_key=True, help=help)
        return None
    help = f"{key}: [{shorten(steps)}]" if isinstance(steps, str) else f"{dash}{key}:\n{indent}- ReLU"
    collector.wrong(f"a list of steps for `{key}`", steps, place, help=help)
    return None


def check_options(key: str, value: object, path: Path, constants: Constants) -> Mapping[str, object]:
    """The plain options beside ``layers`` (``time_axis``, ``mode`` ...); wrong ones are noted and left out."""
    if not isinstance(value, Mapping) or "layers" not in value:
        return {}
    constants.collector.check_keys(value, OPTIONS[key], path, f"of {key}")
    given = {name: option for name, option in value.items() if name in OPTIONS[key] and name not in _READ_APART}
    good = {name: option for name, option in given.items() if _good(name, option, (*path, name), constants)}
    return good if len(good) < len(given) else _chunked(good, path, constants.collector)


def _chunked(options: dict[str, object], path: Path, collector: Collector) -> dict[str, object]:
    """The options where ``mode: chunk`` and ``chunk_size`` come together or not at all."""
    mode = options.get("mode", "fold")
    if (mode == "chunk") == ("chunk_size" in options):
        return options
    if mode == "chunk":
        message = "mode: chunk needs chunk_size, how many time steps run at once"
        collector.add("TD005", message, (*path, "mode"), help="mode: chunk\nchunk_size: 4")
    else:
        message = f"chunk_size goes with mode: chunk, and the mode is {mode}"
        collector.add(
            "TD003", message, (*path, "chunk_size"), on_key=True, help="add mode: chunk, or leave chunk_size out"
        )
    return {name: option for name, option in options.items() if name not in ("mode", "chunk_size")}


def _good(name: str, value: object, path: Path, constants: Constants) -> bool:
    collector = constants.collector
    if name == "mode":
        if value not in MODES:
            near = collector.nearest(value, MODES) if isinstance(value, str) else None
            collector.wrong("fold, loop or chunk", value, path, help=did_you_mean(near))
        return value in MODES
    if name == "chunk_size":
        if not positive(value):
            collector.wrong("a whole number above zero", value, path)
        return positive(value)
    if whole(value) or (name == "batch_axis" and value == "none"):
        return True
    if not isinstance(value, str):
        collector.wrong("an index or a symbol", value, path)
    elif value not in constants.symbols:
        constants.unknown_symbol(value, path)
    return isinstance(value, str) and value in constants.symbols
