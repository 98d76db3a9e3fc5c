"""Bytes stored per owner: counters, and counts of the rows themselves."""
