"""A step as it was beside the same step with something changed."""
