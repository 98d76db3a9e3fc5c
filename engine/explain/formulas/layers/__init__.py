"""Formulas of layers: their outputs and their gradients."""
