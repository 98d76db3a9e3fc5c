"""Prepared data of trainings: loaded from rows or from caches in memory and on disk."""
