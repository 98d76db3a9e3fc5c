"""Replay use cases: create, query, command."""
