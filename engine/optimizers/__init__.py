"""Optimizers: a few in-place operations on the flat vectors, one kind a file."""
