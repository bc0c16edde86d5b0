"""Forward passes: over shapes through the real kernels, and over values."""
