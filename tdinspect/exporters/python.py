"""``--to python``: a plain PyTorch module."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Sequence

from tdinspect.exporters.classes import ClassUse
from tdinspect.exporters.docs import docstring, header
from tdinspect.exporters.identifiers import TAKEN, Taken, input_names
from tdinspect.exporters.layout import lay_out
from tdinspect.exporters.seen import Seen
from tdinspect.exporters.trace import Trace


def render(seen: Seen, class_name: str, *, with_tdinspect: bool = False) -> str:
    """The text of a Python file with the class of the model. Raises CannotExport, whose finding names the step."""
    spec = seen.spec
    trace = Trace(seen, lay_out(spec), with_tdinspect)
    use = trace.model(class_name, docstring(seen, names=input_names(spec)))
    roots = {module.split(".")[0] for module in trace.imports}
    trace.classes.name(Taken({*TAKEN, *roots, *dir(builtins), class_name}))
    main = _only(trace, use, class_name)
    blocks: list[list[str]] = [
        trace.classes.lines(group) for group in trace.classes.groups.values() if group is not use.group
    ]
    code = "\n\n\n".join("\n".join(lines) for lines in [*blocks, main])
    return f"{header(seen)}\n\n{_imports(code, trace.imports)}\n\n\n{code}\n"


def _only(trace: Trace, use: ClassUse, name: str) -> list[str]:
    """The lines of the model's own class."""
    trace.classes.add(use)
    assert use.group is not None
    use.group.name = name
    return trace.classes.lines(use.group)


def _imports(code: str, modules: set[str]) -> str:
    """The imports of the names that the code uses."""
    used = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}
    lines: list[str] = [f"import {module}" for module in sorted({*modules, "torch"} - {"tdinspect"})]
    if "torch" not in used:
        lines.remove("import torch")
    own = [f"from torch import {', '.join(n for n in ('Tensor', 'nn') if n in used)}"]
    if "F" in used:
        own.append("from torch.nn import functional as F")
    if "TimeDistributed" in used:
        own.insert(0, "from tdinspect import TimeDistributed")
    return "\n".join(["from __future__ import annotations", "", *_sorted(lines, own)])


def _sorted(plain: Sequence[str], own: Sequence[str]) -> list[str]:
    """Imports as isort has them: `import x` before `from x import y` in one block."""
    return [*plain, *own]
