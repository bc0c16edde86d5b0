"""What one spec may cost: past a limit it is refused (TD008) before it costs more."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a spec; a project's settings may set others, up to ``HIGHEST``.

    ``file_size`` is in bytes. ``nesting`` counts lists and mappings inside each other, ``values`` keys and values with
    aliases and blocks written out, ``steps`` the steps with blocks and copies. ``layers`` is the most that one layer
    may make inside itself (``num_layers``), ``layer_size`` the largest number among its sizes.
    """

    file_size: int = 5_000_000
    nesting: int = 64
    values: int = 250_000
    steps: int = 50_000
    layers: int = 2_000  # each is made in turn, and a thousand take a second
    layer_size: int = 10**12  # more than any table or head of a real model has


# Deeper nesting would end the stack, products of larger sizes are no sizes; the others only take time and memory.
HIGHEST = Limits(file_size=64 * 2**20, values=10_000_000, steps=1_000_000, layers=100_000)
