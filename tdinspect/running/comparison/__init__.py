"""A layer bare beside the plain fold of TimeDistributed, by values."""
