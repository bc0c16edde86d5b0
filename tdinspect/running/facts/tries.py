"""Ways out of what a layer does wrong, each tried at the spec's own sizes before anybody suggests it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial

from torch import nn

from tdinspect.building.construct import construct
from tdinspect.building.functions import FUNCTIONS
from tdinspect.building.infer import Refused, Surroundings, completed
from tdinspect.building.tensor_function import TensorFunction
from tdinspect.building.wiring import Flow
from tdinspect.domain.effect import Effect, each
from tdinspect.domain.sequence import CELLS, SEQUENCE
from tdinspect.domain.size import Size
from tdinspect.domain.spec import Arguments, Layer, Step
from tdinspect.domain.trace import Axis, Fix, How, TensorInfo
from tdinspect.domain.tree import first
from tdinspect.layers import is_inferable
from tdinspect.running.call import World
from tdinspect.running.dependence.effects import effect_of, train_crosses
from tdinspect.running.folding import Fold
from tdinspect.running.sides import Leaf, fold_of, infos_of, map_infos, outside_flow
from tdinspect.running.transfer import LayerError, transfer

_SIZES = ("num_parameters",)  # tells channels, and is not read off the shape


@dataclass(frozen=True, slots=True)
class Tries:
    """One layer that ran, and the small sizes that its effects are looked at.

    ``in_train``: its train mode must keep to single steps, too.
    """

    leaf: Leaf
    world: World
    sizes: Mapping[str, int]
    in_train: bool = False

    def wrapped(self) -> Fix | None:
        """Every step on its own, in a TimeDistributed."""
        leaf, fold = self.leaf, fold_of(self.leaf, self.world)
        if leaf.fold is not None or fold is None or leaf.layer is None:
            return None
        flow = self._changed(fold.inside)
        return None if flow is None else self._first("wrapped", flow, fold, self._given(flow), _per_step)

    def moved(self) -> Fix | None:
        """Time changes places with the first axis that is neither time nor batch, and back."""
        info = self._alone()
        time = None if info is None else info.time_axis(self.world.clocks)
        if info is None or time is None or self.leaf.fold is not None or self.leaf.layer is None:
            return None
        others = [i for i, axis in enumerate(info.axes) if not axis.carries]
        if not others:
            return None
        pair = (min(time, others[0]), max(time, others[0]))
        flow = self._changed(lambda value: _transposed(value, pair))
        given = [] if flow is None else self._given(flow)
        found = self._first("moved", flow or self.leaf.flow, None, given, _steps_for_steps)
        if found is None:
            return None
        gives = _transposed(found.gives, pair) if len(found.gives.axes) == len(info.axes) else found.gives
        return replace(found, gives=gives, axes=pair)

    def permuted(self) -> Fix | None:
        """Two axes that change places before a step that rearranges: one of them time or batch."""
        info = self._alone()
        if info is None or not isinstance(self.leaf.module, TensorFunction):
            return None
        axes = range(len(info.axes))
        pairs = [(i, j) for i in axes for j in axes if i < j and (info.axes[i].carries or info.axes[j].carries)]
        for pair in pairs:
            flow = map_infos(partial(_transposed, pair=pair), self.leaf.flow)
            found = self._first("permuted", flow, self.leaf.fold, [self.leaf.given], _steps_apart)
            if found is not None and found.gives.symbols(self.world.sizes) == self._symbols():
                return replace(found, axes=pair)
        return None

    def _symbols(self) -> tuple[str, ...]:
        return self.leaf.outputs[0].symbols(self.world.sizes)

    def changed(self, name: str, value: object) -> Fix | None:
        """Another argument. What works along a sequence must still do so, along time where there is time."""
        given = _with(self.leaf.given, name, value)
        works = _walks if self.leaf.type in SEQUENCE and self.leaf.fold is None else _independent
        return self._first("changed", self.leaf.flow, self.leaf.fold, [given], works)

    def along(self, dim: object) -> Fix | None:
        """The same along the axis ``dim``, every step on its own; None where there is nothing along it."""
        info = self._alone()
        if info is None or not isinstance(dim, int) or info.axes[dim].size == Size.number(1):
            return None
        return self._first("changed", self.leaf.flow, self.leaf.fold, [{**self.leaf.given, "dim": dim}], _per_step)

    def unsqueezed(self) -> Fix | None:
        """An axis more for every step or sample, behind the first."""
        if self._alone() is None or self.leaf.layer is None:
            return None
        flow = map_infos(_unsqueezed, self.leaf.flow)
        found = self._first("unsqueezed", flow, self.leaf.fold, self._given(flow), _per_step)
        return None if found is None else replace(found, axes=(1,))

    def framed(self) -> Fix | None:
        """The same for a layer that is in no TimeDistributed yet."""
        fold, info = fold_of(self.leaf, self.world), self._alone()
        if self.leaf.fold is not None or fold is None or info is None or self.leaf.layer is None:
            return None
        flow = map_infos(lambda info: _unsqueezed(fold.inside(info)), self.leaf.flow)
        found = self._first("framed", flow, fold, self._given(flow), _per_step)
        return None if found is None else replace(found, axes=(1,))

    def bare(self) -> Fix | None:
        """Along the whole sequence, outside the TimeDistributed; an axis of one that stands for a sequence goes.

        In the place of a cell its recurrence.
        """
        leaf, layer = self.leaf, self.leaf.layer
        if leaf.fold is None or layer is None:
            return None
        if leaf.type in CELLS:
            name = leaf.type.removesuffix("Cell")
            whole = replace(self, leaf=replace(leaf, type=name, layer=replace(layer, type=name)))
            found = whole.bare()
            return None if found is None else replace(found, type=name)
        flow = map_infos(self._without_ones, outside_flow(leaf, self.world))
        return self._first("bare", flow, None, [leaf.given, _with(leaf.given, "batch_first", True)], _walks)

    def _without_ones(self, info: TensorInfo) -> TensorInfo:
        kept = [axis for axis in info.axes if axis.carries or axis.size != Size.number(1)]
        return replace(info, axes=tuple(kept)) if len(info.axes) > 3 and len(kept) == 3 else info

    def _alone(self) -> TensorInfo | None:
        infos = self.leaf.inputs
        return infos[0] if len(infos) == 1 else None

    def _changed(self, change: Callable[[TensorInfo], TensorInfo]) -> Flow | None:
        try:
            return map_infos(change, self.leaf.flow)
        except ValueError:  # another input does not fold
            return None

    def _given(self, flow: Flow) -> list[Mapping[str, object]]:
        """The arguments as they are; with the sizes that shapes tell left out, or read off the new shape."""
        given = self.leaf.given
        sizes = [name for name in given if is_inferable(name) or name in _SIZES]
        if not sizes:
            return [given]
        left = {name: value for name, value in given.items() if name not in sizes}
        found: list[Mapping[str, object]] = [given, left]
        info = infos_of(flow)[0]
        if "num_parameters" in given and len(info.axes) > 1 and info.axes[1].size.is_number:
            found.insert(1, {**left, "num_parameters": info.axes[1].size.value(self.world.sizes)})
        return found

    def _first(
        self,
        how: How,
        flow: Flow,
        fold: Fold | None,
        given: list[Mapping[str, object]],
        works: Callable[[Leaf, Effect], bool],
    ) -> Fix | None:
        """The first of these arguments that builds, runs and does what it should."""
        for arguments in given:
            for leaf in self._built(arguments, flow, fold):
                effect = effect_of(leaf, self.world, self.sizes)
                if effect is None or not _independent(leaf, effect) or not works(leaf, effect):
                    continue
                if self.in_train and train_crosses(leaf, self.world) is not None:
                    continue
                part = first(leaf.value)
                try:
                    gives = part if fold is None else replace(fold, outer=None).outside(part, self.world.sizes)
                except ValueError:
                    continue
                now = {**arguments, **{name: leaf.inferred[name] for name in self.leaf.given if name in leaf.inferred}}
                order = dict.fromkeys([*(name for name in self.leaf.given if name in now), *now])
                return Fix(how, gives, {name: now[name] for name in order})
        return None

    def _built(self, given: Mapping[str, object], flow: Flow, fold: Fold | None) -> Iterator[Leaf]:
        """The same layer with these arguments on these inputs, where it builds and runs."""
        old = self.leaf
        if "." in old.type:  # a module of the user's is not built to try something
            return
        try:
            if isinstance(old.module, TensorFunction):
                module = TensorFunction(old.module.name, given, old.module.run)
                leaf = Leaf(old.type, None, given, {}, module, flow, fold)
            elif old.layer is None:
                leaf = replace(old, given=given, module=_told(old.module, given), alike=f"{old.alike} {given}")
            else:
                layer = replace(old.layer, args=Arguments(named=given))
                where = Surroundings(self.world.sizes, self.world.clocks, folded=fold is not None)
                complete, told = completed(layer, flow, where, Step("", layer, (), ()))
                sizes = {name: size.value(self.world.sizes) for name, size in told.items()}
                made = construct(complete, initialise=False).eval()
                leaf = Leaf(old.type, complete, given, sizes, made, flow, fold)
            yield replace(leaf, value=transfer(leaf.module, flow.args, flow.kwargs, self.world))
        except (Refused, LayerError):
            return
        except Exception:  # a constructor may raise anything
            return


def _with(given: Mapping[str, object], name: str, value: object) -> Mapping[str, object]:
    """The arguments with one changed, in the layer inside where the layer is made of one."""
    for key, inner in given.items():
        if isinstance(inner, Layer) and name == "batch_first":
            changed = replace(inner, args=Arguments(named={**inner.args.named, name: value}))
            return {**given, key: changed}
    return {**given, name: value}


def _told(module: nn.Module, given: Mapping[str, object]) -> nn.Module:
    """A copy of a module that a user built, with these settings in it and in what it is made of.

    ``batch_first`` alone can be changed once a layer is built. Raises ValueError for others.
    """
    if set(given) != {"batch_first"}:
        raise ValueError("it would have to be built again")
    copy = deepcopy(module)
    for part in copy.modules():
        if hasattr(part, "batch_first"):
            part.batch_first = bool(given["batch_first"])  # type: ignore[assignment]  # a setting, whatever nn says
    return copy


def _unsqueezed(info: TensorInfo) -> TensorInfo:
    return replace(info, axes=(*info.axes[:1], Axis(Size.number(1)), *info.axes[1:]))


def _transposed(info: TensorInfo, pair: tuple[int, int]) -> TensorInfo:
    axes = list(info.axes)
    if max(pair) < len(axes):
        axes[pair[0]], axes[pair[1]] = axes[pair[1]], axes[pair[0]]
    return replace(info, axes=tuple(axes))


def _independent(leaf: Leaf, effect: Effect) -> bool:
    return not any(effect.mixes_batch or ())


def _per_step(leaf: Leaf, effect: Effect) -> bool:
    """Every step on its own, all alike."""
    return effect.alike and all(rows == each(len(rows)) or max(rows) <= 1 for rows in _first_rows(effect))


def _steps_apart(leaf: Leaf, effect: Effect) -> bool:
    """No value follows two steps."""
    return all(row.bit_count() < 2 for rows in effect.links.values() for row in rows)


def _steps_for_steps(leaf: Leaf, effect: Effect) -> bool:
    """Steps are what the layer has positions for, not channels or features."""
    return effect.alike and effect.why not in ("channels", "features")


def _walks(leaf: Leaf, effect: Effect) -> bool:
    """Something goes from step to step."""
    rows = _first_rows(effect)
    return not rows or any(len(found) < 2 or any(row.bit_count() > 1 for row in found) for found in rows)


def _first_rows(effect: Effect) -> list[tuple[int, ...]]:
    """Those of part 0 of the result."""
    return [rows for (output, _), rows in effect.links.items() if output == 0]


def other_arguments(leaf: Leaf) -> Iterator[tuple[str, object]]:
    """What may keep the samples of a layer that mixes them apart; nothing for a module of the user's."""
    if "." in leaf.type:
        return
    settings = leaf.module.constants if isinstance(leaf.module, TensorFunction) else leaf.settings
    if leaf.type in SEQUENCE:
        inner = next((value.args.named for value in settings.values() if isinstance(value, Layer)), settings)
        yield "batch_first", not inner.get("batch_first", False)
    takes = _parameters(leaf.module)
    before, after = leaf.inputs, leaf.outputs
    if "dim" in takes and before and after and len(before[0].axes) == len(after[0].axes):
        yield "dim", -1
    if "start_dim" in takes:
        yield "start_dim", 1
    if settings.get("track_running_stats") is False:
        yield "track_running_stats", True


def _parameters(module: nn.Module) -> frozenset[str]:
    made = FUNCTIONS[module.name] if isinstance(module, TensorFunction) else type(module).__init__
    return frozenset(inspect.signature(made).parameters) if callable(made) else frozenset()
