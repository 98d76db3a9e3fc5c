"""Layers: one kind a file, forward and backward beside each other."""
