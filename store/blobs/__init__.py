"""Bytes: dataset files in a folder or bucket, weights in the database, caches on disk."""
