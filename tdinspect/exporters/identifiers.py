"""Names of a spec as Python identifiers: never a keyword, never a name that is taken, always the same."""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Iterable

from tdinspect.domain.spec import ModelSpec, Repeat, Step

_BUILTINS = frozenset(dir(builtins))
# What the code of a PyTorch file calls by these names.
TAKEN = ("self", "torch", "nn", "F", "Tensor", "TimeDistributed", "super")


def identifier(name: str) -> str:
    """The name as an identifier: ASCII letters, digits and ``_``, no ``_`` first (``__x`` means another in a class)."""
    cleaned = "".join(c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in name).strip("_")
    if not cleaned or cleaned[0].isdigit():
        cleaned = f"step_{cleaned}".rstrip("_")
    return f"{cleaned}_" if keyword.iskeyword(cleaned) or keyword.issoftkeyword(cleaned) else cleaned


def variable(name: str) -> str:
    """The name of a local variable: an identifier that hides no builtin."""
    found = identifier(name)
    return f"{found}_" if found in _BUILTINS else found


def class_name(name: str) -> str:
    """``video-classifier`` as ``VideoClassifier``; a name in CamelCase stays as it is."""
    words = "".join(c if c.isascii() and c.isalnum() else " " for c in name).split()
    found = "".join(word[0].upper() + word[1:] for word in words)
    if not found or found[0].isdigit():
        found = f"Model{found}"
    return f"{found}_" if keyword.iskeyword(found) else found


def snake_case(name: str) -> str:
    """``Video Classifier`` as ``video_classifier``."""
    return identifier("_".join("".join(c if c.isascii() and c.isalnum() else " " for c in name).lower().split()))


def is_default(step: Step) -> bool:
    """True for a name that the reader made (``conv2d_1``), and for the number of a copy."""
    stem, _, number = step.name.rpartition("_")
    operation = step.operation.steps[0].operation if isinstance(step.operation, Repeat) else step.operation
    kinds = {"share", getattr(operation, "type", "").lower().replace(".", "_")}
    return step.name.isdigit() or (number.isdigit() and stem in kinds)


def input_names(spec: ModelSpec) -> dict[str, str]:
    """What ``forward`` calls the inputs; one that the spec gives no name is ``x``."""
    taken = Taken(TAKEN)
    return {given.name: taken.free("x" if given.name == "input" else variable(given.name)) for given in spec.inputs}


class Taken:
    """Names that are taken; ``free`` gives one that is not, and takes it."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self.names = set(taken)

    def free(self, wanted: str, joint: str = "_") -> str:
        """``wanted``, else with a number behind it."""
        found, number = wanted, 2
        while found in self.names:
            found = f"{wanted.rstrip('_')}{joint}{number}"
            number += 1
        self.names.add(found)
        return found
