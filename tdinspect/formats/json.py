"""The report as the JSON object of the contract, whole: depth and columns do not apply."""

from __future__ import annotations

import json
import math

from tdinspect.domain.report import Report
from tdinspect.formats.interface import RenderOptions


def render(report: Report, options: RenderOptions) -> str:
    """The object of version 1, indented by 2. Numbers that JSON has not are strings: ``"inf"``, ``"nan"``."""
    data = _valid(report.to_dict())
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _valid(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {str(key): _valid(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_valid(item) for item in value]
    return value
