"""The layers of torch.nn that work along a sequence by nature."""

from __future__ import annotations

RECURRENCES = frozenset(("LSTM", "GRU", "RNN"))
CELLS = frozenset(("LSTMCell", "GRUCell", "RNNCell"))
ATTENTIONS = frozenset(
    ("MultiheadAttention", "TransformerEncoderLayer", "TransformerDecoderLayer", "TransformerEncoder")
    + ("TransformerDecoder", "Transformer")
)
SEQUENCE = RECURRENCES | ATTENTIONS
