"""From a ModelSpec to torch.nn modules."""
