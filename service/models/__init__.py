"""Model use cases: list, download, import."""
