"""The same work through a backend of joblib, so that another scheduler can carry it to other machines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import replace
from importlib import import_module
from typing import Any

from tdinspect.domain.source import Source
from tdinspect.gate.inspection import Inspected, load
from tdinspect.pipeline import Request

# With one worker joblib calls the work in this very process, where it does not belong.
_FEWEST = 2


class BackendError(Exception):
    """The backend cannot be used; the message says why."""


class BackendStopped(BackendError):
    """The backend has begun and cannot go on, as where one of its workers died."""


def carry(
    sources: Sequence[Source], request: Request, backend: str, jobs: int | None
) -> Iterator[tuple[int, Inspected]]:
    """The index of each source and what its inspection gave, in their order. Raises BackendError."""
    if backend == "threading":
        raise BackendError("specs are inspected in processes: torch's state would be shared between threads")
    joblib = _joblib()
    with ExitStack() as stack:
        try:
            stack.enter_context(_client(backend))
            stack.enter_context(joblib.parallel_config(backend, n_jobs=-1 if jobs is None else jobs))
        except Exception as problem:
            raise BackendError(_in_words(problem)) from problem
        if joblib.effective_n_jobs(-1 if jobs is None else jobs) < _FEWEST:
            raise BackendStopped(f"it has fewer than {_FEWEST} workers to offer")
        try:
            yield from _through(joblib, sources, replace(request, sources=()))
        except Exception as problem:
            raise BackendStopped(_in_words(problem)) from problem


def _through(joblib: Any, sources: Sequence[Source], request: Request) -> Iterator[tuple[int, Inspected]]:
    from tdinspect.gate.worker import payload

    texts = joblib.Parallel(return_as="generator")(joblib.delayed(payload)(source, request) for source in sources)
    for index, text in enumerate(texts):
        found = load(text, sources[index], request.details)
        assert found is not None
        yield index, found


def _in_words(problem: Exception) -> str:
    """An exception in one line."""
    first = str(problem).strip().partition("\n")[0]
    return f"{type(problem).__name__}: {first}" if first else type(problem).__name__


def _joblib() -> Any:
    try:
        import joblib
    except ImportError:
        raise BackendError("joblib is not installed: pip install 'tdinspect[parallel]'") from None
    return joblib


def _client(backend: str) -> Any:
    """What the backend needs while it works: dask's client, from dask's own configuration; ray's registration."""
    if backend == "dask":
        client: Any = import_module("dask.distributed").Client
        return client()  # DASK_SCHEDULER_ADDRESS, or a cluster of its own on this machine
    if backend == "ray":
        import_module("ray.util.joblib").register_ray()
    return nullcontext()
