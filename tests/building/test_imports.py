"""Users' own modules by dotted path: what may be imported, what is found, and that nothing else is reached."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tdinspect.building.imports import Ended, guarded, imported, made_module, parameters_of
from tdinspect.domain.finding import Finding

NETS = """
import functools, os, abc
from dataclasses import dataclass
from subprocess import run
import torch
from torch import nn
from torch.nn import Conv2d, Module

width = 5
flag = True

class Net(nn.Module):
    def __init__(self, width: int, depth: int = 2, kinds=(1, 2), **more):
        super().__init__()
        self.lin = nn.Linear(width, width)
        self.kinds = kinds
        self.more = more
    def forward(self, x):
        return self.lin(x)
    def method(self): ...
    @staticmethod
    def small():
        return Net(2)
    class Inner(nn.Module):
        pass

class Abstract(nn.Module, abc.ABC):
    @abc.abstractmethod
    def part(self): ...

class Meta(type):
    pass

class WithMeta(nn.Module, metaclass=Meta):
    pass

@dataclass
class Config:
    width: int = 3

built = nn.ReLU()
half = functools.partial(Net, 3)
def make(width): return Net(width)
def typed(width: int) -> nn.Module: return Net(width)
def maybe(width: int) -> "Net | None": return Net(width)
def unreadable(width: int) -> "Nowhere": return Net(width)
def count(width: int) -> int: return width
def nothing() -> None: ...
def lies(): return 3
def leaves(): raise SystemExit(3)
def prints(): print("made"); return nn.ReLU()
def asks(): input(); return nn.ReLU()
"""

# What a path gives: None when it is fine, else the code and the message.
CASES: dict[str, tuple[str, str] | None] = {
    "nets.Net": None,
    "nets.Net.Inner": None,
    "nets.Net.small": None,
    "nets.Conv2d": None,
    "nets.WithMeta": None,
    "nets.make": None,
    "nets.typed": None,
    "nets.maybe": None,
    "nets.unreadable": None,
    "hidden": None,
    "hidden.Hidden": None,
    "alias.Net": None,
    "nets.Module": ("TD004", "mypkg.nets.Module is abstract: a subclass of it can be built"),
    "nets.Abstract": ("TD004", "mypkg.nets.Abstract is abstract: a subclass of it can be built"),
    "nets": ("TD004", "mypkg.nets is a Python module, no module class or function"),
    "nets.width": ("TD004", "mypkg.nets.width is a number, no module class or function"),
    "nets.flag": ("TD004", "mypkg.nets.flag is true or false, no module class or function"),
    "nets.built": ("TD004", "mypkg.nets.built is a module already built, no module class or function"),
    "nets.half": ("TD004", "mypkg.nets.half is a functools.partial, no module class or function"),
    "nets.Config": ("TD004", "mypkg.nets.Config is a class that is no nn.Module, no module class or function"),
    "nets.count": ("TD004", "mypkg.nets.count returns int, no module"),
    "nets.nothing": ("TD004", "mypkg.nets.nothing returns None, no module"),
    "nets.Net.method": ("TD004", "mypkg.nets.Net.method is a method, no module class or function"),
    "nets.Net.state_dict": ("TD004", "mypkg.nets.Net.state_dict is a method, no module class or function"),
    "nets.width.real": ("TD004", "mypkg.nets.width is a number: nothing is looked up in it"),
    "nets.Ned": ("TD004", "mypkg.nets has no Ned"),
    "nest.Net": ("TD004", "mypkg has no nest"),
    "os.system": ("TD004", "mypkg has no os"),
    "nets.os.system": ("TD009", "mypkg.nets.os is the module os, which is outside mypkg"),
    "nets.torch.load": ("TD009", "mypkg.nets.torch is the module torch, which is outside mypkg"),
    "nets.run": ("TD009", "mypkg.nets.run is a function of subprocess, outside mypkg"),
    "nets.Conv2d.forward": (
        "TD004",
        "mypkg.nets.Conv2d is a class of torch.nn.modules.conv: nothing is looked up in it",
    ),
    "nets.__builtins__": (
        "TD009",
        "mypkg.nets.__builtins__ is no path to a module: its parts are public names, as in `mypkg.models.Net`",
    ),
    "nets.Net.__init__.__globals__": (
        "TD009",
        "mypkg.nets.Net.__init__.__globals__ is no path to a module: "
        "its parts are public names, as in `mypkg.models.Net`",
    ),
    "boom": ("TD004", "mypkg.boom could not be imported: ValueError: boom"),
    "boom.Net": ("TD004", "mypkg.boom could not be imported: ValueError: boom"),
    "leaves.Net": ("TD004", "mypkg.leaves could not be imported: SystemExit: 2"),
    "wrong.Net": ("TD004", "mypkg.wrong could not be imported: SyntaxError: expected ':' (wrong.py, line 1)"),
    "needs.Net": (
        "TD004",
        "mypkg.needs could not be imported: ModuleNotFoundError: No module named 'not_there_at_all'",
    ),
    "mute.Net": ("TD004", "mypkg.mute could not be imported: Mute"),
}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "mypkg"
    folder.mkdir()
    files = {
        "__init__": "from .hidden import hidden\nfrom . import nets as alias\n",
        "nets": NETS,
        "hidden": "from torch import nn\nclass Hidden(nn.Module): ...\ndef hidden(): return Hidden()\n",
        "boom": "from mypkg import spoiled\n\ndef deep():\n    raise ValueError('boom')\n\ndeep()\n",
        "spoiled": "",
        "leaves": "raise SystemExit(2)\n",
        "wrong": "class Net\n",
        "needs": "import not_there_at_all\n",
        "mute": "class Mute(Exception):\n    def __str__(self): raise OSError\nraise Mute\n",
        "loud": "import os, warnings\nfrom torch import nn\nprint('hello')\nos.system('echo child')\n"
        "warnings.warn('careful')\nclass Net(nn.Module): ...\n",
        "lazy": "def __getattr__(name): raise RuntimeError(f'no {name} today')\n",
    }
    for name, text in files.items():
        folder.joinpath(f"{name}.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] == "mypkg"]:
        del sys.modules[name]


def found(dotted: str, *allowed: str) -> Callable[..., object]:
    result = imported(dotted, allowed or ("mypkg",), ("layers", 0))
    assert not isinstance(result, Finding), result
    return result


def finding(dotted: str, *allowed: str) -> Finding:
    result = imported(dotted, allowed, ("layers", 0, dotted))
    assert isinstance(result, Finding), result
    return result


@pytest.mark.parametrize("name", CASES)
def test_a_path_gives_a_module_class_or_a_function_and_nothing_else(package: Path, name: str) -> None:
    result = imported(f"mypkg.{name}", {"mypkg"}, ("layers", 0))
    got = (result.code, result.message) if isinstance(result, Finding) else None
    assert CASES[name] == got


def test_nothing_is_imported_that_is_not_allowed(package: Path) -> None:
    result = finding("mypkg.nets.Net")
    assert ("TD009", ("layers", 0, "mypkg.nets.Net"), True) == (result.code, result.path, result.on_key)
    assert "`--allow-import mypkg`" in (result.help or "")
    assert 'allow-import = ["mypkg"]' in (result.help or "")
    assert "mypkg" not in sys.modules


def test_a_package_that_is_allowed_does_not_allow_another(package: Path) -> None:
    assert "TD009" == finding("mypkg.nets.Net", "mypk", "mypkg.other", "nets").code
    assert "mypkg" not in sys.modules


def test_a_slip_in_the_name_of_an_allowed_package_is_answered_with_it(package: Path) -> None:
    assert (finding("mypgk.nets.Net", "mypkg").help or "").startswith("did you mean `mypkg.nets.Net`?")


def test_an_allowed_path_with_dots_allows_only_what_is_below_it(package: Path) -> None:
    assert "Net" == found("mypkg.nets.Net", "mypkg.nets").__name__
    assert "TD009" == finding("mypkg.hidden.Hidden", "mypkg.nets").code


def test_a_function_from_another_allowed_package_may_be_used(package: Path) -> None:
    package.joinpath("front.py").write_text("from mypkg.nets import make\n")
    try:
        assert "TD009" == finding("front.make", "front").code
        assert "make" == found("front.make", "front", "mypkg").__name__
    finally:
        del sys.modules["front"]


@pytest.mark.parametrize(
    ("dotted", "code", "text"),
    [
        ("torch.nn.Conv2d", "TD004", "write `Conv2d`"),
        ("torch.nn.conv2d", "TD004", "write `Conv2d`"),
        ("nn.Linear", "TD004", "write `Linear`"),
        ("torch.nn.modules.conv.Conv2d", "TD004", "write `Conv2d`"),
        ("torch.nn.functional.softmax", "TD004", "write `softmax`"),
        ("torch.cat", "TD004", "write `cat`"),
        ("torch.load", "TD009", "layers of torch.nn and the functions of the language go by their bare names"),
        ("torch.hub.load", "TD009", "layers of torch.nn and the functions of the language go by their bare names"),
    ],
)
def test_nothing_of_torch_is_imported_even_where_it_is_allowed(dotted: str, code: str, text: str) -> None:
    result = finding(dotted, "torch")
    assert (code, text) == (result.code, result.help)


def test_standard_modules_have_nothing_to_give_even_where_they_are_allowed() -> None:
    for dotted in ("os.system", "os.path.join", "subprocess.run", "builtins.eval", "pickle.loads"):
        assert "TD009" == finding(dotted, dotted.partition(".")[0]).code


def test_a_package_that_is_not_installed_is_named_with_where_it_was_looked_for(package: Path) -> None:
    result = finding("mypk.nets.Net", "mypk")
    assert ("TD004", "there is no mypk in the current folder or the environment") == (result.code, result.message)
    assert "did you mean `mypkg`?" == result.help


@pytest.mark.parametrize(
    ("dotted", "text"),
    [("mypkg.nets.Nte", "did you mean `Net`?"), ("mypkg.net.Net", "did you mean `nets`?"), ("mypkg.nets.q", None)],
)
def test_a_missing_name_is_answered_with_the_nearest(package: Path, dotted: str, text: str | None) -> None:
    assert text == finding(dotted, "mypkg").help


def test_a_module_that_raises_is_named_with_the_line_and_leaves_nothing_half_imported(package: Path) -> None:
    assert "see line 4 of mypkg/boom.py" == finding("mypkg.boom.Net", "mypkg").help
    assert not {"mypkg.boom", "mypkg.spoiled"} & set(sys.modules)
    package.joinpath("mypkg", "boom.py").write_text("from torch import nn\nclass Net(nn.Module): ...\n")
    assert "Net" == found("mypkg.boom.Net").__name__


def test_the_line_of_a_syntax_error_is_told(package: Path) -> None:
    assert "see line 1 of mypkg/wrong.py" == finding("mypkg.wrong.Net", "mypkg").help


def test_a_package_that_raises_halfway_is_forgotten_whole(package: Path) -> None:
    package.joinpath("mypkg", "__init__.py").write_text("from . import nets\nraise ValueError\n")
    assert "mypkg could not be imported: ValueError" == finding("mypkg.nets.Net", "mypkg").message
    assert not [name for name in sys.modules if name.partition(".")[0] == "mypkg"]


def test_code_that_raises_when_it_is_looked_at_is_a_finding(package: Path) -> None:
    result = finding("mypkg.lazy.Net", "mypkg")
    assert "mypkg.lazy.Net could not be imported: RuntimeError: no Net today" == result.message


def test_an_interrupt_passes(package: Path) -> None:
    package.joinpath("mypkg", "stop.py").write_text("raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        imported("mypkg.stop.Net", {"mypkg"}, ())


def test_the_search_path_and_torch_are_as_before(package: Path) -> None:
    package.joinpath("mypkg", "rude.py").write_text(
        "import torch, sys\ntorch.set_default_dtype(torch.float64)\ntorch.set_grad_enabled(False)\n"
        "class Net(torch.nn.Module): ...\n"
    )
    before = list(sys.path)
    found("mypkg.rude.Net")
    assert before == sys.path
    assert torch.get_default_dtype() is torch.float32
    assert torch.is_grad_enabled()


def test_what_a_module_prints_goes_to_standard_error(package: Path, capfd: pytest.CaptureFixture[str]) -> None:
    made_module(found("mypkg.loud.Net"), "mypkg.loud.Net", {})
    made_module(found("mypkg.nets.prints"), "mypkg.nets.prints", {})
    out, err = capfd.readouterr()
    assert "" == out
    assert {"hello", "child", "made"} == set(err.split())


def test_a_process_with_its_output_closed_still_imports(package: Path) -> None:
    code = (
        "import os, sys; os.close(1); sys.path.insert(0, sys.argv[1])\n"
        "from tdinspect.building.imports import imported\n"
        "sys.stderr.write(imported('mypkg.nets.Net', ['mypkg'], ()).__name__)"
    )
    root = Path(__file__).parent.parent.parent
    done = subprocess.run([sys.executable, "-c", code, root], stderr=subprocess.PIPE, text=True, check=False)
    assert (0, True) == (done.returncode, done.stderr.endswith("Net"))


def test_a_constructor_that_ends_python_raises_instead(package: Path) -> None:
    with pytest.raises(Ended, match="it asked Python to end \\(SystemExit: 3\\)"):
        made_module(found("mypkg.nets.leaves"), "mypkg.nets.leaves", {})


def test_a_constructor_that_waits_for_input_gets_none(package: Path) -> None:
    with pytest.raises(EOFError):
        made_module(found("mypkg.nets.asks"), "mypkg.nets.asks", {})


def test_a_function_that_gives_no_module_raises(package: Path) -> None:
    with pytest.raises(TypeError, match="mypkg.nets.lies gives a number, no module"):
        made_module(found("mypkg.nets.lies"), "mypkg.nets.lies", {})


def test_arguments_reach_the_constructor_as_python_has_them(package: Path) -> None:
    module: Any = made_module(
        found("mypkg.nets.Net"), "n", {"width": 3, "kinds": (3, 4), "extra": ((1, 2), {"a": (1,)})}
    )
    assert (3, (3, 4), {"extra": [[1, 2], {"a": [1]}]}) == (module.lin.in_features, module.kinds, module.more)


def test_a_dtype_goes_by_its_name() -> None:
    def make(dtype: torch.dtype = torch.float32) -> nn.Module:
        return nn.Linear(2, 2, dtype=dtype)

    assert torch.float64 == next(made_module(make, "make", {"dtype": "float64"}).parameters()).dtype


def test_the_parameters_are_those_of_the_signature(package: Path) -> None:
    parameters, accepts_any = parameters_of(found("mypkg.nets.Net"))
    assert [("width", int, True), ("depth", int, False), ("kinds", Any, False)] == [
        (p.name, p.annotation, p.required) for p in parameters
    ]
    assert accepts_any


def test_a_class_without_a_constructor_takes_nothing(package: Path) -> None:
    assert ((), False) == parameters_of(found("mypkg.hidden.Hidden"))


def test_an_annotation_that_a_spec_cannot_be_held_against_takes_anything() -> None:
    def make(
        a: list[int],
        b: tuple[int, ...] | None,
        c: nn.Module,
        d: dict[str, int],
        e: list[torch.Tensor],
        *f: int,
        g: int,
    ) -> nn.Module:
        return c

    expected = {"a": list[int], "b": tuple[int, ...] | None, "c": nn.Module, "d": Any, "e": Any, "g": int}
    parameters, accepts_any = parameters_of(make)
    assert expected == {p.name: p.annotation for p in parameters}
    assert not accepts_any


def test_a_default_that_no_spec_can_write_is_harmless() -> None:
    def make(weights: object = torch.ones(3)) -> nn.Module:  # noqa: B008
        return nn.ReLU()

    [parameter] = parameters_of(make)[0]
    assert (None, False) == (parameter.default, parameter.required)


def test_guarded_code_may_be_nested_and_raise() -> None:
    before = (sys.stdout, sys.stdin, list(sys.path))
    with pytest.raises(ValueError, match="boom"), guarded(), guarded():
        raise ValueError("boom")
    assert before == (sys.stdout, sys.stdin, sys.path)


def test_json_is_clean_when_a_module_prints(package: Path) -> None:
    code = (
        "import sys, json; sys.path.append(sys.argv[1])\n"
        "from tdinspect.building.imports import imported, made_module\n"
        "made_module(imported('mypkg.loud.Net', ['mypkg'], ()), '', {})\n"
        "print(json.dumps({'ok': True}))"
    )
    root = Path(__file__).parent.parent.parent
    done = subprocess.run([sys.executable, "-c", code, root], capture_output=True, text=True, check=True)
    assert {"ok": True} == json.loads(done.stdout)
