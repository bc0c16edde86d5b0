"""Mutated specs against the reader and the check of operations, for as long as it is told.

``python tests/fuzz/fuzz_reader.py --minutes 10`` prints what it finds, made small, and how much it tried.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from hypothesis import HealthCheck, Phase, given, seed, settings

from tdinspect.building.check import check_operations
from tdinspect.importers import in_order, read_spec
from tests.fuzz.mutations import INPUTS, seeds

SOON = 2.0  # seconds of processor time
ENOUGH = 1000  # characters of a message with its help
OURS = ("torch.", "tdinspect.")  # what may still be loaded late
ROUND = 200  # inputs; short, as hypothesis goes on drawing when the time is over
MOST_FAILURES = 20


def answer(source: str | bytes) -> None:
    """Read and check one input; raises whatever escapes, and AssertionError for a bad answer."""
    before = set(sys.modules)
    start = time.process_time()
    parsed = read_spec(source, "x.yaml")
    findings = parsed.findings
    if parsed.spec is not None:
        findings = in_order((*findings, *check_operations(parsed.spec, ()).findings), parsed.document)
    spent = time.process_time() - start
    assert findings or parsed.spec is not None, "no spec and no finding"
    for finding in findings:
        assert finding.position is not None, f"no position: {finding}"
    for finding in parsed.findings:
        assert len(finding.message) + len(finding.help or "") < ENOUGH, f"too long: {finding.code}"
        assert finding.message.isprintable(), f"cannot be shown: {finding.message!r}"
    loaded = sorted(name for name in set(sys.modules) - before if not name.startswith(OURS))
    assert not loaded, f"imported: {loaded}"
    assert spent < SOON, f"took {spent:.1f} s"


def warm_up() -> None:
    """Load what reading any spec loads."""
    for text in seeds():
        parsed = read_spec(text, "x.yaml")
        if parsed.spec is not None:
            check_operations(parsed.spec, ())


def fuzz(minutes: float) -> int:
    """Rounds of inputs until the time is over; returns how many rounds found something."""
    warm_up()
    end = time.monotonic() + 60 * minutes
    tried = failures = rounds = 0

    def one(source: str | bytes) -> None:
        nonlocal tried
        if time.monotonic() < end:
            tried += 1
            answer(source)

    first = int(time.time())
    while time.monotonic() < end and failures < MOST_FAILURES:
        healthy = list(HealthCheck)
        quiet = settings(
            max_examples=ROUND,
            deadline=None,
            database=None,
            suppress_health_check=healthy,
            phases=(Phase.generate, Phase.shrink),
        )
        try:
            seed(first + rounds)(quiet(given(INPUTS)(one)))()
        except BaseExceptionGroup as group:
            failures += len(group.exceptions)
            traceback.print_exception(group)
        except Exception as error:
            failures += 1
            traceback.print_exception(error)
        rounds += 1
        print(f"{rounds} rounds, {tried} inputs, {failures} failures", flush=True)
    return failures


def main() -> None:
    """Fuzz, and end with 1 when something was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10, help="how long (default 10)")
    sys.exit(fuzz(parser.parse_args().minutes) > 0)


if __name__ == "__main__":
    main()
