"""Predictions over HTTP, compared with minimal services that compute the same."""
