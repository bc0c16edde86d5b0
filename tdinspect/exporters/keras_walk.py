"""The walk that writes a model for Keras: the steps run over Keras's values, each saying its lines."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import NoReturn

from tdinspect.building.functions import TAKES_LIST
from tdinspect.building.model import exported_names
from tdinspect.building.wiring import Flow, Perform, Scope, enter, name_around, run_inside, run_steps, used_again
from tdinspect.domain.finding import Finding
from tdinspect.domain.spec import Container, Function, Layer, Residual, Share, Source, Step
from tdinspect.domain.trace import TensorInfo
from tdinspect.domain.tree import Tree, first, leaves, map_tree
from tdinspect.exporters.axes import Held, Lines
from tdinspect.exporters.code import Code, Group, Item, Shape, Text, call, sequence
from tdinspect.exporters.constants import literal, text_of
from tdinspect.exporters.identifiers import Taken, identifier, is_default
from tdinspect.exporters.interface import CannotExport
from tdinspect.exporters.keras_call import Call
from tdinspect.exporters.keras_frames import folded, unfolded
from tdinspect.exporters.keras_functions import keras_function
from tdinspect.exporters.keras_layers import TWINS
from tdinspect.exporters.keras_sequences import REARRANGED, RECURRENT, recurrence
from tdinspect.exporters.layers import NoCode, eager
from tdinspect.exporters.layout import lay_out
from tdinspect.exporters.seen import Seen
from tdinspect.exporters.statements import Assign
from tdinspect.running.folding import Fold

_AUTOMATIC = re.compile(
    "(activation|add|average_pooling|bidirectional|concatenate|cropping|dropout|elu|flatten|get_item|global_.*|identity"
    "|keras_tensor|leaky_re_lu|matmul|max_pooling|maximum|mean|minimum|multiply|permute|re_lu|reshape|softmax"
    "|spatial_dropout|split|stack|subtract|sum|time_distributed|up_sampling|zero_padding)([123]d)?(_[0-9]+)?"
)


def keras_name(full: str) -> str:
    """A step's name in Keras; one that Keras gives to layers of its own accord has a word behind it."""
    name = identifier("_".join(full.split(".")))
    return f"{name}_layer" if _AUTOMATIC.fullmatch(name) else name


@dataclass(frozen=True, slots=True)
class _Spot:
    prefix: str = ""
    frozen: bool = False


class KerasWalk:
    """The steps run over Keras's values, each saying its lines."""

    def __init__(self, seen: Seen) -> None:
        self.seen = seen
        self.lines = Lines(dict(seen.sizes))
        self.layout = lay_out(seen.spec)
        self.exported = exported_names(seen.spec)
        self.steps: dict[str, Step] = {}
        self.first_uses: dict[str, str] = {}  # its first use
        self.names = Taken(given.name for given in seen.spec.inputs)
        self.shared: dict[tuple[str, int], Held] = {}
        self.weighted: dict[str, Step] = {}  # the step of each layer with weights, by its name in Keras

    def run(self) -> tuple[list[Held], list[Held], Code]:
        """The inputs, the outputs, and the code of the outputs."""
        spec = self.seen.spec
        scope, inputs = Scope(), []
        for given in spec.inputs:
            info = self.seen.inputs[given.name]
            if given.batch_axis is None:
                raise CannotExport(
                    self._finding(given.path, f"the input {given.name} has no batch axis, and Keras has")
                )
            value = Held("inputs" if given.name == "input" else given.name, True, info, unread=True)
            value.order = (given.batch_axis, *(i for i in range(len(info.axes)) if i != given.batch_axis))
            inputs.append(value)
            scope.define(given.name, value)
        last = run_steps(spec.steps, scope, Flow((inputs[0],)), self.performer(_Spot()))
        named_ = {name: first(scope[name]) for name in spec.outputs} or {"output": first(last)}
        outputs = {name: self._output(value, spec.steps[-1]) for name, value in named_.items()}
        items = tuple(Item(value.ref(), literal(name)) for name, value in outputs.items())
        code = Group(Text(""), items, "{}") if spec.outputs else next(iter(outputs.values())).ref()
        return inputs, list(outputs.values()), code

    def _finding(
        self, path: tuple[str | int, ...], message: str, uses: tuple[tuple[str | int, ...], ...] = ()
    ) -> Finding:
        return Finding("TD004", f"Keras: {message}", path, on_key=True, uses=uses)

    def _output(self, value: Tree, step: Step) -> Held:
        """An output in the order of torch, or with its channels last."""
        try:
            assert isinstance(value, Held)
            middle = value.order[1:-1]
            fits = value.ndim > 2 and list(middle) == sorted(middle)  # at most one axis stands elsewhere: the last
            return self.lines.read(value) if fits and not value.unread else self.lines.natural(value)
        except NoCode as problem:
            self.refuse(step, str(problem))

    def input(self, value: Held, name: str) -> Code:
        """``keras.Input``, in the order that its readers want."""
        sizes = [value.known.axes[axis].size for axis in value.order[1:]]
        fixed = {symbol: self.seen.sizes[symbol] for symbol in self.lines.fixed}
        shape = tuple(size.value(fixed) if size.symbols <= fixed.keys() else None for size in sizes)
        dtype = value.known.dtype
        more = {} if dtype == "float32" else {"dtype": Text(literal(dtype))}
        return call("keras.Input", Text(literal(shape)), name=Text(literal(name)), **more)

    def shape(self, value: Held) -> Shape:
        """The comment for a value."""
        return Shape(value.sizes(value.known.symbols(self.seen.sizes)))

    def refuse(self, step: Step, why: str) -> NoReturn:
        """End the export with a finding that names the step."""
        kind = getattr(step.operation, "type", "share")
        raise CannotExport(self._finding(step.op_path, f"{step.name} ({kind}) cannot be exported: {why}", step.uses))

    def performer(self, spot: _Spot) -> Perform:
        """What says a step at this place."""

        def perform(step: Step, flow: Flow, scope: Scope) -> Tree:
            self.steps[spot.prefix + step.name] = step
            try:
                return self._step(step, flow, scope, spot)
            except NoCode as problem:
                self.refuse(self.steps[spot.prefix + step.name], str(problem))

        return perform

    def _step(self, step: Step, flow: Flow, scope: Scope, spot: _Spot) -> Tree:
        operation = step.operation
        if isinstance(operation, Share):
            target = name_around(operation.target, spot.prefix, self.steps, shared=self.first_uses)
            original = self.steps[target]
            self.first_uses[spot.prefix + step.name] = target
            step = used_again(step, original)
            self.steps[spot.prefix + step.name] = step
            operation = original.operation
        assert not isinstance(operation, Share)
        if isinstance(operation, Container):
            return self._container(step, operation, flow, scope, spot)
        if isinstance(operation, Function):
            return self._function(step, operation, flow, spot)
        if isinstance(operation, Source):
            raise NoCode("a tensor that no input gives has no twin in Keras's functional models")
        return self._layer(step, operation, flow, spot)

    def _values(self, step: Step, infos: Tree) -> Tree:
        """New values for what a step gives."""
        plain = is_default(step)

        def made(info: Tree, names: object, name: str, own: bool) -> Tree:
            if isinstance(info, TensorInfo):
                given = isinstance(names, str) and names != "_"
                return Held(str(names) if given and not own else name, own or given, info)
            if info is None:
                return None
            if not isinstance(info, tuple | list):
                raise NoCode("it gives something that is neither a tensor nor a tuple of tensors")
            listed = names if isinstance(names, tuple) else ()
            at = [listed[i] if i < len(listed) else None for i in range(len(info))]
            return tuple(
                made(part, at[i], name if i == 0 else f"{name}_{i}", own and i == 0) for i, part in enumerate(info)
            )

        return made(infos, step.parts, f"x_{step.name}" if step.name.isdigit() else step.name, not plain)

    def _layer(self, step: Step, layer: Layer, flow: Flow, spot: _Spot) -> Tree:
        full = spot.prefix + step.name
        leaf = self.seen.leaves[full]
        assert leaf.layer is not None
        kind, arguments = ("", {}) if "." in layer.type else eager(leaf.layer)
        results = self._values(step, leaf.value)
        counter = iter(range(1000))

        def noted(code: Code, weights: bool) -> Code:
            return self._noted(code, weights, full, next(counter), spot.frozen or step.trainable is False)

        inputs = [arg for arg in flow.args if arg is not None]
        made = Call(
            kind or layer.type, arguments, inputs, dict(flow.kwargs), step.call, leaf.value, self.lines, noted,
            lambda: first(results),
        )  # fmt: skip
        if kind in RECURRENT:
            read = isinstance(step.parts, tuple) and any(name != "_" for name in leaves(step.parts[1:]))
            return recurrence(made, read)
        twin = TWINS.get(kind) or REARRANGED.get(kind)
        if twin is None:
            raise NoCode(f"Keras has no twin of {layer.type}")
        return twin(made)

    def _noted(self, code: Code, weights: bool, full: str, index: int, frozen: bool) -> Code:
        """A layer with its name; one that is used again gets a variable."""
        origin = self._origin(full)
        again = origin in self.layout.targets.values() or any(
            origin.startswith(f"{target}.") for target in self.layout.targets.values()
        )
        if (origin, index) in self.shared:
            return self.shared[origin, index].ref()
        if weights and isinstance(code, Group):
            name = self.names.free(keras_name(origin) + (f"_{index}" if index else ""))
            more = [Item(Text(text_of(name)), "name")]
            if frozen:
                more.insert(0, Item(Text("False"), "trainable"))
            code = replace(code, items=(*code.items, *more))
            self.weighted[name] = self.steps[full]
        if not (again and weights):
            return code
        held = Held(f"{identifier(origin.split('.')[-1])}_layer", True, kind="layer")
        self.lines.statements.append(Assign(held, code))
        self.shared[origin, index] = held
        return held.ref()

    def _origin(self, full: str) -> str:
        """The step whose weights a step uses."""
        for name, target in self.layout.targets.items():
            if full == name or full.startswith(f"{name}."):
                return self._origin(target + full.removeprefix(name))
        return full

    def _function(self, step: Step, function: Function, flow: Flow, spot: _Spot) -> Tree:
        args = flow.args
        if function.type in TAKES_LIST and args and isinstance(args[0], tuple):
            args = (list(args[0]), *args[1:])
        value = self.seen.leaves[spot.prefix + step.name].value
        return keras_function(
            function.type, args, flow.kwargs, function.args.named, value, self.lines, self._values(step, value)
        )

    def _container(self, step: Step, container: Container, flow: Flow, scope: Scope, spot: _Spot) -> Tree:
        inside = _Spot(f"{spot.prefix}{step.name}.", spot.frozen or step.trainable is False)
        if container.type == "Recurrent":
            raise NoCode("Keras has no twin of Recurrent")
        if container.type == "TimeDistributed":
            return self._time_distributed(step, flow, scope, spot, inside)
        inner, entering = enter(step, flow, scope)
        value = run_inside(container, inner, entering, self.performer(inside))
        if isinstance(container, Residual):
            value = self._added(step, container, entering, first(value), inner, inside)
        if step.parts is None:
            value = first(value)
        self._export(step, inner, scope)
        return value

    def _added(self, step: Step, container: Residual, entering: Flow, value: Held, inner: Scope, inside: _Spot) -> Held:
        before: Held = entering.args[0]
        if container.shortcut is not None:
            before = first(self.performer(inside)(container.shortcut, entering, inner))
        one, other = self.lines.aligned([before, value])
        if [axis.size for axis in one.known.axes] != [axis.size for axis in other.known.axes]:
            raise NoCode("it adds two shapes, and Keras's Add wants one")
        made = Held(step.name, not is_default(step), one.info, order=one.order, front=one.front)
        return self.lines.let(made, Group(call("layers.Add"), (Item(sequence([one.ref(), other.ref()], "[]")),)))

    def _export(self, step: Step, inner: Scope, outer: Scope) -> None:
        """What is read outside of a container by a dotted name."""
        for name, value in list(inner.values.items()):
            if f"{step.name}.{name}" in self.exported:
                outer.define(f"{step.name}.{name}", value)

    def _time_distributed(self, step: Step, flow: Flow, scope: Scope, spot: _Spot, inside: _Spot) -> Tree:
        """No line of its own: inside, layers are wrapped one by one, and the values keep their time axis in Keras."""
        time, batch = self.seen.folds[spot.prefix + step.name]
        if batch is None:
            raise NoCode("it has no batch axis, and Keras's TimeDistributed has")
        entering = [value for value in leaves([flow.args, dict(flow.kwargs)]) if isinstance(value, Held)]
        fold = Fold.of(entering[0].known, time, batch)
        done: dict[int, Held] = {}

        def enters(value: Held) -> Held:
            if id(value) not in done:
                done[id(value)] = folded(value, fold, (time, batch), self.lines)
            return done[id(value)]

        inner, going = enter(step, Flow(map_tree(enters, flow.args), map_tree(enters, dict(flow.kwargs))), None)
        container = step.operation
        assert isinstance(container, Container)
        value = run_inside(container, inner, going, self.performer(inside))
        if step.parts is None:
            value = first(value)

        def leaves_(found: Held) -> Held:
            return unfolded(found, fold, (time, batch), step, self.lines)

        for name, found in list(inner.values.items()):
            if f"{step.name}.{name}" in self.exported:
                scope.define(f"{step.name}.{name}", map_tree(leaves_, found))
        return map_tree(leaves_, value)
