"""The format of a file: magic bytes and compression."""
