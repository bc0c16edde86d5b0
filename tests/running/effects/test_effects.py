"""Effects of single calls: folds, masks, functions, users' modules, and what train mode does more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tdinspect.building.construct import quiet
from tdinspect.building.wiring import Flow
from tdinspect.domain.effect import Effect, Rows, composed, each
from tdinspect.domain.spec import Arguments, Expression, Layer
from tdinspect.domain.trace import TensorInfo
from tdinspect.running.dependence.effects import effect_of, known_effect, module_effect, train_crosses
from tdinspect.running.dependence.probe import probed_effect
from tdinspect.running.dependence.smaller import smaller_calls
from tdinspect.running.folding import Fold
from tdinspect.running.sides import Leaf
from tests.running.effects.leaves import SIZES, info_of, leaf_of, world_of

T = SIZES["T"]
WORLD = world_of()
FULL: Rows = ((1 << T) - 1,) * T
CAUSAL: Rows = tuple((2 << t) - 1 for t in range(T))
KEYS: Rows = (0, *CAUSAL[1:])  # one key alone has all the weight, whatever it is
Given = Sequence[Any]


def effect(name: str, arguments: Mapping[str, Any], *args: Any, **more: Any) -> Effect:
    found = effect_of(leaf_of(name, arguments, args, more), WORLD, SIZES)
    assert found is not None
    return found


def folded_leaf(name: str, arguments: Mapping[str, Any], shape: Sequence[int | str], time: int = 1) -> Leaf:
    """A layer under a TimeDistributed over inputs of ``shape``, whose batch is the axis that is not time's."""
    outside = info_of(shape)
    fold = Fold.of(outside, time, outside.axis_of("B"))
    return leaf_of(name, arguments, [fold.inside(outside)], fold=fold)


def both(leaf: Leaf) -> Effect:
    """Known and probed, where they are one."""
    known, probed = known_effect(leaf, WORLD, SIZES), probed_effect(leaf, WORLD, SIZES, {})
    assert known is not None
    assert probed is not None
    assert (probed.links, probed.mixes_batch, probed.alike) == (known.links, known.mixes_batch, known.alike)
    return known


# Under TimeDistributed


def test_a_folded_convolution_keeps_steps_and_samples_apart() -> None:
    found = both(folded_leaf("Conv2d", {"in_channels": 3, "out_channels": 2, "kernel_size": 2}, ["B", "T", 3, 4, 4]))
    assert (each(T), (False,)) == (found.links[0, 0], found.mixes_batch)


def test_a_fold_of_time_before_the_batch_finds_both() -> None:
    found = both(folded_leaf("Linear", {"in_features": 3, "out_features": 2}, ["T", "B", 3], time=0))
    assert (each(T), (False,)) == (found.links[0, 0], found.mixes_batch)


def test_a_fold_without_a_batch_is_time_alone() -> None:
    outside = info_of(["T", 3])
    fold = Fold.of(outside, 0, None)
    found = both(leaf_of("Linear", {"in_features": 3, "out_features": 2}, [fold.inside(outside)], fold=fold))
    assert (each(T), None) == (found.links[0, 0], found.mixes_batch)


def test_a_folded_recurrence_reads_everything_as_one_sequence() -> None:
    found = both(folded_leaf("LSTM", {"input_size": 3, "hidden_size": 2, "batch_first": True}, ["B", "T", 3]))
    assert (FULL, True) == (found.links[0, 0], (found.mixes_batch or ())[0])


def test_a_folded_softmax_over_the_fold_mixes_everything() -> None:
    found = both(folded_leaf("Softmax", {"dim": 0}, ["B", "T", 3]))
    assert (FULL, (True,)) == (found.links[0, 0], found.mixes_batch)


def test_a_folded_norm_reads_one_unbatched_sample_and_harms_nothing() -> None:
    found = both(folded_leaf("InstanceNorm1d", {"num_features": 12}, ["B", "T", 3]))
    assert (each(T), (False,)) == (found.links[0, 0], found.mixes_batch)


def test_a_convolution_that_takes_the_fold_for_its_channels_mixes_everything() -> None:
    leaf = folded_leaf("Conv2d", {"in_channels": 12, "out_channels": 12, "kernel_size": 3}, ["B", "T", 8, 8])
    found = both(leaf)
    assert ("channels", (True,)) == (found.why, found.mixes_batch)
    assert found.links[0, 0] == (FULL[0],)


def test_a_wrapper_in_a_wrapper_has_the_inner_time() -> None:
    outside = info_of(["B", "T", "S", 3])
    outer = Fold.of(outside, 1, 0)
    within = outer.inside(outside)
    inner = Fold.of(within, 1, 0)
    nested = Fold(inner.time_axis, inner.batch_axis, inner.ndim, inner.lead, outer=outer)
    leaf = leaf_of("Linear", {"in_features": 3, "out_features": 2}, [nested.inside(within)], fold=nested)
    found = both(leaf)
    assert (each(SIZES["S"]), (False,)) == (found.links[0, 0], found.mixes_batch)


# Folds by hand


def through(leaves: Sequence[Leaf]) -> tuple[Rows, Rows]:
    """Rows of steps, and of samples, of several calls one after the other."""
    time: Rows = each(T)
    batch: Rows = each(SIZES["B"])
    for leaf in leaves:
        found = effect_of(leaf, WORLD, SIZES)
        assert found is not None
        time, batch = composed(found.links[0, 0], time), composed(found.samples[0, 0], batch)
    return time, batch


def chain(start: Sequence[int | str], *steps: tuple[str, Mapping[str, Any]]) -> list[Leaf]:
    leaves: list[Leaf] = []
    info = info_of(start)
    for name, arguments in steps:
        leaves.append(leaf_of(name, arguments, [info]))
        [info] = leaves[-1].outputs
    return leaves


LINEAR = ("Linear", {"in_features": 3, "out_features": 4})


FOLD = ("flatten", {"start_dim": 0, "end_dim": 1})


def unfolded(leaf: Leaf, *lead: str) -> Leaf:
    """A reshape back to these two axes."""
    back = leaf_of("reshape", {"shape": (*(SIZES[name] for name in lead), 4)}, [leaf.outputs[0]])
    return replace(back, value=info_of([*lead, 4]))


@pytest.mark.parametrize("lead", [("B", "T"), ("T", "B")])
def test_a_fold_by_hand_and_back_keeps_all_apart(lead: tuple[str, str]) -> None:
    leaves = chain([*lead, 3], FOLD, LINEAR)
    assert (each(T), each(2)) == through([*leaves, unfolded(leaves[-1], *lead)])


def test_a_fold_that_comes_back_as_time_before_batch_scrambles_both() -> None:
    leaves = chain(["B", "T", 3], FOLD, LINEAR)
    time, batch = through([*leaves, unfolded(leaves[-1], "T", "B")])
    assert each(T) != time
    assert each(2) != batch


def test_a_reshape_without_a_permute_mixes_steps() -> None:
    leaf = leaf_of("reshape", {"shape": (2, T, 3)}, [info_of(["B", 3, "T"])])
    found = effect_of(replace(leaf, value=info_of(["B", "T", 3])), WORLD, SIZES)
    assert found is not None
    assert each(T) != found.links[0, 0]
    assert (False,) == found.mixes_batch


# Attention


def attention(*args: Any, constants: Mapping[int, Tensor] | None = None, **call: Any) -> Effect:
    x = info_of(["B", "T", 4])
    leaf = leaf_of("MultiheadAttention", {"embed_dim": 4, "num_heads": 2, "batch_first": True}, [x, x, x, *args], call)
    found = effect_of(leaf, WORLD, SIZES, constants)
    assert found is not None
    return found


def mask() -> Tensor:
    return torch.full((T, T), float("-inf")).triu(1)


def test_attention_without_a_mask_sees_everything() -> None:
    found = attention(need_weights=False)
    assert found.known
    assert (each(T), FULL, FULL) == tuple(found.links[0, i] for i in range(3))


def test_a_mask_whose_values_are_known_is_obeyed() -> None:
    given = info_of(["T", "T"])
    found = attention(attn_mask=given, need_weights=False, constants={3: mask()})
    assert (KEYS, CAUSAL, False) == (found.links[0, 1], found.links[0, 2], found.known)
    assert (0, 3) not in found.links


def test_a_boolean_mask_is_obeyed() -> None:
    found = attention(attn_mask=info_of(["T", "T"], "bool"), constants={3: mask().isinf()})
    assert CAUSAL == found.links[0, 2]


def test_a_mask_that_comes_at_run_time_may_let_everything_through() -> None:
    assert FULL == attention(attn_mask=info_of(["T", "T"])).links[0, 1]
    assert FULL == attention(key_padding_mask=info_of(["B", "T"], "bool")).links[0, 1]


def test_the_causal_flag_is_obeyed() -> None:
    given = info_of(["T", "T"])
    found = attention(attn_mask=given, need_weights=False, is_causal=True, constants={3: mask()})
    assert CAUSAL == found.links[0, 2]


def test_the_function_is_causal_by_its_flag() -> None:
    x = info_of(["B", "T", 4])
    name = "scaled_dot_product_attention"
    assert CAUSAL == effect(name, {"is_causal": True}, x, x, x).links[0, 2]
    assert FULL == effect(name, {}, x, x, x).links[0, 1]


def test_a_transformer_layer_with_a_causal_mask_is_causal() -> None:
    settings = {"d_model": 4, "nhead": 2, "dim_feedforward": 5, "batch_first": True}
    leaf = leaf_of("TransformerEncoderLayer", settings, [info_of(["B", "T", 4]), info_of(["T", "T"])])
    found = effect_of(leaf, WORLD, SIZES, {1: mask()})
    assert found is not None
    assert CAUSAL == found.links[0, 0]


# Functions

X: Given = ["B", "T", 3]
FUNCTION_ROWS: list[tuple[str, dict[str, Any], Given, Rows]] = [
    ("relu", {}, X, each(T)),
    ("log", {}, X, each(T)),
    ("sqrt", {}, X, each(T)),
    ("cumsum", {"dim": 1}, X, CAUSAL),
    ("cumsum", {"dim": 2}, X, each(T)),
    ("flip", {"dims": (1,)}, X, tuple(reversed(each(T)))),
    ("roll", {"shifts": 1, "dims": 1}, X, tuple(1 << (t - 1) % T for t in range(T))),
    ("mean", {"dim": 1}, X, (FULL[0],)),
    ("mean", {"dim": 2}, X, each(T)),
    ("mean", {"dim": 1, "keepdim": True}, X, (FULL[0],)),
    ("softmax", {"dim": 1}, X, FULL),
    ("softmax", {"dim": -1}, X, each(T)),
    ("argmax", {"dim": -1}, X, each(T)),
    ("argmax", {"dim": 1}, X, (FULL[0],)),
    ("select", {"dim": 1, "index": -1}, X, (1 << (T - 1),)),
    ("permute", {"dims": (0, 2, 1)}, X, each(T)),
    ("zeros_like", {}, X, (0,) * T),
    ("pad", {"pad": (0, 0, 2, 0)}, X, (0, 0, *each(T))),
    ("flatten", {"start_dim": 1}, X, (FULL[0],)),
    ("narrow", {"dim": 1, "start": 2, "length": 3}, X, (0b011100,)),
]


@pytest.mark.parametrize(("name", "constants", "shape", "rows"), FUNCTION_ROWS, ids=[f[0] for f in FUNCTION_ROWS])
def test_a_function_has_its_rows(name: str, constants: dict[str, Any], shape: Given, rows: Rows) -> None:
    assert rows == effect(name, constants, info_of(shape)).links[0, 0]


# Constants and inputs of functions whose effect is known without a run, somewhere or everywhere.
KNOWN: list[tuple[str, dict[str, Any], list[Given]]] = [
    *((name, {}, [X]) for name in ("relu", "exp", "log", "sqrt", "abs", "neg", "tanh", "gelu", "square", "detach")),
    *((name, {}, [X, X]) for name in ("add", "sub", "mul", "div", "maximum", "lt", "atan2", "pow")),
    ("add", {}, [X, [3]]),
    ("mul", {}, [X, ["T", 1]]),
    ("add", {}, [["B", 1, 3], ["T", 3]]),
    ("clamp", {"min": -1.0}, [X]),
    ("masked_fill", {"value": 0.0}, [X, X]),
    *(("sum", constants, [X]) for constants in ({}, {"dim": 1}, {"dim": -1}, {"dim": (1, 2)}, {"dim": 0})),
    *((name, {"dim": dim}, [X]) for name in ("mean", "amax", "std", "argmax", "max", "norm") for dim in (0, 1, 2)),
    *((name, {"dim": dim}, [X]) for name in ("softmax", "log_softmax", "normalize", "cumsum") for dim in (0, 1, 2)),
    *((name, {"dim": dim}, [X]) for name in ("sort", "argsort", "logcumsumexp") for dim in (1, -1)),
    ("permute", {"dims": (2, 1, 0)}, [X]),
    ("transpose", {"dim0": 1, "dim1": 2}, [X]),
    ("movedim", {"source": 1, "destination": 0}, [X]),
    ("unsqueeze", {"dim": 1}, [X]),
    ("squeeze", {"dim": 1}, [["B", 1, "T"]]),
    ("expand", {"shape": (-1, -1, 4)}, [["B", "T", 1]]),
    ("narrow", {"dim": 2, "start": 1, "length": 2}, [X]),
    ("narrow", {"dim": 1, "start": 2, "length": 3}, [X]),
    ("narrow", {"dim": 1, "start": -3, "length": 2}, [X]),
    *(("select", {"dim": dim, "index": index}, [X]) for dim in (0, 1, -1) for index in (0, 1, -1)),
    ("narrow", {"dim": 1, "start": 0, "length": Expression("T - 2", frozenset("T"))}, [X]),
    ("pad", {"pad": (0, 0, 2, 0)}, [X]),
    ("pad", {"pad": (0, 0, 2, -2)}, [X]),
    ("pad", {"pad": (1, 2), "mode": "reflect"}, [["B", 3, "T"]]),
    ("pad", {"pad": (1, 2), "mode": "circular"}, [["B", 3, "T"]]),
    ("chunk", {"chunks": 3, "dim": 2}, [X]),
    ("split", {"split_size": 2, "dim": -1}, [X]),
    ("unbind", {"dim": 2}, [X]),
    ("flip", {"dims": (2,)}, [X]),
    ("roll", {"shifts": 1, "dims": 2}, [X]),
    ("topk", {"k": 2, "dim": -1}, [X]),
    ("glu", {"dim": -1}, [["B", "T", 4]]),
    ("bmm", {}, [["B", "T", 4], ["B", 4, 5]]),
    ("bmm", {}, [["B", 3, "T"], ["B", "T", 5]]),
    ("bmm", {}, [["T", 3, 4], ["T", 4, 5]]),
    ("matmul", {}, [["B", 2, "T", 4], ["B", 2, 4, 3]]),
    ("matmul", {}, [["T", 4], [4, 5]]),
    ("interpolate", {"scale_factor": 2}, [["B", "T", 4, 4]]),
    ("avg_pool2d", {"kernel_size": 2}, [["B", "T", 4, 4]]),
    ("max_pool1d", {"kernel_size": 2}, [["B", "T", 4]]),
    ("flatten", {"start_dim": 2}, [["B", "T", 2, 3]]),
    ("unflatten", {"dim": 2, "sizes": (2, 2)}, [["B", "T", 4]]),
]


@pytest.mark.parametrize(("name", "constants", "shapes"), KNOWN, ids=[f"{k[0]} {k[1]} {k[2]}" for k in KNOWN])
def test_what_is_known_of_a_function_is_what_runs_show(
    name: str, constants: dict[str, Any], shapes: list[Given]
) -> None:
    kinds = ["bool" if (name, i) == ("masked_fill", 1) else "float32" for i in range(len(shapes))]
    leaf = leaf_of(name, constants, [info_of(shape, kind) for shape, kind in zip(shapes, kinds, strict=True)])
    known, shown = known_effect(leaf, WORLD, SIZES), probed_effect(leaf, WORLD, SIZES, {})
    assert shown is not None
    assert known is not None
    assert (shown.links, shown.samples) == (known.links, known.samples)
    assert (shown.mixes_batch, shown.alike) == (known.mixes_batch, known.alike)


@pytest.mark.parametrize("name", ["cat", "stack"])
def test_joining_along_another_axis_keeps_steps_apart(name: str) -> None:
    leaf = leaf_of(name, {"dim": 2}, [[info_of(X), info_of(X)]])
    found = both(leaf)
    assert (each(T), each(T)) == (found.links[0, 0], found.links[0, 1])


def test_joining_along_time_puts_one_after_the_other() -> None:
    leaf = leaf_of("cat", {"dim": 1}, [[info_of(X), info_of(["B", "S", 3])]])
    found = effect_of(leaf, WORLD, SIZES)
    assert found is not None
    assert (*each(T), *(0,) * SIZES["S"]) == found.links[0, 0]


def test_why_a_function_works_across_time_is_said() -> None:
    assert "reduced" == effect("mean", {"dim": 1}, info_of(X)).why
    assert "normalised" == effect("softmax", {"dim": 1}, info_of(X)).why
    assert effect("softmax", {"dim": 2}, info_of(X)).why is None


def test_a_sum_with_what_has_no_time_follows_both() -> None:
    found = effect("add", {}, info_of(X), info_of([3]))
    assert (each(T), (1,) * T) == (found.links[0, 0], found.links[0, 1])


def test_a_mean_over_samples_mixes_them() -> None:
    assert (True,) == effect("mean", {"dim": 0}, info_of(X)).mixes_batch
    assert (True,) == effect("roll", {"shifts": 1, "dims": 0}, info_of(X)).mixes_batch
    assert (False,) == effect("roll", {"shifts": 1, "dims": 2}, info_of(X)).mixes_batch


def test_a_function_that_reads_a_size_runs_at_the_small_ones() -> None:
    leaf = leaf_of("narrow", {"dim": 1, "start": 1, "length": T - 1}, [info_of(X)])
    assert effect_of(leaf, WORLD, SIZES) is not None
    assert SIZES == WORLD.run.sizes


def test_gathering_along_time_may_follow_every_step() -> None:
    found = effect("gather", {"dim": 1}, info_of(X), info_of(X, "int64"))
    assert (FULL, each(T)) == (found.links[0, 0], found.links[0, 1])


# Users' modules


class Mine(nn.Module):
    """Built by `make`, in place of a module of the user's own."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.linear = nn.Linear(3, 3)
        self.register_buffer("seen", torch.ones(64, 64).tril_())
        self.scale = nn.Parameter(torch.ones(T, 1))

    def forward(self, x: Tensor) -> Tensor:
        """One of several."""
        t = x.shape[1]
        seen = self.seen
        assert isinstance(seen, Tensor)
        if self.kind == "masked":
            return torch.matmul(seen[:t, :t].to(x.dtype), x)
        if self.kind == "float32":
            return (self.linear.weight.float() @ x.float().unsqueeze(-1)).squeeze(-1)
        if self.kind == "scaled":
            return x * self.scale
        if self.kind == "late":
            return torch.where(x.abs().amax(1, keepdim=True) > 50, x.flip(1), x)
        if self.kind == "noisy":
            mean = x.mean(1, keepdim=True)
            return (x + mean) - mean
        if self.kind == "ends":
            raise SystemExit
        if self.kind == "raises":
            raise RuntimeError("not for you")
        linear: Tensor = self.linear(x)
        return linear


def users(kind: str, shape: Given = X) -> Leaf:
    layer = Layer("mine.Mine", Arguments(named={"kind": kind}), make=Mine)
    info = info_of(shape)
    return Leaf("mine.Mine", layer, {}, {}, Mine(kind), Flow((info,)), None, value=info)


def rows_of(kind: str) -> tuple[Rows, bool]:
    found = effect_of(users(kind), WORLD, SIZES)
    assert found is not None
    assert not found.known
    return found.links[0, 0], found.alike


def test_a_module_of_the_users_is_judged_by_runs() -> None:
    assert (each(T), True) == rows_of("linear")


def test_a_mask_in_a_buffer_stays_as_its_constructor_wrote_it() -> None:
    assert (CAUSAL, True) == rows_of("masked")


def test_a_module_that_goes_on_in_float32_is_judged_all_the_same() -> None:
    assert (each(T), True) == rows_of("float32")


def test_weights_of_each_step_are_seen() -> None:
    assert (each(T), False) == rows_of("scaled")


def test_what_only_a_large_change_does_is_seen() -> None:
    assert FULL == rows_of("late")[0]


def test_rounding_is_not_taken_for_dependence() -> None:
    assert each(T) == rows_of("noisy")[0]


@pytest.mark.parametrize("kind", ["raises", "ends"])
def test_nothing_is_said_of_a_module_that_does_not_run(kind: str) -> None:
    assert effect_of(users(kind), WORLD, SIZES) is None


# Small differences


def test_a_difference_of_a_thousandth_is_seen() -> None:
    leaf = leaf_of("LocalResponseNorm", {"size": T}, [info_of(["B", "T", 4])])
    found = probed_effect(leaf, WORLD, SIZES, {})
    assert found is not None
    assert each(T) != found.links[0, 0]


# Train mode


@pytest.mark.parametrize(
    ("name", "arguments", "shape", "crosses"),
    [
        ("BatchNorm1d", {"num_features": 3}, ["B", 3, "T"], "batch statistics"),
        ("BatchNorm1d", {"num_features": 3, "track_running_stats": False}, ["B", 3, "T"], None),
        ("InstanceNorm1d", {"num_features": 3}, ["B", 3, "T"], None),
        ("InstanceNorm1d", {"num_features": 3, "track_running_stats": True}, ["B", 3, "T"], "own statistics"),
        ("LayerNorm", {"normalized_shape": 3}, X, None),
        ("Dropout", {}, X, None),
        ("Dropout1d", {}, X, "whole frames"),
        ("Dropout1d", {}, ["B", 3, "T"], None),
        ("Dropout1d", {}, ["T", 3], "whole frames"),
        ("Dropout2d", {}, ["B", "T", 3, 4, 4], "whole frames"),
        ("Dropout2d", {}, ["B", 3, "T", 4], None),
        ("Dropout3d", {}, ["B", "T", 3, 4, 4], "whole frames"),
        ("FeatureAlphaDropout", {}, X, "whole frames"),
        ("AlphaDropout", {}, X, None),
    ],
)
def test_what_train_mode_does_more(name: str, arguments: dict[str, Any], shape: Given, crosses: str | None) -> None:
    assert crosses == train_crosses(leaf_of(name, arguments, [info_of(shape)]), WORLD)


def test_a_folded_dropout_of_channels_drops_no_frames() -> None:
    assert train_crosses(folded_leaf("Dropout2d", {}, ["B", "T", 3, 4, 4]), WORLD) is None
    assert "whole frames" == train_crosses(folded_leaf("Dropout1d", {}, ["B", "T", 3]), WORLD)


def test_dropping_whole_frames_is_what_torch_does() -> None:
    torch.manual_seed(0)
    with quiet():
        dropped = nn.Dropout2d(0.5)(torch.ones(4, 6, 3, 4, 4))
    frames = dropped.flatten(2)
    assert bool(((frames == 0).all(2) | (frames != 0).all(2)).all())


def test_no_inputs_no_links() -> None:
    leaf = Leaf("parameter", None, {}, {}, nn.Identity(), Flow(), None, value=TensorInfo(()))
    assert Effect({}) == effect_of(leaf, WORLD, SIZES)


# Whole modules


class ByHand(nn.Module):
    """Causal attention written out: no part of it alone shows that it is causal."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(4, 12)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, 4) in and out."""
        q, k, v = self.qkv(x).chunk(3, -1)
        hidden = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
        scores: Tensor = (q @ k.transpose(1, 2)).masked_fill(hidden, float("-inf"))
        result: Tensor = scores.softmax(-1) @ v
        return result


def test_a_whole_module_is_judged_by_runs() -> None:
    x = info_of(["B", "T", 4])
    module = ByHand()
    before = [value.clone() for value in module.parameters()]
    found = module_effect(module, Flow((x,)), x, WORLD, SIZES)
    assert found is not None
    assert (CAUSAL, (False,)) == (found.links[0, 0], found.mixes_batch)
    assert module.training
    assert all(torch.equal(was, now) for was, now in zip(before, module.parameters(), strict=True))
    assert {torch.float32} == {value.dtype for value in module.parameters()}


def test_nothing_is_said_of_a_whole_module_that_does_not_run() -> None:
    x = info_of(["B", "T", 5])
    assert module_effect(ByHand(), Flow((x,)), x, WORLD, SIZES) is None


# Smaller calls


def test_a_wide_attention_is_looked_at_with_few_features() -> None:
    settings = {"d_model": 64, "nhead": 2, "dim_feedforward": 128, "batch_first": True}
    leaf = leaf_of("TransformerEncoderLayer", settings, [info_of(["B", "T", 64]), info_of(["T", "T"])])
    small, _ = next(smaller_calls(leaf, WORLD, SIZES))
    assert (2, T, 4) == small.outputs[0].shape(SIZES)
    found = effect_of(leaf, WORLD, SIZES, {1: mask()})
    assert found is not None
    assert CAUSAL == found.links[0, 0]


def test_a_wide_stack_with_layers_for_arguments_too() -> None:
    inner = Layer("TransformerEncoderLayer", Arguments(named={"d_model": 64, "nhead": 2, "batch_first": True}))
    norm = Layer("LayerNorm", Arguments(named={"normalized_shape": 64}))
    settings = {"encoder_layer": inner, "num_layers": 2, "norm": norm}
    leaf = leaf_of("TransformerEncoder", settings, [info_of(["B", "T", 64]), info_of(["T", "T"])])
    assert len(list(smaller_calls(leaf, WORLD, SIZES))) == 2
    found = effect_of(leaf, WORLD, SIZES, {1: mask()})
    assert found is not None
    assert CAUSAL == found.links[0, 0]
    assert both(leaf_of("TransformerEncoder", settings, [info_of(["B", "T", 64])])).links[0, 0] == FULL


def test_large_frames_of_a_function_are_looked_at_on_small_ones() -> None:
    sizes = SIZES | {"H": 512}
    leaf = leaf_of("interpolate", {"scale_factor": 2}, [info_of(["B", "T", "H", 4])], sizes=sizes)
    small = [at["H"] for _, at in smaller_calls(leaf, world_of(sizes), sizes)]
    assert [16, 512] == small
