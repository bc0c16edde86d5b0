"""The inspection of many specs: what is known from before, and the rest in this process, in workers or elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tdinspect.domain.source import Source
from tdinspect.gate.cache import Cache
from tdinspect.gate.cores import default_jobs
from tdinspect.gate.imported import uses_imports
from tdinspect.gate.inspection import Inspected, inspect_one
from tdinspect.pipeline import Request

Progress = Callable[[int, int, str], None]
_Results = Iterator[tuple[int, Inspected]]

# Fewer specs are done by this process before the first worker has started.
_WORTH_WORKERS = 12


@dataclass(frozen=True, slots=True)
class Manner:
    """How the work is done. ``jobs``: how many workers, None for what suits. ``backend``: a name of joblib's.

    ``apart``: nothing of it runs in this process, which goes on living with other code in it.
    """

    cache: Cache | None = None
    jobs: int | None = None
    backend: str | None = None
    apart: bool = False
    warn: Callable[[str], object] = lambda message: None


def inspect_all(request: Request, manner: Manner, progress: Progress | None = None) -> tuple[Inspected, ...]:
    """What every source of the request gave, in their order. Raises BackendError, WorkerFault."""
    sources, cache = request.sources, manner.cache
    found: list[Inspected | None] = [None] * len(sources)
    if cache is not None:
        found = [cache.get(source, request) for source in sources]
    try:
        _fill(found, request, manner, progress)
    finally:
        if cache is not None:
            cache.close(len(sources))
    return tuple(result for result in found if result is not None)


def _fill(found: list[Inspected | None], request: Request, manner: Manner, progress: Progress | None) -> None:
    """Inspect what is missing, and keep it as it comes: what is done is done, whatever ends the run."""
    places = [index for index, result in enumerate(found) if result is None]
    sources = [request.sources[index] for index in places]
    done = len(found) - len(places)
    if progress is not None and sources:
        progress(done, len(found), sources[0].file)
    for index, result in _results(sources, request, manner):
        found[places[index]] = result
        if manner.cache is not None:
            manner.cache.put(sources[index], request, result)
        done += 1
        if progress is not None:
            progress(done, len(found), sources[index].file)


def _results(sources: Sequence[Source], request: Request, manner: Manner) -> _Results:
    if not sources:
        return
    if manner.backend is not None:
        yield from _through_backend(sources, request, manner, manner.backend)
        return
    jobs = manner.jobs or _suitable(len(sources))
    # What code of the user's does to the process that it runs in, it does to a worker.
    if jobs > 1 or manner.apart or any(uses_imports(source, request.allow_import) for source in sources):
        yield from _in_workers(sources, request, jobs, manner)
    else:
        yield from _here(sources, request)


def _suitable(specs: int) -> int:
    return default_jobs() if specs >= _WORTH_WORKERS else 1


def _here(sources: Sequence[Source], request: Request) -> _Results:
    from tdinspect.gate.worker import one_thread

    for index, source in enumerate(sources):
        yield index, inspect_one(source, request)
        if index == 0 and len(sources) > 1:
            one_thread()


def _in_workers(sources: Sequence[Source], request: Request, jobs: int, manner: Manner) -> _Results:
    from tdinspect.gate.pool import work

    left = dict(enumerate(sources))
    try:
        for index, result in work(sources, request, jobs, again=manner.apart):
            del left[index]
            yield index, result
    except OSError as problem:
        manner.warn(f"no worker could be started ({problem.strerror or problem}): the work is done in one process")
        places = list(left)
        for index, result in _here(list(left.values()), request):
            yield places[index], result


def _through_backend(sources: Sequence[Source], request: Request, manner: Manner, backend: str) -> _Results:
    """Through joblib; what a backend that stops on the way has left is done by workers of our own."""
    from tdinspect.gate.backend import BackendStopped, carry

    done = 0
    try:
        for index, result in carry(sources, request, backend, manner.jobs):
            done = index + 1
            yield index, result
    except BackendStopped as problem:
        manner.warn(f"the backend {backend} stopped ({problem}): what it left is done here")
        for index, result in _in_workers(sources[done:], request, manner.jobs or default_jobs(), manner):
            yield done + index, result
