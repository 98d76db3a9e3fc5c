"""Batches of raw columns: sources, samples, spilling to disk."""
