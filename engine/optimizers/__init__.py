"""Optimizers: in-place operations on flat vectors, one family per module."""
