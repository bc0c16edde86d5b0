"""What users of AllenNLP's TimeDistributed rely on: the numbers of its test suite (2.10.1), written anew.

AllenNLP asks for a torch below 1.13. The hand numbers were checked all the same, with the file of its wrapper on its
own, beside torch 2.13.0.
"""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from tdinspect import TimeDistributed
from tests.time_distributed.peers.steps import Add

CHARACTERS = torch.tensor([[[1, 0], [1, 1]]])
EMBEDDED = torch.tensor([[[[0.5, 0.5], [0.4, 0.4]], [[0.5, 0.5], [0.5, 0.5]]]])
X, Y = torch.tensor([[[1, 2], [3, 4]]]), torch.tensor([[[4, 2], [9, 1]]])


class AddThree(nn.Module):
    """The sum of an input, of something passed through, and of another input."""

    def forward(self, x: Tensor, through: Tensor | int = 0, other: Tensor | int = 0) -> Tensor:
        """``x + through + other``."""
        return x + through + other


def characters() -> nn.Embedding:
    """Two rows that are easy to tell apart."""
    return nn.Embedding(2, 2, _weight=torch.tensor([[0.4, 0.4], [0.5, 0.5]]))


def test_an_embedding_of_characters_in_words_keeps_sentence_and_word() -> None:
    assert torch.equal(EMBEDDED, TimeDistributed(characters())(CHARACTERS))


def test_an_input_may_come_by_keyword() -> None:
    assert torch.equal(EMBEDDED, TimeDistributed(characters())(input=CHARACTERS))


def test_two_inputs_are_added_step_by_step() -> None:
    assert torch.equal(torch.tensor([[[5, 4], [12, 5]]]), TimeDistributed(Add())(X, Y))


def test_one_input_by_place_and_one_by_keyword() -> None:
    assert torch.equal(torch.tensor([[[5, 4], [12, 5]]]), TimeDistributed(Add())(X, y=Y))


def test_a_named_tensor_is_passed_through_as_it_is() -> None:
    wrapped = TimeDistributed(AddThree(), passthrough=("through",))
    assert torch.equal(torch.tensor([[[8, 11], [15, 12]]]), wrapped(X, through=torch.tensor([3, 7]), other=Y))


def test_a_number_needs_no_folding() -> None:
    assert torch.equal(torch.tensor([[[10, 9], [17, 10]]]), TimeDistributed(AddThree())(X, through=5, other=Y))


def test_a_number_may_be_named_among_what_is_passed_through() -> None:
    wrapped = TimeDistributed(AddThree(), passthrough=("through",))
    assert torch.equal(torch.tensor([[[10, 9], [17, 10]]]), wrapped(X, through=5, other=Y))


def test_an_input_of_one_axis_has_nothing_to_distribute() -> None:
    with pytest.raises(ValueError):
        TimeDistributed(nn.Embedding(3, 2))(torch.tensor([1, 2]))


def test_vectors_without_a_time_axis_are_refused_by_a_linear_layer() -> None:
    """AllenNLP refuses every input of two axes; ours refuses those that the layer would misread (tokens are right)."""
    with pytest.raises(ValueError):
        TimeDistributed(nn.Linear(5, 5))(torch.rand(4, 5))


def test_tokens_of_two_axes_are_embedded() -> None:
    tokens = torch.tensor([[1, 0, 1]])
    assert torch.equal(torch.tensor([[[0.5, 0.5], [0.4, 0.4], [0.5, 0.5]]]), TimeDistributed(characters())(tokens))


def test_a_call_without_any_tensor_is_refused() -> None:
    with pytest.raises(ValueError):
        TimeDistributed(AddThree())(1, through=2)


def test_nested_wrappers_embed_characters_of_words_of_sentences_of_documents() -> None:
    tokens = torch.randint(0, 2, (2, 3, 4, 5))
    layer = characters()
    assert torch.equal(layer(tokens), TimeDistributed(TimeDistributed(layer))(tokens))


def test_batch_and_time_may_stand_either_way_round() -> None:
    layer = nn.Sequential(*(nn.Linear(a, b) for a, b in pairwise((5, 4, 3))))
    x = torch.rand(7, 2, 5)
    expected = TimeDistributed(layer)(x)
    torch.testing.assert_close(TimeDistributed(layer, time_axis=0, batch_axis=1)(x), expected)
