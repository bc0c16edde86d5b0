"""TD303: the lock file has an entry for a spec that is gone."""

from __future__ import annotations

from tdinspect.checks.page import Page

PAGE = Page(
    "TD303",
    why=(
        "The lock file names a spec that is no longer there: it was removed, renamed or moved. The entry guards "
        "nothing any more. The finding is at the entry's line in the lock file. A check of some specs tells it only "
        "of a file that is gone, a check of all specs also of one that is no longer among them."
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
    fix="Run `tdinspect lock`, or bring the spec back.",
)
