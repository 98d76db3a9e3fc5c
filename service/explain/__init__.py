"""Explanation use cases: what child processes compute, and how requests ask for it."""
