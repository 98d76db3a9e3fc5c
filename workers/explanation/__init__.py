"""The kind of work `explanation`: repeat a training up to a step and keep its state."""
