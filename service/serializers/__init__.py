"""Records to JSON and CSV, and JSON rows to columns."""
