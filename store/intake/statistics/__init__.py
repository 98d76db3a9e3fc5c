"""Column statistics: moments and value counts."""
