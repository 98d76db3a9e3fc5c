"""Gradient check: the backward pass of one step against central differences in float64."""
