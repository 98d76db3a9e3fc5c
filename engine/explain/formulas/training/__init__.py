"""Formulas of penalties, gradient clipping and the max-norm constraint."""
