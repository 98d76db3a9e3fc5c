"""Layers, one kind per module, with their forward and backward passes."""
