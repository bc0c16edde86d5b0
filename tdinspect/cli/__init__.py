"""The command line: the only place that prints, writes files and exits."""

from __future__ import annotations

import errno
import sys
from collections.abc import Sequence

CLEAN, FINDINGS, USAGE, BUG, INTERRUPTED = 0, 1, 2, 3, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 clean, 1 findings, 2 could not run as asked, 3 a fault of tdinspect.

    A closed pipe is no error; Ctrl-C ends with 130 and says nothing.
    """
    try:
        from tdinspect.cli.commands import app

        app(args=arguments, prog_name="tdinspect")
    except SystemExit as stop:
        if isinstance(stop.__context__, BrokenPipeError):
            return _pipe_closed()
        return stop.code if isinstance(stop.code, int) else CLEAN
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return _pipe_closed()
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            return _disk_full(error)
        import traceback

        sys.stderr.write(f"tdinspect: a fault of tdinspect itself, please report it: {error!r}\n\n")
        traceback.print_exc(file=sys.stderr)
        return BUG
    return CLEAN


def _disk_full(error: OSError) -> int:
    from tdinspect.cli.output import discard_stdout

    discard_stdout()
    sys.stderr.write(f"tdinspect: cannot write the output: {error.strerror}\n")
    return USAGE


def _pipe_closed() -> int:
    from tdinspect.cli.output import discard_stdout

    discard_stdout()
    return CLEAN
