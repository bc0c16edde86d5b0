"""``python -m tdinspect``."""

from __future__ import annotations

from tdinspect.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
