"""Modules of the user's own by dotted path: imported only where that is allowed, and nothing else reached."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
import sys
import traceback
import types
import typing
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from torch import nn

from tdinspect.building.functions import FUNCTIONS
from tdinspect.building.signatures import layer_classes
from tdinspect.building.users_code import Ended, guarded, kind_of, made_module, parameters_of, words_of
from tdinspect.domain.finding import Finding
from tdinspect.domain.location import Path
from tdinspect.domain.nearest import nearest

__all__ = ["Ended", "guarded", "imported", "made_module", "parameters_of"]

_FOUND_WHERE = "in the current folder or the environment"


class _Refused(Exception):
    """A dotted path that gives nothing usable; carries code, message and help."""


@dataclass(frozen=True, slots=True)
class _Target:
    """One dotted path; the allowed ``entry`` that it lies in, among all that are ``allowed``."""

    dotted: str
    entry: str
    allowed: frozenset[str]

    @property
    def top(self) -> str:
        """The package at the top."""
        return self.dotted.partition(".")[0]

    def covers(self, module: object) -> bool:
        """True for the name of a module that may be looked into: in the entry, or a package that it lies in."""
        return isinstance(module, str) and (_inside(module, self.entry) or _inside(self.entry, module))

    def trusts(self, module: object) -> bool:
        """True for the name of a module whose functions may be called."""
        return self.covers(module) or any(_inside(str(module), entry) for entry in self.allowed)


def imported(dotted: str, allowed: Collection[str], path: Path) -> Callable[..., object] | Finding:
    """The nn.Module class, or the function that returns a module, behind ``mypkg.models.Net``; or what is wrong.

    ``allowed`` has the packages that may be imported (``mypkg``; ``mypkg.models`` allows only what is below it). Of
    any other nothing is imported, and of torch and Python's own library never anything.
    """
    try:
        target = _Target(dotted, _permit(dotted, allowed), frozenset(allowed) - {"torch"} - sys.stdlib_module_names)
        with guarded():
            return _usable(target, _find(target))
    except _Refused as refused:
        code, message, text = refused.args
        return Finding(code, message, path, on_key=True, help=text)
    except Exception as problem:  # code that runs when it is looked at: a module's __getattr__, a metaclass
        return Finding("TD004", f"{dotted} could not be imported: {words_of(problem)}", path, on_key=True)


def _permit(dotted: str, allowed: Collection[str]) -> str:
    """The allowed entry that covers ``dotted``; raises _Refused where none does."""
    parts = dotted.split(".")
    if parts[0] == "torch" or (parts[0] in ("nn", "F") and parts[0] not in allowed):
        raise _of_torch(dotted, parts)
    if any(not part.isidentifier() or part.startswith("_") for part in parts) or len(parts) < 2:
        message = f"{dotted} is no path to a module: its parts are public names, as in `mypkg.models.Net`"
        raise _Refused("TD009", message, "private names are not reached from a spec")
    if parts[0] in sys.stdlib_module_names:
        raise _Refused("TD009", f"{dotted}: {parts[0]} is a part of Python itself, and has no layers", None)
    for entry in sorted(allowed, key=len):
        if _inside(dotted, entry):
            return entry
    near = nearest(parts[0], allowed)
    text = f'`--allow-import {parts[0]}`, or `allow-import = ["{parts[0]}"]` in the project\'s settings'
    if near and near != parts[0]:
        text = f"did you mean `{'.'.join((near, *parts[1:]))}`? If not: {text}"
    message = f"{dotted} is outside torch.nn, and importing it would run the code of {parts[0]}"
    raise _Refused("TD009", message, text)


def _of_torch(dotted: str, parts: list[str]) -> _Refused:
    *home, name = parts
    if home in (["torch", "nn"], ["nn"]) or home[:3] == ["torch", "nn", "modules"]:
        near = nearest(name, layer_classes())
        if near is not None:
            return _Refused("TD004", f"layers of torch.nn are written without `{'.'.join(home)}`", f"write `{near}`")
    if home in (["torch"], ["torch", "nn", "functional"], ["nn", "functional"], ["F"]) and name in FUNCTIONS:
        return _Refused("TD004", f"functions of torch are written without `{'.'.join(home)}`", f"write `{name}`")
    message = f"{dotted}: nothing is imported from torch by its path"
    return _Refused("TD009", message, "layers of torch.nn and the functions of the language go by their bare names")


def _inside(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def _find(target: _Target) -> object:
    """Walk from the top package to the object, importing only modules that are named on the way."""
    parts = target.dotted.split(".")
    if not _exists(target.top, target):
        raise _not_installed(target)
    found: object = _import(target.top, target)
    for depth, part in enumerate(parts[1:], start=1):
        found = _next(found, part, ".".join(parts[: depth + 1]), target)
    return found


def _next(holder: object, part: str, dotted: str, target: _Target) -> object:
    if isinstance(holder, types.ModuleType):
        found = getattr(holder, part, None)
        last = dotted == target.dotted
        # A function may hide the file of the same name; further parts are then in the file.
        if (found is None or not (last or _opens(found))) and _exists(name := f"{holder.__name__}.{part}", target):
            return _import(name, target)
        if not hasattr(holder, part):
            raise _missing(holder, part, dotted)
    elif isinstance(holder, type) and target.covers(holder.__module__):
        found = inspect.getattr_static(holder, part, None)
        found = found.__func__ if isinstance(found, staticmethod) else found
        if found is None:
            raise _missing(holder, part, dotted)
        if inspect.isfunction(found) and not isinstance(inspect.getattr_static(holder, part), staticmethod):
            raise _Refused("TD004", f"{dotted} is a method, no module class or function", None)
    else:
        before = dotted.rpartition(".")[0]
        kind = f"a class of {holder.__module__}" if isinstance(holder, type) else kind_of(holder)
        raise _Refused("TD004", f"{before} is {kind}: nothing is looked up in it", None)
    if isinstance(found, types.ModuleType) and not target.covers(found.__name__):
        message = f"{dotted} is the module {found.__name__}, which is outside {target.entry}"
        raise _Refused("TD009", message, f"only what is in {target.entry} may be used")
    return found


def _opens(found: object) -> bool:
    return isinstance(found, types.ModuleType | type)


def _exists(name: str, target: _Target) -> bool:
    """True for a module that could be imported; nothing of it runs, only what it lies in has."""
    if not target.covers(name):
        return False
    importlib.invalidate_caches()  # a file may be newer than the last look
    try:
        return name in sys.modules or importlib.util.find_spec(name) is not None
    except (ModuleNotFoundError, ValueError):  # in a module that is no package, or one made by hand
        return False


def _import(name: str, target: _Target) -> types.ModuleType:
    before = set(sys.modules)
    try:
        return importlib.import_module(name)
    except KeyboardInterrupt:
        raise
    except BaseException as problem:  # a module may raise anything, SystemExit too
        for half in [new for new in sys.modules if new not in before and _inside(new, target.top)]:
            del sys.modules[half]
        message = f"{name} could not be imported: {words_of(problem)}"
        raise _Refused("TD004", message, _line_of(problem, target.top)) from problem


def _line_of(problem: BaseException, top: str) -> str | None:
    """Where in the user's files it raised, the innermost such line."""
    if isinstance(problem, SyntaxError) and problem.filename:
        return f"see line {problem.lineno} of {_readable(problem.filename)}"
    frames = [
        f"see line {line} of {_readable(frame.f_code.co_filename)}"
        for frame, line in traceback.walk_tb(problem.__traceback__)
        if _inside(str(frame.f_globals.get("__name__")), top)
    ]
    return frames[-1] if frames else None


def _readable(file: str) -> str:
    try:
        return FilePath(file).relative_to(FilePath.cwd()).as_posix()
    except (ValueError, OSError):
        return file


def _not_installed(target: _Target) -> _Refused:
    known = [found.name for found in pkgutil.iter_modules() if found.name not in sys.stdlib_module_names]
    near = nearest(target.top, [name for name in known if not name.startswith("_")])
    text = f"did you mean `{near}`?" if near else f"install {target.top}, or start in the folder that it lies in"
    return _Refused("TD004", f"there is no {target.top} {_FOUND_WHERE}", text)


def _missing(holder: types.ModuleType | type, part: str, dotted: str) -> _Refused:
    public = [name for name in dir(holder) if not name.startswith("_")]
    if isinstance(holder, types.ModuleType):
        public += [found.name for found in pkgutil.iter_modules(getattr(holder, "__path__", ()))]
    near = nearest(part, public)
    return _Refused("TD004", f"{dotted.rpartition('.')[0]} has no {part}", f"did you mean `{near}`?" if near else None)


def _usable(target: _Target, found: object) -> Callable[..., object]:
    """``found`` itself where a spec may call it; raises _Refused otherwise."""
    text = "a subclass of torch.nn.Module, or a function that returns one, can be used"
    if isinstance(found, type) and issubclass(found, nn.Module):
        if found is nn.Module or inspect.isabstract(found):
            raise _Refused("TD004", f"{target.dotted} is abstract: a subclass of it can be built", None)
        return found
    if not inspect.isfunction(found):
        raise _Refused("TD004", f"{target.dotted} is {kind_of(found)}, no module class or function", text)
    if not target.trusts(found.__module__):
        raise _Refused("TD009", f"{target.dotted} is a function of {found.__module__}, outside {target.entry}", text)
    if not _may_return_module(found):
        raise _Refused("TD004", f"{target.dotted} returns {_returns(found)}, no module", text)
    return found


def _returns(function: Callable[..., object]) -> str:
    annotation = inspect.signature(function).return_annotation
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)


def _may_return_module(function: Callable[..., object]) -> bool:
    try:
        hint = typing.get_type_hints(function).get("return", Any)
    except Exception:  # an annotation that only a type checker can read
        return True
    return _may_be_module(hint)


def _may_be_module(hint: Any) -> bool:
    if hint is Any:
        return True
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return any(map(_may_be_module, typing.get_args(hint)))
    kind = typing.get_origin(hint) or hint
    try:
        return not isinstance(kind, type) or issubclass(kind, nn.Module) or issubclass(nn.Module, kind)
    except TypeError:  # a protocol with attributes
        return True
