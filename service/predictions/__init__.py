"""Predictions: a request's rows to the answer's bytes."""
