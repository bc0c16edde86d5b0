"""What ``--columns`` knows: one entry per column, the same names in every format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tdinspect.domain.report import LayerRow, Shape, SpecReport
from tdinspect.formats.words import NONE, inferred_text, macs_text, sizes_text, with_unit

Value = str | int | float | Shape | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column by name; ``number`` stands to the right. ``value`` is what it holds for a row of a spec.

    ``text`` is how a person reads it, where that is another thing than the value. ``sums``: rows add up in it.
    """

    name: str
    value: Callable[[LayerRow, SpecReport], Value]
    number: bool = False
    text: Callable[[LayerRow], str] | None = None
    sums: bool = False


def _percent(row: LayerRow, spec: SpecReport) -> float | None:
    return 100 * row.params / spec.totals.params if spec.totals.params else None


def _dtype(row: LayerRow, spec: SpecReport) -> str | None:
    return row.output.dtype if row.output else None


def _tensors(row: LayerRow, spec: SpecReport) -> str:
    return "; ".join(f"{tensor.name} {sizes_text(tensor.shape)}" for tensor in row.tensors)


def _bytes(size: int | None) -> str:
    return "?" if size is None else with_unit(size) if size else NONE


def _activations(row: LayerRow) -> str:
    return _bytes(row.activation_bytes)


def _macs(row: LayerRow) -> str:
    return macs_text(row.macs, row.macs_status)


def _kernel(row: LayerRow, spec: SpecReport) -> str | None:
    return None if row.kernel is None else "x".join(map(str, row.kernel))


def _frozen(row: LayerRow, spec: SpecReport) -> int:
    return row.params - row.trainable_params


COLUMNS: tuple[Column, ...] = (
    Column("layer", lambda row, spec: row.name),
    Column("name", lambda row, spec: row.name),
    Column("type", lambda row, spec: row.type),
    Column("summary", lambda row, spec: row.summary),
    Column("path", lambda row, spec: row.path),
    Column("line", lambda row, spec: row.line, number=True),
    Column("depth", lambda row, spec: row.depth, number=True),
    Column("input", lambda row, spec: row.input),
    Column("output", lambda row, spec: row.output),
    Column("dtype", _dtype),
    Column("kernel", _kernel),
    Column("params", lambda row, spec: row.params, number=True, sums=True),
    Column("trainable", lambda row, spec: row.trainable_params, number=True, sums=True),
    Column("frozen", _frozen, number=True, sums=True),
    Column("keras", lambda row, spec: row.keras_params, number=True, sums=True),
    Column(
        "bytes", lambda row, spec: row.param_bytes, number=True, text=lambda row: _bytes(row.param_bytes), sums=True
    ),
    Column("percent", _percent, number=True, sums=True),
    Column("macs", lambda row, spec: row.macs, number=True, text=_macs, sums=True),
    Column("macs-status", lambda row, spec: row.macs_status),
    Column("activations", lambda row, spec: row.activation_bytes, number=True, text=_activations, sums=True),
    Column("formula", lambda row, spec: row.formula),
    Column("inferred", lambda row, spec: inferred_text(row)),
    Column("tensors", _tensors),
    Column("shared", lambda row, spec: row.shared_with),
    Column("error", lambda row, spec: row.error),
)


def _side(name: str) -> Callable[[LayerRow, SpecReport], Value]:
    def value(row: LayerRow, spec: SpecReport) -> Value:
        if row.comparison is None:
            return None
        outcome = row.comparison.bare if name == "bare" else row.comparison.wrapped
        return sizes_text(outcome.shape) if outcome.shape is not None else outcome.error

    return value


COMPARE_COLUMNS: tuple[Column, ...] = (
    Column("verdict", lambda row, spec: row.comparison.verdict if row.comparison else None),
    Column("right", lambda row, spec: row.comparison.right if row.comparison else None),
    Column("bare", _side("bare")),
    Column("wrapped", _side("wrapped")),
    Column("difference", lambda row, spec: row.comparison.max_abs_diff if row.comparison else None, number=True),
    Column("reason", lambda row, spec: row.comparison.reason if row.comparison else None),
)


AXES_COLUMNS: tuple[Column, ...] = (
    Column("time", lambda row, spec: row.axes.time if row.axes else None),
    Column("batch", lambda row, spec: row.axes.batch if row.axes else None),
)


def known_columns(command: str) -> dict[str, Column]:
    """The columns a command has, by name."""
    columns = COLUMNS + {"compare": COMPARE_COLUMNS, "axes": AXES_COLUMNS}.get(command, ())
    return {column.name: column for column in columns}
