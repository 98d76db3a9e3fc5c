"""Replays: what only jobs that repeat a whole training have."""
