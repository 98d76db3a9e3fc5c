"""CSV files: dialect, encoding, records."""
