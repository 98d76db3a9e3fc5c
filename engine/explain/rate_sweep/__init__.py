"""The loss along the direction of one step, for a range of learning rates."""
