"""What all tests share: golden files."""

from __future__ import annotations

import signal
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--renew`` writes the golden files anew; look at the difference before committing it."""
    parser.addoption("--renew", action="store_true", help="write the golden files instead of comparing with them")


_numbers = count()


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees what another has left in the cache, and none writes into this repository's."""
    monkeypatch.setenv("TDINSPECT_CACHE_DIR", str(tmp_path_factory.getbasetemp() / f"cache-{next(_numbers)}"))


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """``golden(name, text)`` holds ``text`` to ``tests/golden/<name>``."""
    renew = bool(request.config.getoption("--renew"))

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if renew:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode("utf-8"))
        assert path.is_file(), f"{path} is missing; pytest --renew writes it"
        assert path.read_bytes().decode("utf-8") == text

    return compare


def pytest_configure() -> None:
    """A shell that runs the tests in the background lets them ignore Ctrl-C, and so would every process they start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
