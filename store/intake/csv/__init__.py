"""CSV files: detection of dialect and encoding, reading, and error messages."""
