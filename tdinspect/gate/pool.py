"""Specs handed out to worker processes, one at a time: a worker that dies takes nothing with it but its own spec."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import warnings
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from tdinspect._startup import ctrl_c_later
from tdinspect.domain.source import Source
from tdinspect.gate.inspection import Inspected, crashed, load
from tdinspect.gate.worker import FAULT, LAST, Term, serve, warm_up
from tdinspect.pipeline import Request

_PATIENCE = 5.0  # seconds for a worker to end by itself


class WorkerFault(RuntimeError):
    """A fault of tdinspect in a worker; the message is its traceback."""


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    pipe: Connection
    index: int | None = None  # of the spec that it works on


def work(
    sources: Sequence[Source], request: Request, jobs: int, term: Term | None = None, again: bool = False
) -> Iterator[tuple[int, Inspected]]:
    """The index of each source and what its inspection gave, as they come.

    ``again``: more work will follow, so what the workers import is imported here, once for all. Raises WorkerFault, and
    OSError where the system gives no worker. Whoever stops listening ends the workers.
    """
    pool = _Pool(replace(request, sources=()), term or Term(), min(jobs, len(sources)), again)
    try:
        yield from pool.run(sources)
    finally:
        pool.end()


class _Pool:
    def __init__(self, request: Request, term: Term, size: int, again: bool) -> None:
        # A fork shares what is imported. macOS has fork, and libraries that do not survive it.
        forks = "fork" in multiprocessing.get_all_start_methods() and sys.platform != "darwin"
        self._context = multiprocessing.get_context("fork" if forks else "spawn")
        self._forks = forks
        self._request, self._term, self._size = request, term, size
        self._workers: list[_Worker] = []
        # One worker imports torch for itself, and this process stays small.
        if forks and (size > 1 or again):
            warm_up()

    def run(self, sources: Sequence[Source]) -> Iterator[tuple[int, Inspected]]:
        """See ``work``."""
        waiting = deque(enumerate(sources))
        for _ in range(self._size):
            self._begin(waiting)
        while self._workers:
            by_pipe = {worker.pipe: worker for worker in self._workers}
            for pipe in wait(list(by_pipe)):
                worker = by_pipe[pipe]  # type: ignore[index]
                index = worker.index
                assert index is not None
                result = self._result(worker, sources[index])
                ended = worker not in self._workers
                if not ended:
                    self._hand_out(worker, waiting)  # before the result is looked at: the worker need not wait
                yield index, result
                if ended:
                    self._begin(waiting)

    def _begin(self, waiting: deque[tuple[int, Source]]) -> None:
        """A new worker, if there is work for it. Raises OSError where the system gives no worker at all."""
        if not waiting:
            return
        try:
            worker = self._start()
        except OSError:
            if not self._workers:
                raise
            return  # the others do it all
        self._hand_out(worker, waiting)

    def _hand_out(self, worker: _Worker, waiting: deque[tuple[int, Source]]) -> None:
        """Give the worker its next spec, or let it end where there is none."""
        if not waiting:
            self._retire(worker)
            return
        worker.index, source = waiting.popleft()
        with suppress(OSError):  # a worker that is dead already: reading from it tells how
            worker.pipe.send(source)

    def _result(self, worker: _Worker, source: Source) -> Inspected:
        """What the worker sent; where it sent nothing it is dead, and that is the result. Raises WorkerFault."""
        worker.index = None
        try:
            answer = worker.pipe.recv_bytes()
        except (EOFError, OSError):
            self._retire(worker)
            return crashed(source, _how_it_ended(worker.process.exitcode))
        kind, text = answer[:1], answer[1:]
        if kind == FAULT:
            raise WorkerFault(f"{source.file}\n{text.decode('utf-8', 'replace')}")
        if kind == LAST:
            self._retire(worker)
        found = load(text, source, self._request.details)
        assert found is not None
        return found

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()  # a fork would write it once more
        others = [ours, *(worker.pipe for worker in self._workers)] if self._forks else []
        process = self._context.Process(  # type: ignore[attr-defined]
            target=serve, args=(theirs, others, self._request, self._term), daemon=True
        )
        try:
            with warnings.catch_warnings(), ctrl_c_later():  # it must not reach the worker before it looks away
                warnings.simplefilter("ignore", DeprecationWarning)  # threads of torch's own do not matter to a fork
                process.start()
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        worker = _Worker(process, ours)
        self._workers.append(worker)
        return worker

    def _retire(self, worker: _Worker) -> None:
        worker.pipe.close()
        self._workers.remove(worker)
        worker.process.join(_PATIENCE)
        if worker.process.exitcode is None:
            worker.process.kill()
            worker.process.join()

    def end(self) -> None:
        """End all that still work, at once."""
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.process.join()
            worker.pipe.close()
        self._workers.clear()


def _how_it_ended(code: int | None) -> str:
    """Why a worker is gone, in words."""
    text = "the process that inspected this spec"
    if code is None or code >= 0:
        return f"{text} ended by itself, with the exit code {code}: some code that it called ends Python"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    reason = {
        "SIGKILL": "was it out of memory?",
        "SIGSEGV": "a fault in compiled code",
        "SIGBUS": "a fault in compiled code",
        "SIGILL": "a fault in compiled code",
        "SIGFPE": "a fault in compiled code",
        "SIGABRT": "compiled code gave up",
    }.get(name)
    return f"{text} was ended by {name}" + (f": {reason}" if reason else "")
