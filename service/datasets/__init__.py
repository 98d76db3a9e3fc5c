"""Dataset use cases: ingest, list, read, delete."""
