"""Replay of a job's training: any of its steps, reached exactly from the nearest kept state."""
