"""Which steps and samples of the output follow which of the input: of each layer, and of the whole model."""
