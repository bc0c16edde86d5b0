"""``--to keras``: a function that makes a Keras 3 model, channels last."""

from __future__ import annotations

from tdinspect.exporters.axes import Held
from tdinspect.exporters.code import INDENT, Code, Ref, Slot, Text, Writer, call, sequence
from tdinspect.exporters.constants import text_of
from tdinspect.exporters.docs import docstring, header
from tdinspect.exporters.identifiers import snake_case
from tdinspect.exporters.keras_walk import KerasWalk
from tdinspect.exporters.naming import named
from tdinspect.exporters.seen import Seen
from tdinspect.exporters.statements import Assign, write


def render(seen: Seen, class_name: str, *, with_tdinspect: bool = False) -> str:
    """The text of a Python file with a function of that name. Raises CannotExport, whose finding names the step."""
    walk = KerasWalk(seen)
    inputs, outputs, result = walk.run()
    statements = [
        *(Assign(v, walk.input(v, given.name)) for v, given in zip(inputs, seen.spec.inputs, strict=True)),
        *walk.lines.statements,
    ]
    for statement, value in zip(statements, inputs, strict=False):
        value.shape = walk.shape(value)
        assert isinstance(statement, Assign)
    taken = {"keras", "layers", class_name}
    body = named([*statements], [], [*inputs, *(v.same or v for v in outputs)], taken)
    entering: Code = inputs[0].ref() if len(inputs) == 1 else sequence([value.ref() for value in inputs], "[]")

    def leaf(part: Ref | Slot) -> str:
        return part.text if isinstance(part, Slot) else body.name(part.value)

    writer = Writer(
        leaf, lambda new: Text(""), lambda shape: f"({', '.join(shape.axes)}{',' if len(shape.axes) == 1 else ''})"
    )
    told = {given.name: _text(value, seen) for given, value in zip(seen.spec.inputs, inputs, strict=True)}
    writer.lines += [
        f"def {class_name}() -> keras.Model:",
        *(f"{INDENT}{line}".rstrip() for line in docstring(seen, told)),
    ]
    write(body, writer, 1, None)
    model = call("keras.Model", entering, result, name=Text(text_of(snake_case(seen.spec.name))))
    writer.statement(1, "return ", model)
    code = "\n".join(writer.lines)
    for name, step in walk.weighted.items():
        if f"name={text_of(name)}" not in code:
            walk.refuse(step, "nothing reads what it gives, and a Keras model leaves such a layer out")
    imports = ["import keras", *(["from keras import layers"] if "layers." in code else [])]
    head = header(seen, ", for Keras 3")
    return "\n".join([head, "", "from __future__ import annotations", "", *imports, "", "", code, ""])


def _text(value: Held, seen: Seen) -> str:
    return f"({', '.join(value.sizes(value.known.symbols(seen.sizes)))})"
