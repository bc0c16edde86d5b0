"""Keras files as plain data: JSON text, a ``.keras`` archive, an ``.h5`` file. The file is told by its first bytes."""

from __future__ import annotations

import json
import lzma
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tdinspect.keras.refused import Refused

MOST_TEXT = 64 * 2**20  # bytes of a model's configuration; an archive may hold more than it shows
_GIVE = "give what model.to_json() or model.save('model.keras') wrote"
_ZIP, _HDF5 = b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"
NEEDS_H5PY = "h5py: pip install 'tdinspect[keras]'"


class UnreadableFile(Exception):
    """The file is not there, or cannot be opened; the message says why."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """What a Keras file says the model is. ``kind`` is ``json``, ``keras`` or ``h5``; the last two may have weights."""

    class_name: str
    config: Mapping[str, object]
    kind: str
    keras: int
    version: str | None = None


def read_model_file(path: Path) -> ModelFile:
    """Read the model's configuration. Raises UnreadableFile, and Refused where it is no Keras model."""
    try:
        with path.open("rb") as file:
            start = file.read(len(_HDF5))
    except (OSError, ValueError) as error:
        raise UnreadableFile(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None
    if start.startswith(_ZIP):
        return _archive(path)
    if start == _HDF5:
        return _hdf5(path)
    with path.open("rb") as file:
        return read_json(file.read(MOST_TEXT + 1))


def read_json(data: bytes) -> ModelFile:
    """The text of ``model.to_json()``. Raises Refused."""
    return _model(_parsed(data, "the file"), "json")


def is_archive(data: bytes) -> bool:
    """True for what must be read as a file: a ``.keras`` or an ``.h5``."""
    return data.startswith((_ZIP, _HDF5))


def _archive(path: Path) -> ModelFile:
    try:
        with zipfile.ZipFile(path) as archive:
            config = _parsed(_member(archive, "config.json"), "config.json")
            noted = "metadata.json" in archive.namelist()
            metadata = _parsed(_member(archive, "metadata.json"), "metadata.json") if noted else {}
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError) as error:
        raise Refused(f"not a .keras archive: {error}; is it whole?", "TD001") from None
    version = metadata.get("keras_version") if isinstance(metadata, Mapping) else None
    return _model(config, "keras", version if isinstance(version, str) else None)


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    """One file of an archive, never more of it than is allowed."""
    try:
        with archive.open(name) as file:
            return file.read(MOST_TEXT + 1)
    except KeyError:
        raise Refused(f"not a .keras archive: there is no {name} in it", "TD001") from None
    except (zlib.error, lzma.LZMAError) as error:
        raise Refused(f"not a .keras archive: {name} is damaged: {error}", "TD001") from None


def _hdf5(path: Path) -> ModelFile:
    try:
        import h5py
    except ImportError:
        raise UnreadableFile(f"an .h5 file needs {NEEDS_H5PY}") from None
    try:
        with h5py.File(path, "r") as file:
            config = file.attrs.get("model_config")
            version = file.attrs.get("keras_version")
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        raise Refused(f"not an HDF5 file: {error}", "TD001") from None
    if config is None:
        raise Refused("the file has weights, and no architecture: save the whole model, not its weights alone", "TD001")
    text = config if isinstance(config, bytes) else str(config).encode("utf-8", "replace")
    version = version.decode("utf-8", "replace") if isinstance(version, bytes) else version
    return _model(_parsed(text, "model_config"), "h5", version if isinstance(version, str) else None)


def _parsed(data: bytes, what: str) -> object:
    if len(data) > MOST_TEXT:
        raise Refused(f"{what} has more than {MOST_TEXT:,} bytes", "TD008")
    if not data.strip():
        raise Refused(f"{what} is empty", "TD001", help=_GIVE)
    try:
        return json.loads(data.decode("utf-8-sig"))
    except RecursionError:
        raise Refused(f"{what} is nested too deeply", "TD008") from None
    except json.JSONDecodeError as error:
        message = f"{what} is not JSON: {error.msg} (line {error.lineno}, column {error.colno})"
        raise Refused(message, "TD001", help=_GIVE) from None
    except UnicodeDecodeError:
        raise Refused(f"{what} is neither JSON nor a .keras archive nor an .h5 file", "TD001", help=_GIVE) from None
    except ValueError as error:
        raise Refused(f"{what} is not JSON: {error}", "TD001") from None


def _model(data: object, kind: str, version: str | None = None) -> ModelFile:
    config = data.get("config") if isinstance(data, Mapping) else None
    if isinstance(config, list):  # Keras 1 and early Keras 2: the list of a Sequential's layers
        config = {"layers": config}
    class_name = data.get("class_name") if isinstance(data, Mapping) else None
    if not isinstance(data, Mapping) or not isinstance(config, Mapping) or not isinstance(class_name, str):
        message = "no Keras model: it must be an object with class_name and config"
        raise Refused(message, help=_GIVE)
    written = data.get("keras_version")
    version = version or (written if isinstance(written, str) else None)
    # Keras 3 names a module beside every class; Keras 2 (and TensorFlow's own) did not, up to its last files.
    keras = int(version[0]) if version and version[0].isdecimal() else 3 if "registered_name" in data else 2
    return ModelFile(class_name, config, kind, keras, version)
