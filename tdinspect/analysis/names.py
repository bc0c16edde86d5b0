"""Which names of layers a person gave, and which were counted off."""

from __future__ import annotations

import re


def given_name(name: str, kind: str) -> str | None:
    """A row's own name where the spec gives it one; None for ``conv2d_2``, ``share_1`` and the copies of a repeat.

    ``kind`` is the row's type. A name that was counted off moves on when a layer is put before it: it tells nothing.
    """
    own = name.rpartition(".")[2]
    counted = re.escape(kind.rpartition(".")[2].lower())
    return None if re.fullmatch(rf"(({counted}|share)_)?\d+", own) else own
