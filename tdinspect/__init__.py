"""tdinspect: shapes, parameters and the effect of TimeDistributed for PyTorch models with a time axis.

Importing it loads no torch; each public name loads what it needs when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tdinspect.api import Finding, ModelSpec, Report, SpecError, build, inspect, load
    from tdinspect.time_distributed import TimeDistributed

__version__ = "0.1.0"
__all__ = ["Finding", "ModelSpec", "Report", "SpecError", "TimeDistributed", "__version__", "build", "inspect", "load"]

_HOMES = dict.fromkeys(__all__, "tdinspect.api") | {"TimeDistributed": "tdinspect.time_distributed"}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
