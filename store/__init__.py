"""Persistent state: the database, blobs, settings, and the message broker client."""
