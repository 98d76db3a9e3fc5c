"""Preparation of a table into the arrays of a training."""
