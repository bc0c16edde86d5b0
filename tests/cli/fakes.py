"""A pipeline that answers at once, for tests of what stands around the pipeline."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from tdinspect.domain.finding import Finding
from tdinspect.domain.report import Report
from tdinspect.pipeline import Request, Source
from tests.formats import samples

ROOT = Path(__file__).parent.parent.parent


class FakePipeline(ModuleType):
    """Stands in for tdinspect.pipeline. A source with ``bad`` in its name fails, one with ``bug`` raises.

    One with ``warned`` has a warning.
    """

    def __init__(self) -> None:
        super().__init__("tdinspect.pipeline")
        self.__dict__.update(Source=Source, Request=Request)
        self.requests: list[Request] = []

    def execute(self, request: Request, progress: Callable[[int, int, str], None] | None = None) -> Report:
        self.requests.append(request)
        specs = []
        for index, source in enumerate(request.sources):
            if progress is not None:
                progress(index, len(request.sources), source.file)
            if "bug" in source.file:
                raise ValueError("a bug")
            if "interrupted" in source.file:
                raise KeyboardInterrupt
            spec = samples.CONV_BARE if "bad" in source.file else samples.VIDEO
            if "warned" in source.file:
                spec = replace(spec, findings=(Finding("TD208", "no effect"),))
            specs.append(replace(spec, file=source.file))
        return Report(request.command, tuple(specs))


def install() -> FakePipeline:
    """Put the fake in the place of the pipeline, and an empty module in that of torch, in this process."""
    fake = FakePipeline()
    sys.modules["tdinspect.pipeline"] = fake
    sys.modules["torch"] = ModuleType("torch")
    return fake
