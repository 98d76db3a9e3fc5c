"""Handlers: a few lines each, from HTTP to a use case and back."""
