"""Optimizers: a few in-place operations on the flat vectors, one family a file."""
