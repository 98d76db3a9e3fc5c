"""Conversion of records to JSON and CSV, and of JSON rows to columns."""
