"""Formulas of the units, parameters, losses and updates that an explanation shows."""
