"""Every spec is in one shard, the same on every machine."""

from __future__ import annotations

import pytest

from tdinspect.domain.source import Source
from tdinspect.gate.shard import Shard, part_of, read_shard

SOURCES = tuple(Source(f"specs/{number}.yaml", b"") for number in (5, 3, 1, 4, 2, 6, 0))


@pytest.mark.parametrize("of", [1, 2, 3, 7, 9])
def test_every_spec_is_in_one_shard(of: int) -> None:
    parts = [part_of(SOURCES, Shard(number, of)) for number in range(1, of + 1)]
    assert sorted(source.file for source in SOURCES) == sorted(source.file for part in parts for source in part)
    sizes = [len(part) for part in parts]
    assert 1 >= max(sizes) - min(sizes)


def test_a_shard_does_not_depend_on_the_order_of_the_names_and_keeps_it() -> None:
    part = part_of(SOURCES, Shard(1, 2))
    assert ["specs/4.yaml", "specs/2.yaml", "specs/6.yaml", "specs/0.yaml"] == [source.file for source in part]
    assert {*part} == {*part_of(SOURCES[::-1], Shard(1, 2))}


@pytest.mark.parametrize("text", ["", "1", "0/2", "3/2", "1/0", "-1/2", "a/b", "1/2/3", "1 / 2", "²/3"])
def test_anything_else_is_no_shard(text: str) -> None:
    with pytest.raises(ValueError, match="shard"):
        read_shard(text)
