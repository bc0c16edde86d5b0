"""What Keras 3 writes of `x[:, -1]` and of some of `keras.ops`: they stand in its graph as layers do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tdinspect.keras.conf import Conf
from tdinspect.keras.kind import Kind, Use
from tdinspect.keras.refused import Refused
from tdinspect.keras.shapes import Dim, Shape, resized
from tdinspect.keras.steps import Value

_REDUCED = {"Mean": "mean", "Sum": "sum", "Max": "amax", "Min": "amin"}


def _pieces(conf: Conf, shape: Shape) -> list[int | slice]:
    """What `x[...]` takes of each axis. Raises Refused for what is neither one place nor a part of a fixed axis."""
    key = conf.data.get("key")
    items = key if isinstance(key, list) else [key]
    names = [item.get("class_name") if isinstance(item, Mapping) else None for item in items]
    missing = len(shape) - len(items) + names.count("__ellipsis__")
    whole: Mapping[str, object] = {"class_name": "__slice__", "config": {}}
    if "__ellipsis__" in names:
        place = names.index("__ellipsis__")
        items = [*items[:place], *[whole] * missing, *items[place + 1 :]]
    else:
        items = [*items, *[whole] * missing]
    if len(items) != len(shape) or names.count("__ellipsis__") > 1:
        raise Refused(f"slicing of {len(shape)} axes with {len(names)} indices")
    return [_piece(item, dim, axis) for axis, (item, dim) in enumerate(zip(items, shape, strict=True))]


def _piece(item: object, dim: Dim, axis: int) -> int | slice:
    if type(item) is int and axis and -dim.size <= item < dim.size:
        return item
    config = item.get("config") if isinstance(item, Mapping) and item.get("class_name") == "__slice__" else None
    if isinstance(config, Mapping):
        ends = [config.get(end) for end in ("start", "stop", "step")]
        if ends[2] in (None, 1) and all(end is None or type(end) is int for end in ends):
            start, stop, _ = slice(*ends).indices(dim.size)
            if (start, stop) == (0, dim.size) and ends[1] is None:
                return slice(None)
            if axis and not dim.open and start < stop:
                return slice(start, stop)
    raise Refused("slicing of a tensor, of an open axis or in steps" if axis else "slicing of the batch")


def _sliced_shapes(conf: Conf, shapes: Sequence[Shape]) -> list[Shape]:
    pieces = zip(_pieces(conf, shapes[0]), shapes[0], strict=True)
    kept = [(piece, dim) for piece, dim in pieces if isinstance(piece, slice)]
    return [tuple(dim if piece == slice(None) else resized(dim, piece.stop - piece.start) for piece, dim in kept)]


def _sliced(use: Use) -> Sequence[Value]:
    """The axes from behind, so that those before keep their places."""
    value = use.plain()
    ref, pieces = value.ref, _pieces(use.conf, value.shape)
    for axis, piece in reversed(list(enumerate(pieces))):
        if isinstance(piece, int):
            ref = use.step("select", {"dim": axis, "index": piece}, ref, "" if axis == 1 else f"axis_{axis}")
        elif piece != slice(None):
            use.features(value.shape[axis])
            part = {"dim": axis, "start": piece.start, "length": piece.stop - piece.start}
            ref = use.step("narrow", part, ref, f"part_{axis}")
    return [use.give(ref)]


def _reduced_axes(conf: Conf, shape: Shape) -> list[int]:
    axis = conf.data.get("axis")
    axes = axis if isinstance(axis, list) else [axis]
    rank = len(shape)
    good = sorted({a % rank for a in axes if type(a) is int and -rank <= a < rank and a % rank})
    if len(good) != len(axes) or not good or conf.given("initial"):
        raise Refused(f"{conf.class_name} takes axes behind the batch, and nothing to start with")
    return good


def _reduced_shapes(conf: Conf, shapes: Sequence[Shape]) -> list[Shape]:
    axes, keep = _reduced_axes(conf, shapes[0]), conf.flag("keepdims")
    kept = [Dim(1) if axis in axes else dim for axis, dim in enumerate(shapes[0]) if keep or axis not in axes]
    return [tuple(kept)]


def _reduced(use: Use) -> Sequence[Value]:
    value = use.plain()
    axes = _reduced_axes(use.conf, value.shape)
    args: dict[str, object] = {"dim": axes[0] if len(axes) == 1 else axes}
    if use.conf.flag("keepdims"):
        args["keepdim"] = True
    return [use.give(use.step(_REDUCED[use.conf.class_name], args, value.ref))]


KINDS = (
    Kind(("GetItem",), _sliced, _sliced_shapes, keywords=("arg1",)),
    Kind(tuple(_REDUCED), _reduced, _reduced_shapes),
)
