"""Stored values: their version, and their readers, which upgrade values of earlier versions."""
