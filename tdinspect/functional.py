"""Folding of the time axis without a module: ``fold`` and ``unfold``."""

from tdinspect.time_distributed.folding import Folding, fold, unfold

__all__ = ["Folding", "fold", "unfold"]
