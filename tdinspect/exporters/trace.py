"""The walk that writes a model as PyTorch: the steps run over variables in place of tensors.

Which value goes where is told by ``building.wiring``, as in the built model; here each step says a statement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NoReturn

from tdinspect.building.functions import TAKES_LIST
from tdinspect.building.model import exported_names
from tdinspect.building.wiring import Flow, Perform, Scope, enter, name_around, run_inside, run_steps, used_again
from tdinspect.domain.finding import Finding
from tdinspect.domain.spec import Container, Function, Layer, Residual, Share, Source, Step
from tdinspect.domain.trace import TensorInfo
from tdinspect.domain.tree import Tree, first, leaves
from tdinspect.exporters import framed, instances, loops, repeated, sources
from tdinspect.exporters.classes import Classes, ClassUse
from tdinspect.exporters.code import EMPTY, Code, Group, Item, Join, Ref, Shape, Text, Value, call
from tdinspect.exporters.constants import constant, literal
from tdinspect.exporters.functions import tensor_function
from tdinspect.exporters.identifiers import TAKEN, Taken, identifier, input_names, is_default, variable
from tdinspect.exporters.interface import CannotExport
from tdinspect.exporters.layers import NoCode, layer_code
from tdinspect.exporters.layout import Layout, Place
from tdinspect.exporters.naming import named
from tdinspect.exporters.seen import Seen, SeenLeaf
from tdinspect.exporters.statements import Assign, is_loose
from tdinspect.exporters.walk import Spot
from tdinspect.exporters.writing import Writing, broadcast, code_of, parts_are_fixed, tensors, type_of

_TAIL = frozenset(("chunk", "split", "unbind"))  # how many parts there are may follow a size


class Trace:
    """One model on its way to code."""

    def __init__(self, seen: Seen, layout: Layout, with_tdinspect: bool) -> None:
        self.seen, self.layout, self.with_tdinspect = seen, layout, with_tdinspect
        self.exported = exported_names(seen.spec)
        self.classes = Classes()
        self.imports: set[str] = set()
        self.steps: dict[str, Step] = {}
        self.shared: dict[str, str] = {}  # the first use of what is used again
        self.learning: set[str] | None = None
        self.keys: dict[str, str] = {}  # of the classes, by the paths of their instances

    def model(self, name: str, doc: Sequence[str]) -> ClassUse:
        """The class of the whole model."""
        spec, writing = self.seen.spec, Writing()
        names, scope = input_names(spec), Scope()
        for given in spec.inputs:
            value = Value(given.name, named=True, info=self.seen.inputs[given.name])
            writing.param(value, names[given.name])
            writing.entering.append(value)
            scope.define(given.name, value)
        flow = Flow((writing.entering[0],))
        value = run_steps(spec.steps, scope, flow, self.performer(Spot("", writing)))
        if spec.outputs:
            tree: Tree = tuple(first(scope[output]) for output in spec.outputs)
            items = (Item(code_of(v), literal(output)) for output, v in zip(spec.outputs, tree, strict=True))
            return self.closed(writing, name, doc, tree, (Group(EMPTY, tuple(items), "{}"), "dict[str, Tensor]"))
        return self.closed(writing, name, doc, first(value), None)

    def closed(
        self, w: Writing, name: str, doc: Sequence[str], result: Tree, returns: tuple[Code, str] | None
    ) -> ClassUse:
        """The class, once all its statements are said."""
        names = Taken((*TAKEN, *(name for _, name in w.params)))
        told = tuple((symbol, names.free(variable(symbol))) for symbol in w.extra)
        for symbol, size in told:
            w.param(w.sizes[symbol], size, "int")
        wanted = tensors([result])
        statements = [*w.head(), *w.statements]
        taken = {*TAKEN, *(module.split(".")[0] for module in self.imports)}
        body = named(statements, w.params, wanted, taken)
        alone = body.name(result) if isinstance(result, Value) and is_loose(body.statements, result) else None
        params = [(name, kind) for (_, name), kind in zip(w.params, w.types, strict=True)]
        code, gives = returns or (code_of(result), type_of(result))
        return ClassUse(name, tuple(doc), list(w.attributes.values()), params, body, code, gives, alone, told)

    def performer(self, spot: Spot) -> Perform:
        """What says a step at this place."""

        def perform(step: Step, flow: Flow, scope: Scope) -> Tree:
            self.steps[spot.prefix + step.name] = step
            try:
                return self._step(step, flow, scope, spot)
            except NoCode as problem:
                self.refuse(step, str(problem))

        return perform

    def refuse(self, step: Step, why: str) -> NoReturn:
        """End the export with a finding that names the step."""
        message = f"{step.name} cannot be exported: {why}"
        raise CannotExport(Finding("TD003", message, step.op_path, on_key=True, uses=step.uses))

    def _step(self, step: Step, flow: Flow, scope: Scope, spot: Spot) -> Tree:
        operation = step.operation
        if isinstance(operation, Share):
            target = name_around(operation.target, spot.prefix, self.steps, shared=self.shared)
            original = self.steps[target]
            self.shared[spot.prefix + step.name] = target
            step = used_again(step, original)
            self.steps[spot.prefix + step.name] = step
            operation = original.operation
        if isinstance(operation, Container):
            return self.container(step, flow, scope, spot)
        if isinstance(operation, Function):
            return self._function(step, operation, flow, spot)
        if isinstance(operation, Source):
            return sources.source(self, step, operation, spot)
        assert isinstance(operation, Layer)
        self.register(step, spot)
        return self.called(step, spot, flow, Text(self.own(spot, step)))

    def place(self, spot: Spot, step: Step) -> Place:
        """What the step is written as."""
        return self.layout.places.get(spot.prefix + step.name, Place("inline"))

    def own(self, spot: Spot, step: Step) -> str:
        """The code of a step's attribute."""
        return spot.writing.own(self.place(spot, step).path)

    def leaf(self, spot: Spot, step: Step) -> SeenLeaf:
        """What was seen of a layer or a function."""
        return self.seen.leaves[spot.prefix + step.name]

    def register(self, step: Step, spot: Spot) -> None:
        """The attribute of a layer in the class that it belongs to."""
        place, leaf = self.place(spot, step), self.leaf(spot, step)
        if "." in place.path.removeprefix(f"{spot.writing.path}." if spot.writing.path else ""):
            return  # used again: it is part of another
        assert leaf.layer is not None
        frozen = leaf.learns and (spot.frozen or step.trainable is False)
        spot.writing.attribute(place.attribute, layer_code(leaf.layer, self.imports), frozen)

    def called(self, step: Step, spot: Spot, flow: Flow, head: Code) -> Tree:
        """The statement that calls a layer, and the values that it gives."""
        items = [Item(code_of(arg)) for arg in flow.args]
        items += [Item(code_of(arg), self.keyword(step, name)) for name, arg in flow.kwargs.items()]
        items += [Item(Text(literal(value)), self.keyword(step, name)) for name, value in step.call.items()]
        values = self.values(step, self.leaf(spot, step).value)
        spot.writing.say(Assign(values, Group(head, tuple(items)), loose=True))
        return values

    def keyword(self, step: Step, name: str) -> str:
        """The name of an argument, as it may stand in code."""
        if not name.isidentifier() or identifier(name) != name.strip("_") or name.startswith("__"):
            self.refuse(step, f"`{name}` is no name of an argument in Python")
        return name

    def values(self, step: Step, infos: Tree, hint: str | None = None) -> Tree:
        """New values for what a step gives, named by its ``as`` or by the step."""
        own = f"x_{step.name}" if step.name.isdigit() else step.name
        return self._values(infos, step.parts, hint or own, not is_default(step))

    def _values(self, infos: Tree, names: object, hint: str, named: bool) -> Tree:
        if isinstance(infos, TensorInfo):
            said = isinstance(names, str) and names != "_"
            wanted = str(names) if said and not named else hint
            return Value(wanted, named or said, infos, shape=Shape(infos.symbols(self.seen.sizes)))
        if infos is None:
            return None
        if not isinstance(infos, tuple | list):
            raise NoCode("it gives something that is neither a tensor nor a tuple of tensors")
        listed: Sequence[object] = names if isinstance(names, tuple) else ()
        made = []
        for index, info in enumerate(infos):
            name = listed[index] if index < len(listed) else None
            own = hint if index == 0 else str(name) if isinstance(name, str) and name != "_" else f"{hint}_{index}"
            made.append(self._values(info, name, own, named and index == 0))
        return tuple(made)

    def _function(self, step: Step, function: Function, flow: Flow, spot: Spot) -> Tree:
        constants = {name: self.constant(value, spot) for name, value in function.args.named.items()}
        if function.type in TAKES_LIST and flow.args and isinstance(flow.args[0], tuple):
            flow = replace(flow, args=(list(flow.args[0]), *flow.args[1:]))
        inputs = [code_of(arg) for arg in flow.args]
        named_ = {name: code_of(arg) for name, arg in flow.kwargs.items()}
        code = tensor_function(function.type, inputs, named_, constants)
        values = self.values(step, self.leaf(spot, step).value)
        typed = isinstance(code, Group) and isinstance(code.head, Text) and code.head.text.startswith(("torch.", "F."))
        tail = function.type in _TAIL
        more = tail and not parts_are_fixed(function, flow)
        spot.writing.say(Assign(values, code, loose=not typed, tail=tail, more=more))
        return values

    def constant(self, value: object, spot: Spot) -> Code:
        """A constant of a function, with the variables of the sizes that it reads."""
        return constant(value, lambda symbol: Ref(spot.writing.size(symbol)))

    def container(self, step: Step, flow: Flow, scope: Scope, spot: Spot) -> Tree:
        """A container in the form that the layout has for it."""
        assert isinstance(step.operation, Container)
        form, mode = self.place(spot, step).form, step.operation.options.get("mode", "fold")
        if step.operation.type == "TimeDistributed" and (form == "chain" or (form == "class" and mode != "fold")):
            return framed.whole(self, step, flow, spot)
        if form == "class":
            return instances.instance(self, step, flow, spot)
        if form == "copies":
            return repeated.copies(self, step, flow, spot)
        return self.inline(step, flow, scope, spot)

    def inline(self, step: Step, flow: Flow, scope: Scope | None, spot: Spot) -> Tree:
        """A container's steps among the statements around it."""
        container = step.operation
        assert isinstance(container, Container)
        if container.type == "TimeDistributed":
            return framed.time_distributed(self, step, flow, scope, spot)
        if container.type == "Recurrent":
            return loops.recurrent(self, step, flow, scope, spot)
        inner, entering = enter(step, flow, scope)
        value = self._body(step, container, entering, inner, spot)
        if isinstance(container, Residual):
            value = self._added(step, container, first(value), entering, inner, spot)
        if step.parts is None:
            value = first(value)
        if scope is not None:
            self._rename(step, value)
        self.export(step, inner, scope, lambda found: found)
        return value

    def _rename(self, step: Step, value: Tree) -> None:
        """A result that has no name of its own takes that of the container."""
        result = first(value)
        if isinstance(result, Value) and not result.named and result.text is None and not is_default(step):
            result.hint, result.named = step.name, True

    def export(self, step: Step, inner: Scope, outer: Scope | None, change: object) -> None:
        """What is read outside of a container by a dotted name."""
        for name, value in list(inner.values.items()):
            if outer is not None and f"{step.name}.{name}" in self.exported:
                assert callable(change)
                outer.define(f"{step.name}.{name}", change(value))

    def _body(self, step: Step, container: Container, flow: Flow, inner: Scope, spot: Spot) -> Tree:
        if self.place(spot, step).form == "chain":
            return self.chained(step, flow, spot)
        return run_inside(container, inner, flow, self.performer(spot.inside(step)))

    def chained(self, step: Step, flow: Flow, spot: Spot) -> Value:
        """A chain as one call of its ``nn.Sequential``."""
        code, info = self.chain_call(step, flow, spot)
        value = self.values(replace(step, parts=None), info)
        assert isinstance(value, Value)
        spot.writing.say(Assign(value, code, loose=True))
        return value

    def chain_call(self, step: Step, flow: Flow, spot: Spot) -> tuple[Code, TensorInfo]:
        """The call of a chain's ``nn.Sequential``, which becomes an attribute, and what it gives."""
        place = self.place(spot, step)
        entering = next(leaves((flow.args, dict(flow.kwargs))))
        code, info = repeated.chain(self, step, entering, spot)
        self.keep(place, step, code, spot)
        return call(spot.writing.own(place.path), Ref(entering)), info

    def keep(self, place: Place, step: Step, code: Code, spot: Spot) -> None:
        """An attribute for something larger than a layer."""
        if "." not in place.path.removeprefix(f"{spot.writing.path}." if spot.writing.path else ""):
            frozen = (spot.frozen or step.trainable is False) and self.learns(spot.prefix + step.name)
            spot.writing.attribute(place.attribute, code, frozen)

    def learns(self, full: str) -> bool:
        """True where a step has something to learn inside."""
        if self.learning is None:
            names = [name.split(".") for name, leaf in self.seen.leaves.items() if leaf.learns]
            self.learning = {".".join(words[:end]) for words in names for end in range(1, len(words))}
        return full in self.learning

    def _added(self, step: Step, residual: Residual, value: Value, entering: Flow, inner: Scope, spot: Spot) -> Value:
        """``x + f(x)``, on one line where ``f`` is one call."""
        w, shortcut = spot.writing, residual.shortcut
        before: Value = entering.args[0]
        code: Code = Ref(before)
        inside = spot.inside(step)
        if shortcut is not None and self.place(inside, shortcut).form == "chain":
            self.steps[inside.prefix + shortcut.name] = shortcut
            code, info = self.chain_call(shortcut, entering, inside)
            before = Value("shortcut", info=info)
        elif shortcut is not None:
            before = first(self.performer(inside)(shortcut, entering, inner))
            code = Ref(before)
        made = w.block[-1] if w.block else None
        added: Code = Ref(value)
        if isinstance(made, Assign) and made.targets is value and self.place(spot, step).form == "chain":
            w.block.pop()
            added = made.code
        if before.info is None or value.info is None:
            self.refuse(step, "it adds values that are no tensors")
        info = broadcast(before.info, value.info)
        result = Value("added", info=info, shape=Shape(info.symbols(self.seen.sizes)))
        return w.let(result, Join((code, Text(" + "), added)), loose=True)
