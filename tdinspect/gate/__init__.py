"""The gate: what `check` does around the pipeline. Settings, cache, workers, the lock, and what counts."""
