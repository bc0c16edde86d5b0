"""A path into torch is never followed: the answer is the bare name where there is one, else that it is on no list."""

from __future__ import annotations

import pytest

from tdinspect.building.check import check_operations
from tdinspect.importers import read_spec


@pytest.mark.parametrize(
    ("code", "help", "operation"),
    [
        ("TD004", "`Linear`", "nn.Linear"),
        ("TD004", "`Linear`", "torch.nn.Lineer"),
        ("TD004", "`relu`", "F.relu"),
        ("TD004", "`softmax`", "torch.softmax"),
        ("TD009", "", "torch.load"),
        ("TD009", "", "torch.hub.load"),
        ("TD009", "", "torch.nn.functional.conv2d"),
    ],
)
def test_a_path_into_torch_is_refused(code: str, help: str, operation: str) -> None:
    parsed = read_spec(f"input: [B, T, 8]\nlayers:\n  - {operation}: 8\n", "x.yaml")
    assert parsed.findings == ()
    assert parsed.spec is not None
    (finding,) = check_operations(parsed.spec, ("torch",)).findings
    assert code == finding.code
    assert help in (finding.help or "")
    assert "`load`" not in (finding.help or "")
