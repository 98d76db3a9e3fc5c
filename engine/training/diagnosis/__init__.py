"""Diagnosis of a training from its epochs: named conditions, with the remedy."""
