"""Comparative benchmarks; not part of the tests."""
