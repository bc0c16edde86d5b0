"""Literal reports of a check, with all that is odd about files and findings."""

from __future__ import annotations

from tdinspect.domain.finding import Finding
from tdinspect.domain.location import Position
from tdinspect.domain.report import Report, SpecReport
from tdinspect.formats import load_check_format
from tdinspect.formats.interface import RenderOptions

LSTM_SOURCE = "input: [B, T, 8]\ntime_axis: T\nlayers:\n  - LSTM: {hidden_size: 4}\n  - Linear: 2\n"
LSTM = Finding(
    "TD202",
    "LSTM runs along the batch axis of (B, T, 8)",
    ("layers", 0, "LSTM"),
    help="change its arguments (tried: gives (B, T, 4))\n- LSTM: {hidden_size: 4, batch_first: true}",
    position=Position(4, 5, 4, 9),
)
NOTE = Finding("TD206", "every step here gives the same without it", position=Position(5, 5, 5, 11))
WARNING = Finding("TD208", "the bias of Linear has no effect", position=Position(5, 5, 5, 11))
RAISED = Finding("TD206", "a note that the settings have made an error", position=Position(5, 5, 5, 11), level="error")
WHOLE_FILE = Finding("TD008", "the check of this file was killed", help="give it more memory")
IN_A_BLOCK = Finding(
    "TD102",
    "Conv2d takes one step at a time:\nRuntimeError: Expected 3D",
    position=Position(3, 1, 4, 27),
    use_positions=(Position(4, 5, 4, 9), Position(5, 5, 5, 11)),
)
BEYOND = Finding("TD001", "the text ends too early", position=Position(99, 1, 99, 2))

ODD_NAMES = (
    "specs/with space.yaml",
    "specs/quo\"te's.yaml",
    "specs/a:b,c.yaml",
    "specs/50%25 done%.yaml",
    "specs/größe_日本.yaml",
    "specs/a&b<c>|d`e*[f](g)#h?i.yaml",
    "specs/-::error::x.yaml",
)


def spec(*findings: Finding, file: str = "specs/lstm.yaml", source: str = LSTM_SOURCE) -> SpecReport:
    return SpecReport(file, "lstm", source, findings=findings)


CLEAN = spec(file="specs/clean.yaml")
STALE = spec(Finding("TD303", "specs/old.yaml is gone"), file="tdinspect.lock", source="")
ODD = Report("check", (spec(LSTM, RAISED, WHOLE_FILE, IN_A_BLOCK, BEYOND, WARNING, NOTE), CLEAN, STALE))


def report(*specs: SpecReport) -> Report:
    return Report("check", specs)


def text(name: str, told: Report, **options: object) -> str:
    return load_check_format(name).render(told, RenderOptions(**options))  # type: ignore[arg-type]
