"""The tensor functions that a spec may call: a reviewed, closed list; nothing here reads, writes or runs anything.

Each is a plain function whose annotations say what is a tensor (filled by ``from``) and what is a constant (checked
like a layer's arguments); its tensors stand first. Names and meanings are torch's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tdinspect.building.functions import activations as act
from tdinspect.building.functions import arithmetic, axes, choosing, joining, products, reducing, windows

FUNCTIONS: Mapping[str, Callable[..., object]] = {
    function.__name__: function
    for function in (
        joining.cat, joining.stack, joining.chunk, joining.split, joining.unbind, joining.select, joining.narrow,
        joining.unfold, joining.diagonal, joining.gather, joining.take_along_dim, joining.index_select,
        joining.scatter_add,
        axes.permute, axes.transpose, axes.swapaxes, axes.movedim, axes.moveaxis, axes.reshape, axes.flatten,
        axes.unflatten, axes.squeeze, axes.unsqueeze, axes.expand, axes.broadcast_to, axes.tile,
        axes.repeat_interleave, axes.roll, axes.flip, axes.pad, axes.pixel_shuffle, axes.pixel_unshuffle, axes.tril,
        axes.triu, axes.diag_embed,
        arithmetic.add, arithmetic.sub, arithmetic.rsub, arithmetic.mul, arithmetic.div, arithmetic.remainder,
        arithmetic.pow, arithmetic.maximum, arithmetic.minimum, arithmetic.lerp, arithmetic.clamp, arithmetic.abs,
        arithmetic.neg, arithmetic.sign, arithmetic.floor, arithmetic.ceil, arithmetic.round, arithmetic.square,
        arithmetic.sqrt, arithmetic.rsqrt, arithmetic.reciprocal, arithmetic.exp, arithmetic.expm1, arithmetic.log,
        arithmetic.log1p, arithmetic.log2, arithmetic.erf, arithmetic.sin, arithmetic.cos, arithmetic.tan,
        arithmetic.atan, arithmetic.atan2,
        choosing.eq, choosing.ne, choosing.lt, choosing.le, choosing.gt, choosing.ge, choosing.logical_and,
        choosing.logical_or, choosing.logical_not, choosing.where, choosing.masked_fill, choosing.one_hot,
        choosing.to, choosing.detach, choosing.zeros_like, choosing.ones_like, choosing.full_like,
        products.matmul, products.mm, products.bmm, products.mv, products.dot, products.inner, products.outer,
        products.addmm, products.baddbmm, products.einsum, products.scaled_dot_product_attention,
        products.cosine_similarity, products.pairwise_distance, products.cdist,
        products.embedding,
        reducing.mean, reducing.sum, reducing.prod, reducing.std, reducing.var, reducing.norm, reducing.logsumexp,
        reducing.amax, reducing.amin, reducing.max, reducing.min, reducing.median, reducing.argmax, reducing.argmin,
        reducing.any, reducing.all, reducing.topk, reducing.sort, reducing.argsort, reducing.cumsum,
        reducing.cumprod, reducing.logcumsumexp, reducing.diff,
        act.relu, act.relu6, act.leaky_relu, act.elu, act.selu, act.celu, act.gelu, act.silu, act.mish, act.softplus,
        act.softsign, act.sigmoid, act.logsigmoid, act.tanh, act.hardtanh, act.hardsigmoid, act.hardswish, act.glu,
        act.softmax, act.softmin, act.log_softmax, act.normalize, act.layer_norm, act.rms_norm, act.group_norm,
        windows.avg_pool1d, windows.avg_pool2d, windows.avg_pool3d, windows.max_pool1d, windows.max_pool2d,
        windows.max_pool3d, windows.adaptive_avg_pool1d, windows.adaptive_avg_pool2d, windows.adaptive_avg_pool3d,
        windows.adaptive_max_pool1d, windows.adaptive_max_pool2d, windows.adaptive_max_pool3d, windows.interpolate,
        windows.grid_sample,
    )
}  # fmt: skip

# These only rearrange: on a meta tensor of the full size they cost nothing and say what becomes of the batch.
VIEWS = frozenset(
    ("chunk", "split", "unbind", "select", "narrow", "unfold", "diagonal", "permute", "transpose", "swapaxes")
    + ("movedim", "moveaxis", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze", "expand", "broadcast_to")
    + ("tile", "repeat_interleave")
)
# Of these, those that may make one axis of several, or several of one.
MERGES = frozenset(("reshape", "flatten", "unflatten"))
# These take several tensors as one list; `from: [a, b]` is that list.
TAKES_LIST = frozenset(("cat", "stack", "einsum"))
# These let mistakes pass, give other shapes, or raise, where the batch is empty.
BLIND_WHEN_EMPTY = frozenset(
    ("scaled_dot_product_attention", "gather", "scatter_add", "one_hot", "diff", "diag_embed", "roll", "glu")
    + ("group_norm", "pixel_shuffle", "pixel_unshuffle")
)
