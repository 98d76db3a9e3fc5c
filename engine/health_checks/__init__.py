"""Checks of a training before its first step: initial loss, overfitting a batch, learning rate."""
