"""A part of the specs, for one of several machines that share them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tdinspect.domain.source import Source


@dataclass(frozen=True, slots=True)
class Shard:
    """Part ``number`` of ``of``, counted from 1."""

    number: int = 1
    of: int = 1

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


def read_shard(text: str) -> Shard:
    """``I/N`` as a shard. Raises ValueError with what is wrong."""
    number, sign, of = text.partition("/")
    if not (sign and number.isdecimal() and of.isdecimal() and number.isascii() and of.isascii()):
        raise ValueError(f"a shard is I/N, as in 1/4, not {text!r}")
    if not 1 <= int(number) <= int(of):
        raise ValueError(f"there is no shard {int(number)} of {int(of)}: they are counted from 1 to {int(of)}")
    return Shard(int(number), int(of))


def part_of(sources: Sequence[Source], shard: Shard) -> tuple[Source, ...]:
    """Every N-th spec in the order of their names: each is in one shard, whatever order they were named in."""
    names = sorted({source.file.replace("\\", "/") for source in sources})
    mine = set(names[shard.number - 1 :: shard.of])
    return tuple(source for source in sources if source.file.replace("\\", "/") in mine)
