"""Backpropagation in NumPy: arrays and specs in, arrays and numbers out."""
