"""A table to the arrays that a training run reads."""
