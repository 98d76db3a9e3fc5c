"""Cells: the kind of a column, and texts as numbers, times and truth values."""
