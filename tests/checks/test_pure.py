"""Analysis and rules are pure: they and their tests need no torch."""

from __future__ import annotations

import subprocess
import sys


def test_analysis_and_rules_load_no_torch() -> None:
    program = (
        "import sys, tdinspect.analysis.rows, tdinspect.analysis.parameters, tdinspect.checks\n"
        "print(sorted(name for name in sys.modules if name.partition('.')[0] in ('torch', 'yaml', 'rich', 'typer')))"
    )
    assert (
        "[]" == subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout[:2]
    )
