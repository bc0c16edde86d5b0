"""TD303: the lock file has an entry for a spec that is gone."""

from __future__ import annotations

from tdinspect.checks.page import Page

PAGE = Page(
    "TD303",
    why=(
        "The lock file names a spec that is no longer there: it was removed, renamed or moved. The entry guards "
        "nothing any more, and a renamed spec would be unguarded without a word. No spec can show this; the "
        "mistake is in the lock file alone."
    ),
    bad="""\
# specs/new_name.yaml; the lock file has an entry for specs/old_name.yaml, and none for this file.
input: [B, T, 8]
time_axis: T
layers:
  - Linear: 10
""",
    good="""\
# specs/new_name.yaml; the lock file was written again after the file was renamed.
input: [B, T, 8]
time_axis: T
layers:
  - Linear: 10
""",
    fix="Write the lock file anew, or bring the spec back.",
)
