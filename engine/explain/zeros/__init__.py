"""Causes of the zeros of a training step: why a value, gradient or update is exactly 0."""
