"""``TimeDistributed``: where the other parts look for it."""

from tdinspect.time_distributed import TimeDistributed
from tdinspect.time_distributed.folding import check_folded, folded_axes, leading_sizes, unfolded_axes

__all__ = ["TimeDistributed", "check_folded", "folded_axes", "leading_sizes", "unfolded_axes"]
