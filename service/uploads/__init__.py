"""Uploads: request bodies to disk, resumable uploads (tus)."""
