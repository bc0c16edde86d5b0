"""The trained values of a Keras file: each layer's arrays, by the names that its kind gives them.

Keras 3 stores a model's layers under their class names, counted (``layers/dense_1/vars/0``); ``.h5`` files of Keras 2
and 3 store a flat list for each of the model's own layers, what is trained first. Needs h5py, which brings numpy.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tdinspect.keras.conf import Conf
from tdinspect.keras.graph import Graph
from tdinspect.keras.kind import Weight
from tdinspect.keras.reading import NEEDS_H5PY, UnreadableFile
from tdinspect.keras.refused import Refused
from tdinspect.keras.rows import KerasRow

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

Arrays = Mapping[str, Mapping[str, "Array"]]
_SPARE = 64 * 2**20  # bytes that an HDF5 file may have beside its weights
_ROOTS = ("layers", "_layer_checkpoint_dependencies")  # the second in archives of Keras 2.12
_CELLS = ("SimpleRNN", "LSTM", "GRU", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
_HEADS = ("query_dense", "key_dense", "value_dense", "output_dense")


def read_arrays(path: Path, kind: str, graph: Graph, rows: Sequence[KerasRow]) -> Arrays:
    """The arrays of every layer by its place and the weight's name. Raises UnreadableFile, and Refused."""
    try:
        import h5py
    except ImportError:
        raise UnreadableFile(f"weights need {NEEDS_H5PY}") from None
    wanted = {row.name: row.weights for row in rows if not row.container and row.weights}
    total = sum(row.params for row in rows if not row.container)
    try:
        if kind == "h5":
            with h5py.File(path, "r") as file:
                return _named(wanted, _flat(_Store(file, total), graph, rows))
        with h5py.File(io.BytesIO(_member(path, 8 * total + _SPARE)), "r") as file:
            return _named(wanted, dict(_model(file, graph, "", _Store(file, total, _by_name(file)))))
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise Refused(f"its weights cannot be read: {error}") from None


@dataclass(frozen=True, slots=True)
class _Store:
    """An open HDF5 file. ``most``: the numbers that one array may have; ``names``: groups by their layers' names."""

    file: Any
    most: int
    names: Mapping[str, Any] = field(default_factory=dict)

    def read(self, item: Any) -> Array:
        """One array; a file may point to others, or unpack to more than it shows. Raises Refused."""
        if item.size is None or item.size > self.most or item.is_virtual or item.external or item.file != self.file:
            raise Refused("its weights cannot be read: an array is not in the file, or larger than its layers")
        found: Array = item[()]
        if found.dtype.kind not in "fiu":
            raise Refused("its weights cannot be read: an array is not of numbers")
        return found

    def variables(self, group: Any) -> Iterator[Array]:
        """``vars/0``, ``vars/1`` ... in their order."""
        found = _child(group, "vars")
        for key in sorted((key for key in found or () if key.isdecimal()), key=int):
            yield self.read(found[key])


def _member(path: Path, most: int) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive, archive.open("model.weights.h5") as file:
            data = file.read(most + 1)
    except (zipfile.BadZipFile, KeyError, NotImplementedError, EOFError):
        raise Refused("there are no weights in it: it has no model.weights.h5") from None
    if len(data) > most:
        raise Refused(
            f"its model.weights.h5 has more than {most:,} bytes, and its layers have no use for so many", "TD008"
        )
    return data


def _named(wanted: Mapping[str, tuple[Weight, ...]], found: Mapping[str, Sequence[Array]]) -> Arrays:
    """The arrays under the names of their weights, their shapes checked. Raises Refused."""
    result: dict[str, dict[str, Array]] = {}
    for owner, weights in wanted.items():
        arrays = found.get(owner, ())
        if len(arrays) != len(weights):
            raise Refused(f"{owner}: the file has {len(arrays)} of its {len(weights)} weights")
        for weight, array in zip(weights, arrays, strict=True):
            if tuple(array.shape) != weight.shape and array.size != weight.count:
                raise Refused(
                    f"{owner}: its {weight.name} is {tuple(array.shape)} in the file, and {weight.shape} by its layer"
                )
            result.setdefault(owner, {})[weight.name] = array.reshape(weight.shape)
    return result


def _snake(name: str) -> str:
    """As Keras makes a name of a class: ``BatchNormalization`` is ``batch_normalization``, ``Conv2D`` ``conv2d``."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def _by_name(file: Any) -> Mapping[str, Any]:
    """Groups by the layer's name that newer files note beside them: a layer used in two places is stored in one."""
    found: dict[str, Any] = {}

    def note(path: str, item: Any) -> None:
        name = item.attrs.get("name")
        if path.endswith("/vars") and isinstance(name, str) and len(item):
            found.setdefault(name, item.parent)

    file.visititems(note)
    return found


def _model(group: Any, graph: Graph, owner: str, store: _Store) -> Iterator[tuple[str, list[Array]]]:
    """Keras 3: the layers of a model under their counted class names."""
    used: dict[str, int] = {}
    for conf in graph.layers.values():
        stem = _snake(conf.class_name)
        count = used.get(stem, 0)
        used[stem] = count + 1
        key = f"{stem}_{count}" if count else stem
        inner = next((found for root in _ROOTS if (found := _child(group, f"{root}/{key}")) is not None), None)
        yield from _layer(inner, conf, f"{owner}{conf.name}", store)


def _layer(group: Any, conf: Conf, owner: str, store: _Store) -> Iterator[tuple[str, list[Array]]]:
    graph, inner = conf.extra.get("graph"), conf.extra.get("layer")
    if isinstance(graph, Graph):
        yield from _model(group, graph, f"{owner}/", store)
        return
    if conf.class_name == "TimeDistributed" and isinstance(inner, Conf):
        yield from _layer(_child(group, "layer"), inner, f"{owner}/{inner.name}", store)
        return
    parts = [group]
    if conf.class_name == "Bidirectional":
        parts = [_child(group, f"{side}_layer/cell") for side in ("forward", "backward")]
    elif conf.class_name in _CELLS:
        parts = [_child(group, "cell")]
    elif conf.class_name == "MultiHeadAttention":
        parts = [_child(group, name) for name in _HEADS]
    arrays = [array for part in parts for array in store.variables(part)]
    yield owner, arrays or list(store.variables(store.names.get(conf.name)))


def _child(group: Any, name: str) -> Any:
    return group[name] if group is not None and name in group else None


def _flat(store: _Store, graph: Graph, rows: Sequence[KerasRow]) -> dict[str, list[Array]]:
    """``.h5``: one list for each of the model's own layers; in it what is trained stands first. Raises Refused."""
    groups = store.file.get("model_weights", store.file)
    found: dict[str, list[Array]] = {}
    by_owner = {row.name: row for row in rows if not row.container and row.weights}
    for conf in graph.layers.values():
        if conf.name not in groups:
            continue
        group = groups[conf.name]
        arrays = [store.read(group[_text(name)]) for name in group.attrs.get("weight_names", ())]
        slots = [(row, weight) for row in _owned(conf, conf.name, by_owner) for weight in row.weights]
        slots = sorted(slots, key=lambda slot: slot[0].frozen or not slot[1].trainable)
        if len(slots) != len(arrays):
            raise Refused(f"{conf.name}: the file has {len(arrays)} of its {len(slots)} weights")
        places = {(row.name, weight.name): array for (row, weight), array in zip(slots, arrays, strict=True)}
        for row, _ in slots:
            found[row.name] = [places[row.name, weight.name] for weight in row.weights]
    return found


def _owned(conf: Conf, owner: str, rows: Mapping[str, KerasRow]) -> Iterator[KerasRow]:
    """The rows of a layer and of those inside it, in the order of the file."""
    graph, inner = conf.extra.get("graph"), conf.extra.get("layer")
    if isinstance(graph, Graph):
        for one in graph.layers.values():
            yield from _owned(one, f"{owner}/{one.name}", rows)
    elif conf.class_name == "TimeDistributed" and isinstance(inner, Conf):
        yield from _owned(inner, f"{owner}/{inner.name}", rows)
    elif owner in rows:
        yield rows[owner]


def _text(name: object) -> str:
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)


def _reordered(array: Array) -> Array:
    """Keras's GRU has its gates in the order z, r, h; torch r, z, n."""
    import numpy as np

    update, reset, new = np.split(array, 3, axis=-1)
    return np.concatenate([reset, update, new], axis=-1)


def _joined(arrays: Sequence[Array]) -> Array:
    import numpy as np

    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _conv(kernel: Array) -> Array:
    """``(k, k, in, out)`` to ``(out, in, k, k)``."""
    rank = kernel.ndim
    return kernel.transpose(rank - 1, rank - 2, *range(rank - 2))


def _depthwise(kernel: Array) -> Array:
    """``(k, k, in, times)`` to ``(in * times, 1, k, k)``."""
    rank = kernel.ndim
    turned = kernel.transpose(rank - 2, rank - 1, *range(rank - 2))
    return turned.reshape(-1, 1, *turned.shape[2:])


# How Keras's arrays become torch's, by the name that a step's `Carry` has.
HOWS: Mapping[str, Callable[[Sequence[Array]], Array]] = {
    "same": lambda arrays: arrays[0],
    "flat": lambda arrays: _joined([array.reshape(-1) for array in arrays]),
    "transposed": lambda arrays: arrays[0].T,
    "gates": lambda arrays: arrays[0].T,
    "zeros_like": lambda arrays: arrays[0] * 0,
    "conv": lambda arrays: _conv(arrays[0]),
    "depthwise": lambda arrays: _depthwise(arrays[0]),
    "gru": lambda arrays: _reordered(arrays[0]).T,
    "gru_bias": lambda arrays: _reordered(arrays[0][0]),
    "gru_second_bias": lambda arrays: _reordered(arrays[0][1]),
    "row_0": lambda arrays: arrays[0][0],
    "row_1": lambda arrays: arrays[0][1],
    "update_and_reset": lambda arrays: arrays[0][:, : arrays[0].shape[1] // 3 * 2].T,
    "new": lambda arrays: arrays[0][:, arrays[0].shape[1] // 3 * 2 :].T,
    "heads": lambda arrays: _joined([array.reshape(array.shape[0], -1).T for array in arrays]),
    "from_heads": lambda arrays: arrays[0].reshape(-1, arrays[0].shape[-1]).T,
    "shaped": lambda arrays: arrays[0],
    "deviation": lambda arrays: (arrays[0] ** 0.5).clip(min=1e-7),
}
