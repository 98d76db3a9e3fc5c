"""Datasets, their column files, and statistics of columns."""
