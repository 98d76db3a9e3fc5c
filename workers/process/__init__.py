"""Worker processes: launch, pool, shutdown, parent watch, BLAS threads."""
