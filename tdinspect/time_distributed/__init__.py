"""``TimeDistributed``, and ``fold`` and ``unfold`` for those who want only these. It needs torch alone."""

from tdinspect.time_distributed.folding import Folding, fold, unfold
from tdinspect.time_distributed.wrapper import TimeDistributed

__all__ = ["Folding", "TimeDistributed", "fold", "unfold"]
