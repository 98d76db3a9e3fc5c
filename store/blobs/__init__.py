"""Blobs in a folder or bucket, artifacts in the database, and disk caches."""
