"""Statistics of columns: moments, counts of values."""
