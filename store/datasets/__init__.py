"""Datasets and their column files."""
