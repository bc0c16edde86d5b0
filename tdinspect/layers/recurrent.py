"""RNN, LSTM, GRU and their cells.

torch keeps two bias vectors a layer and direction; Keras one in SimpleRNN and LSTM. Keras's GRU (``reset_after``, its
default) has both, so its count equals torch's.
"""

from __future__ import annotations

from torch import nn
from torch.nn.modules.rnn import RNNCellBase

from tdinspect.layers.axis_use import Each, Mixed, Shape, Uses, Walk, together
from tdinspect.layers.family import Family, torch_count
from tdinspect.layers.work import Work, rows

_GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}


def _formula(module: nn.Module) -> str:
    assert isinstance(module, nn.RNNBase)
    gates, hidden = _GATES[module.mode], module.hidden_size
    directions = 2 if module.bidirectional else 1
    output = module.proj_size or hidden
    projection = f" + {hidden}*{output}" if module.proj_size else ""
    bias = f" + 2*{hidden}" if module.bias else ""
    head = f"{gates} * " if gates > 1 else ""
    pieces: list[tuple[str, int]] = []
    for layer in range(module.num_layers):
        width = module.input_size if layer == 0 else output * directions
        piece = f"{head}({width}*{hidden} + {output}*{hidden}{bias}){projection}"
        if pieces and pieces[-1][0] == piece:
            pieces[-1] = (piece, pieces[-1][1] + 1)
        else:
            pieces.append((piece, 1))
    return " + ".join(_times(piece, times * directions, bool(projection)) for piece, times in pieces)


def _times(piece: str, times: int, is_sum: bool) -> str:
    if times == 1:
        return piece
    return f"{times} * ({piece})" if is_sum else f"{times} * {piece}"


def _steps(module: nn.Module, ndim: int) -> int:
    return 1 if module.batch_first and ndim == 3 else 0


def _cell_formula(module: nn.Module) -> str:
    assert isinstance(module, RNNCellBase)
    hidden = module.hidden_size
    gates = module.weight_ih.shape[0] // hidden
    bias = f" + 2*{hidden}" if module.bias else ""
    head = f"{gates} * " if gates > 1 else ""
    return f"{head}({module.input_size}*{hidden} + {hidden}*{hidden}{bias})"


def _keras(module: nn.Module) -> int:
    count = torch_count(module)
    if isinstance(module, nn.GRU | nn.GRUCell):
        return count
    return count - sum(tensor.numel() for name, tensor in module.named_parameters() if name.startswith("bias_hh"))


def _uses(module: nn.Module, shapes: tuple[Shape, ...]) -> tuple[Uses, ...] | None:
    """``(B, T, F)`` or ``(T, B, F)``; ``(T, F)`` is one sample. States are ``(layers, B, F)``, as they come out."""
    assert isinstance(module, nn.RNNBase)
    ndim, features = len(shapes[0]), Mixed("features")
    walk = Walk("both" if module.bidirectional else "forward")
    state: Uses = (None, *(Each(),) * (ndim - 2), features)
    if ndim not in (2, 3) or any(len(shape) != ndim for shape in shapes):
        return None
    if ndim == 2:
        return ((walk, features), *(state,) * (len(shapes) - 1))
    first: Uses = (Each(), walk, features) if module.batch_first else (walk, Each(), features)
    return (first, *(state,) * (len(shapes) - 1))


def _cell_uses(module: nn.Module, ndim: int) -> Uses | None:
    """One step, ``(B, F)``; ``(F,)`` is one sample. States are as the input."""
    return (*(Each(),) * (ndim - 1), Mixed("features")) if ndim in (1, 2) else None


def _macs(module: nn.Module, work: Work) -> int:
    """At each step of each sample every weight once: input, state and projection of all layers and directions."""
    assert isinstance(module, nn.RNNBase | RNNCellBase)
    weights = sum(value.numel() for name, value in module.named_parameters() if name.startswith("weight"))
    return rows(work.taken(0, "input")) * weights


KINDS = (
    Family(
        classes=("LSTM", "GRU", "RNN"),
        formula=_formula,
        keras_params=_keras,
        steps=_steps,
        axes=_uses,
        macs=_macs,
    ),
    Family(
        classes=("LSTMCell", "GRUCell", "RNNCell"),
        formula=_cell_formula,
        keras_params=_keras,
        axes=together(_cell_uses),
        macs=_macs,
    ),
)
