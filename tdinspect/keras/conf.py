"""The configuration of one layer: every value is checked when it is read, since the file may say anything."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from tdinspect.keras.refused import Refused

_MOST = 2**40  # no layer has more of anything


@dataclass(frozen=True, slots=True)
class Conf:
    """A layer's class, its name and its configuration. ``keras`` is the major version that wrote it."""

    class_name: str
    name: str
    data: Mapping[str, object]
    module: str = ""
    keras: int = 3
    extra: Mapping[str, object] = field(default_factory=dict)  # what the reader worked out: an inner layer, a graph

    def whole(self, key: str, default: int | None = None, least: int = 0) -> int:
        """A whole number from ``least`` upward. Raises Refused."""
        value = self.data.get(key, default)
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= _MOST:
            raise Refused(f"{self._what(key)} must be a whole number from {least} upward, not {_short(value)}")
        return value

    def wholes(self, key: str, count: int, default: int | None = None, least: int = 1) -> tuple[int, ...]:
        """``count`` whole numbers, one for each axis; a single one stands for all. Raises Refused."""
        value = self.data.get(key, default)
        items = value if isinstance(value, list) else [value] * count
        good = [
            item for item in items if isinstance(item, int) and not isinstance(item, bool) and least <= item <= _MOST
        ]
        if len(items) != count or len(good) != count:
            raise Refused(f"{self._what(key)} must be {count} whole numbers from {least} upward, not {_short(value)}")
        return tuple(good)

    def number(self, key: str, default: float | None = None, least: float = -math.inf, most: float = math.inf) -> float:
        """A number from ``least`` to ``most``; Keras writes some as arrays of one. Raises Refused."""
        value = self.data.get(key, default)
        if isinstance(value, Mapping) and isinstance(value.get("config"), Mapping):
            value = value["config"].get("value")
        least, most = max(least, -_MOST), min(most, _MOST)
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            between = "" if -least == most == _MOST else f" from {least:g} to {most:g}"
            raise Refused(f"{self._what(key)} must be a number{between}, not {_short(value)}")
        return value

    def flag(self, key: str, default: bool = False) -> bool:
        """True or false. Raises Refused."""
        value = self.data.get(key, default)
        if not isinstance(value, bool):
            raise Refused(f"{self._what(key)} must be true or false, not {_short(value)}")
        return value

    def word(self, key: str, default: str, choices: Collection[str]) -> str:
        """One of several words, in small letters. Raises Refused."""
        value = self.data.get(key, default)
        if not isinstance(value, str):
            raise Refused(f"{self._what(key)} must be a text, not {_short(value)}")
        value = value.lower()
        if value not in choices:
            raise Refused(f"{self._what(key)} is {_short(value)}: only {', '.join(choices)} can be carried over")
        return value

    def given(self, key: str) -> bool:
        """Whether the configuration has a value there that is not null or nothing."""
        return self.data.get(key) not in (None, False, 0, 0.0, [], {})

    def channels_first(self) -> bool:
        """Whether this layer's channels stand before its other axes."""
        if self.data.get("data_format") is None:
            return False
        return self.word("data_format", "channels_last", ("channels_last", "channels_first")) == "channels_first"

    def activation(self, key: str = "activation") -> tuple[str, Mapping[str, object]]:
        """An activation's name and its own configuration; Keras writes a name, or an object. Raises Refused."""
        value = self.data.get(key)
        if value is None:
            return "linear", {}
        inner: Mapping[str, object] = {}
        if isinstance(value, Mapping):
            config = value.get("config")
            inner = config if isinstance(config, Mapping) else {}
            value = config if isinstance(config, str) else value.get("class_name")
        if not isinstance(value, str):
            raise Refused(f"{self._what(key)} must be an activation, not {_short(value)}")
        return value, inner

    def _what(self, key: str) -> str:
        return f"`{key}` of {self.class_name}"


def _short(value: object) -> str:
    text = "true" if value is True else "false" if value is False else "null" if value is None else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
