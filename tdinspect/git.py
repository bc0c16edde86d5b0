"""What git knows of specs: the files that changed between two revisions, or one and the files as they are now.

git is called without a shell, without a pager, and with its settings that would run programs turned off. Names of
revisions and files come from the user and from the repository: none can be read as an option.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tdinspect.domain.source import Source
from tdinspect.importers import is_spec, read_document

NOW = "the working tree"
_SUFFIXES = (".yaml", ".yml")
_READ_AT_MOST = 64 * 2**20
_COMMAND = ("git", "--no-pager", "--literal-pathspecs", "-c", "core.fsmonitor=false")
_DIFF = (
    "diff", "--raw", "-z", "-M", "--no-abbrev", "--no-color", "--no-ext-diff", "--no-textconv", "--no-relative",
    "--ignore-submodules",
)  # fmt: skip


class GitError(Exception):
    """git cannot say what was asked for; the message says why."""


@dataclass(frozen=True, slots=True)
class Sides:
    """What is set against what: names to show, and commits; ``after`` is None for the files as they are now."""

    names: tuple[str, str]
    before: str
    after: str | None


@dataclass(frozen=True, slots=True)
class Revised:
    """A file before and after; None where there was none. The names are those of a person in this folder."""

    before: Source | None
    after: Source | None


def is_revision(text: str) -> bool:
    """Whether git knows the text as a revision, or as two with dots between them; False also without a repository."""
    try:
        sides_of(text)
    except GitError:
        return False
    return True


def sides_of(text: str) -> Sides:
    """The sides that ``REV``, ``A..B`` or ``A...B`` (from where the two parted) names. Raises GitError."""
    work_tree, shallow = _repository()
    first, dots, second = text.partition("..")
    if not dots:
        commit = _commit(text, shallow)
        if not work_tree:
            raise GitError(f"this repository has no working tree to set against {text}: give two revisions, A..B")
        return Sides((text, NOW), commit, None)
    since_parting = second.startswith(".")
    left, right = first or "HEAD", second.removeprefix(".") or "HEAD"
    before, after = _commit(left, shallow), _commit(right, shallow)
    if since_parting:
        before = _parting(left, right, before, after, shallow)
        return Sides((f"where {left} and {right} part", right), before, after)
    return Sides((left, right), before, after)


def changed_specs(sides: Sides, paths: Sequence[str]) -> list[Revised]:
    """The specs at these paths that were changed, put in, taken out or renamed, in the order of their names.

    A file that was named counts whatever it holds; below a folder, every ``*.yaml`` and ``*.yml`` that is a spec on
    one side. What git does not know yet, and does not ignore, was put in. Raises GitError.
    """
    _all_there(sides, paths)
    top = Path(_text(_git("rev-parse", "--show-toplevel"))) if _repository()[0] else None
    changes = [change for change in _changes(sides, paths) if _named_so(change, paths, top)]
    texts = _contents([change.blob for change in changes if change.blob] + [c.new for c in changes if c.new])
    found = []
    for change in changes:
        before = Source(_shown(change.old, top), texts[change.blob]) if change.old and change.blob else None
        after = _after(change, sides, texts, top)
        found.append(Revised(before, after))
    return sorted(_kept(found, paths), key=lambda one: (one.after or one.before or Source("", "")).file)


@dataclass(frozen=True, slots=True)
class _Change:
    """A line of git's: the file's name and blob on either side. ``new`` is empty where the file is on the disk."""

    old: str | None
    blob: str | None
    name: str | None
    new: str


def _repository() -> tuple[bool, bool]:
    """Whether there is a working tree, and whether commits are missing. Raises GitError where no repository is."""
    answers = _text(_git("rev-parse", "--is-inside-work-tree", "--is-shallow-repository")).split()
    return answers[:1] == ["true"], answers[1:] == ["true"]


def _commit(revision: str, shallow: bool) -> str:
    unknown = f"git knows no revision {revision!r}"
    if not revision or revision.startswith("-") or "\n" in revision:
        raise GitError(unknown)
    try:
        return _text(_git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"))
    except GitError:
        pass
    if revision == "HEAD":
        raise GitError("there is no commit yet")
    missing = "; this clone is shallow and may lack it: git fetch --unshallow" if shallow else ""
    raise GitError(f"{unknown}{missing}")


def _parting(left: str, right: str, before: str, after: str, shallow: bool) -> str:
    try:
        return _text(_git("merge-base", before, after))
    except GitError:
        missing = "; this clone is shallow: git fetch --unshallow" if shallow else ""
        raise GitError(f"{left} and {right} have no commit in common{missing}") from None


def _all_there(sides: Sides, paths: Sequence[str]) -> None:
    for path in paths:
        if sides.after is None and os.path.lexists(path):
            continue
        revisions = [sides.before, *([sides.after] if sides.after else [])]
        if not any(_git("ls-tree", "-z", "--name-only", revision, "--", _tree_path(path)) for revision in revisions):
            where = f"{sides.names[0]} or {sides.names[1]}"
            hint = f"; for two revisions say A..{path}" if _is_commit(path) else ""
            raise GitError(f"there is no {path} in {where}{hint}")


def _tree_path(path: str) -> str:
    return path.rstrip("/") or path


def _is_commit(text: str) -> bool:
    try:
        return bool(_commit(text, shallow=False))
    except GitError:
        return False


def _changes(sides: Sides, paths: Sequence[str]) -> Iterator[_Change]:
    revisions = [sides.before, *([sides.after] if sides.after else [])]
    fields = iter(_names(_git(*_DIFF, *revisions, "--", *paths)))
    for meta in fields:
        old_mode, new_mode, old_blob, new_blob, status = meta.removeprefix(":").split(" ")
        name = next(fields)
        new_name = next(fields) if status[0] in "RC" else name
        old = name if old_mode.startswith("100") and status[0] not in "C" else None
        new = new_name if new_mode.startswith("100") else None
        if status[0] != "U" and (old or new):
            known = new_blob if new and sides.after is not None else ""
            yield _Change(old, old_blob if old else None, new, known)
    if sides.after is None:
        others = _git("ls-files", "-z", "--others", "--exclude-standard", "--full-name", "--", *paths)
        for name in _names(others):
            yield _Change(None, None, name, "")


def _named_so(change: _Change, paths: Sequence[str], top: Path | None) -> bool:
    return any(_wanted(_shown(name, top), paths) for name in (change.old, change.name) if name)


def _wanted(name: str, paths: Sequence[str]) -> bool:
    return name.endswith(_SUFFIXES) or _was_named(name, paths)


def _was_named(name: str, paths: Sequence[str]) -> bool:
    return any(os.path.normpath(path) == os.path.normpath(name) for path in paths)


def _shown(name: str, top: Path | None) -> str:
    """The name as seen from the current folder; git counts from the repository's."""
    return name if top is None else os.path.relpath(top / name)


def _after(change: _Change, sides: Sides, texts: dict[str, bytes], top: Path | None) -> Source | None:
    if change.name is None:
        return None
    shown = _shown(change.name, top)
    if sides.after is not None:
        return Source(shown, texts[change.new])
    path = (top or Path()) / change.name
    if path.is_symlink() or not path.is_file():
        return None
    try:
        with path.open("rb") as file:
            return Source(shown, file.read(_READ_AT_MOST))
    except OSError as error:
        raise GitError(f"cannot read {shown}: {error.strerror or error}") from None


def _kept(found: Sequence[Revised], paths: Sequence[str]) -> Iterator[Revised]:
    """Those that are specs on a side, and not the same file on both."""
    for one in _rejoined(found):
        sides = [side for side in (one.before, one.after) if side is not None]
        same = len(sides) == 2 and sides[0] == sides[1]
        if not same and any(_was_named(side.file, paths) or _is_spec(side) for side in sides):
            yield one


def _rejoined(found: Sequence[Revised]) -> Iterator[Revised]:
    """A file that was moved without git's knowledge is gone here and new there: it is one again."""
    gone = {one.before.text: one for one in found if one.before and one.after is None}
    come = {one.after.text: one for one in found if one.after and one.before is None}
    for one in found:
        side = one.before or one.after
        if side is None or side.text not in gone or side.text not in come:
            yield one
        elif one is come[side.text]:
            yield Revised(gone[side.text].before, one.after)
        elif one is not gone[side.text]:
            yield one


def _is_spec(source: Source) -> bool:
    document, findings = read_document(source.text)
    return is_spec(document) or (document.data is None and any(finding.code != "TD003" for finding in findings))


def _contents(blobs: Sequence[str]) -> dict[str, bytes]:
    """The bytes of git's objects, by one call. Raises GitError for one that is not there."""
    if not blobs:
        return {}
    wanted = list(dict.fromkeys(blobs))
    data = _git("cat-file", "--batch", stdin="".join(f"{blob}\n" for blob in wanted).encode())
    texts, at = {}, 0
    for blob in wanted:
        end = data.index(b"\n", at)
        head = data[at:end].split(b" ")
        if len(head) != 3:
            raise GitError(f"the object {blob} is not in this repository")
        size = int(head[2])
        texts[blob] = data[end + 1 : end + 1 + min(size, _READ_AT_MOST)]
        at = end + 1 + size + 1
    return texts


def _names(data: bytes) -> list[str]:
    return [os.fsdecode(name) for name in data.split(b"\0") if name]


def _text(data: bytes) -> str:
    return os.fsdecode(data).removesuffix("\n")


def _git(*arguments: str, stdin: bytes = b"") -> bytes:
    """What git answers. Raises GitError with git's own words."""
    environment = {**os.environ, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run([*_COMMAND, *arguments], input=stdin, capture_output=True, env=environment, check=False)
    except FileNotFoundError:
        raise GitError("git is not installed") from None
    except (OSError, ValueError) as error:
        raise GitError(f"cannot run git: {error}") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().split("\n")
        words = next((line for line in said if line.startswith(("fatal: ", "error: "))), said[0])
        raise GitError(words.partition(": ")[2] or words or "git failed and gave no reason")
    return done.stdout
