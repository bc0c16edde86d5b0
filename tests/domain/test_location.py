"""Places in a file."""

from __future__ import annotations

import pytest

from tdinspect.domain.location import Path, render_path


@pytest.mark.parametrize(
    ("expected", "path"),
    [
        ("", ()),
        ("input", ("input",)),
        ("input[1]", ("input", 1)),
        ("layers[0].TimeDistributed[1]", ("layers", 0, "TimeDistributed", 1)),
        ("expect.output.head[2]", ("expect", "output", "head", 2)),
        ("[3].a", (3, "a")),
    ],
)
def test_a_path_is_written_as_the_json_has_it(expected: str, path: Path) -> None:
    assert expected == render_path(path)
