"""The layers inside a module of the user's own: which of them a call runs, in which order, and on what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from tdinspect.building.users_code import guarded
from tdinspect.domain.tree import Tree
from tdinspect.layers import has_known_cost
from tdinspect.running.products import Products

# Modules of torch.nn that only hold others; what they hold has rows of its own.
_HOLDERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict, nn.ParameterList, nn.ParameterDict)
# Calls of one module that get a row each: the rest of a loop over time says nothing new.
_ROWS = 16


@dataclass(frozen=True, slots=True)
class Inner:
    """One row: a call of a leaf layer, a leaf that no call reached, or a parameter that lies in no leaf.

    ``name`` is dotted, as in ``named_modules``. ``times`` is how often the call runs the layer in all; ``shared`` the
    name where it has run before. ``parameters`` are the layer's, by their names in it. ``cut``: more calls follow this
    one that have no row. ``multiplies``: a user's own layer that has a product of matrices in it.
    """

    name: str
    type: str
    module: nn.Module | None
    called: bool
    times: int = 0
    shared: str | None = None
    parameters: tuple[tuple[str, nn.Parameter], ...] = ()
    cut: bool = False
    multiplies: bool = False


class Watched(nn.Module):
    """A module whose calls give ``(result, calls)``: for each call of a leaf inside, its inputs and its outputs.

    They hold tensors on the meta device, of the same shapes and dtypes, and None for everything else. All calls of
    one Watched have the same structure, that of the first that ends: where another runs a layer more or less often
    (a loop over time), its calls are put in those places. ``layers`` says which layer each entry of ``calls`` is.
    ``products`` are the users' own leaves that multiply matrices themselves; ``""`` is what stands in no leaf.
    """

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module
        self.training = module.training
        self.failed_in: str | None = None  # the leaf that the last call raised in
        self._places: list[str] | None = None  # the leaf of each entry
        self._times: dict[str, int] = {}
        self.products: frozenset[str] = frozenset()

    def forward(self, *inputs: Tree, **named: Tree) -> tuple[Tree, list[tuple[Tree, Tree]]]:
        """The module's own result, and what went on inside. Raises whatever the module raises."""
        seen: dict[str, list[tuple[Tree, Tree]]] = {}
        order: list[str] = []
        self.failed_in = None
        products = Products()
        handles = [
            handle
            for name, leaf in leaf_modules(self.module)
            for handle in self._watch(name, leaf, seen, order, products)
        ]
        try:
            with guarded(), products if self._places is None else nullcontext():
                result = self.module(*inputs, **named)
        finally:
            for handle in handles:
                handle.remove()
        if self._places is None:
            self.products = frozenset(products.seen)
            self._times = {name: len(calls) for name, calls in seen.items()}
            counts: dict[str, int] = {}
            self._places = [name for name in order if _counted(counts, name) <= _ROWS]
        return result, _in_places(self._places, seen)

    def _watch(
        self,
        name: str,
        leaf: nn.Module,
        seen: dict[str, list[tuple[Tree, Tree]]],
        order: list[str],
        products: Products,
    ) -> list[Any]:
        place = None if has_known_cost(leaf) else name

        def enter(module: nn.Module, args: Tree) -> None:
            self.failed_in = name
            products.inside = place

        def leave(module: nn.Module, args: Tree, kwargs: Mapping[str, Tree], output: Tree) -> None:
            self.failed_in = None
            products.inside = ""
            seen.setdefault(name, []).append((_outline((*args, *kwargs.values())), _outline(output)))
            order.append(name)

        if isinstance(leaf, torch.jit.ScriptModule):  # takes no hooks: nobody knows what it does
            products.seen.add(name)
            return []
        return [leaf.register_forward_pre_hook(enter), leaf.register_forward_hook(leave, with_kwargs=True)]

    @property
    def layers(self) -> list[Inner]:
        """The rows: one for each entry of ``calls``, then the leaves that no call reached, then loose parameters.

        Every parameter of the module is in one of them; one that is tied or called again is in several.
        """
        leaf_by_name = dict(leaf_modules(self.module))
        rows: list[Inner] = []
        before: dict[str, int] = {}
        for name in self._places or ():
            row = _row(name, leaf_by_name[name], self._times[name], name if name in before else None)
            cut = _counted(before, name) == _ROWS < self._times[name]
            rows.append(replace(row, cut=cut, multiplies=name in self.products))
        unseen = [_row(name, leaf, 0, None) for name, leaf in leaf_by_name.items() if name not in before]
        rows += [replace(row, multiplies=row.name in self.products) for row in unseen]
        in_rows = {id(parameter) for row in rows for _, parameter in row.parameters}
        rows += [
            Inner(name, "Parameter", None, called=True, parameters=((name.rpartition(".")[2], parameter),))
            for name, parameter in self.module.named_parameters()
            if id(parameter) not in in_rows
        ]
        return rows


def is_leaf(module: nn.Module) -> bool:
    """True for what gets one row: a layer of torch.nn whatever is inside, and any module without children."""
    if isinstance(module, torch.jit.ScriptModule):
        return True
    if type(module).__module__.startswith("torch.nn."):
        return not isinstance(module, _HOLDERS)
    return next(module.children(), None) is None


def leaf_modules(module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Every leaf in ``module`` once, by its first name; a module without children is its own leaf, named ``""``."""
    yield from _leaves(module, "", set())


def _leaves(module: nn.Module, name: str, met: set[int]) -> Iterator[tuple[str, nn.Module]]:
    if id(module) in met:
        return
    met.add(id(module))
    if is_leaf(module):
        yield name, module
        return
    for child_name, child in module.named_children():
        yield from _leaves(child, f"{name}.{child_name}" if name else child_name, met)


def _row(name: str, leaf: nn.Module, times: int, shared: str | None) -> Inner:
    return Inner(name, type(leaf).__name__, leaf, times > 0, times, shared, tuple(leaf.named_parameters()))


def _counted(counts: dict[str, int], name: str) -> int:
    counts[name] = counts.get(name, 0) + 1
    return counts[name]


def _in_places(places: list[str], seen: Mapping[str, list[tuple[Tree, Tree]]]) -> list[tuple[Tree, Tree]]:
    """The k-th place of a layer has its k-th call: its last one where there were fewer, nothing without any."""
    counts: dict[str, int] = {}
    found = []
    for name in places:
        calls = seen.get(name) or [((), None)]
        found.append(calls[min(_counted(counts, name), len(calls)) - 1])
    return found


def _outline(value: object) -> Tree:
    """The nested value with tensors that hold nothing: what comes after in the pass may change those that went by."""
    if isinstance(value, Tensor):
        try:
            return torch.empty(tuple(value.shape), dtype=value.dtype, device="meta")
        except (RuntimeError, TypeError):  # a nested tensor has no one shape
            return None
    if isinstance(value, tuple | list):
        parts = [_outline(part) for part in value]
        return tuple(parts) if isinstance(value, tuple) else parts
    if isinstance(value, Mapping):
        return {key: _outline(part) for key, part in value.items()}
    return None
