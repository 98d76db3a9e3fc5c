"""Columns of a table to the inputs of a network, fitted on the training rows."""
