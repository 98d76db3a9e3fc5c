"""Explanations: what only jobs that reach a step of a training have."""
