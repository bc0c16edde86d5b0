"""However long the names of a file are, what is said about them can be read."""

from __future__ import annotations

import pytest

from tdinspect.importers import read_spec

LONG = "X" + "x" * 5000
LAYERS = {
    "an operation with a list": f"  - {LONG}: [1, 2]\n",
    "an operation with a step key inside": f"  - {LONG}: {{from: input}}\n",
    "an operation with arguments beside it": f"  - ReLU:\n    ? {LONG.lower()}\n    : 1\n",
    "a call in Python": f"  - {LONG}(1, 2)\n",
    "a block with an unknown param": f"  - {LONG}: {{c: 1}}\n",
    "a block with a list": f"  - {LONG}: [1]\n",
    "a block with other inputs": f"  - {LONG}:\n    from: [input, input]\n",
    "many values into a container": f"  - TimeDistributed: [{{relu: null, from: b}}]\n    from: [{'input, ' * 900}]\n",
}


@pytest.mark.parametrize("layers", LAYERS.values(), ids=LAYERS)
def test_a_message_stays_short(layers: str) -> None:
    block = f"blocks:\n  ? {LONG}\n  : [ReLU]\n" if layers.startswith("  - X") else ""
    findings = read_spec(f"{block}input: [B, 8]\nlayers:\n{layers}", "x.yaml").findings
    assert findings
    assert max(len(finding.message) + len(finding.help or "") for finding in findings) < 1000
