"""Cells: column kind inference, and parsing of text as numbers, times and booleans."""
