"""Preprocessing of table columns into network inputs, fitted on the training rows."""
