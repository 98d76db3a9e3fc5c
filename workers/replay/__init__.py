"""The kind of work `replay`: repeat a whole training and compare the results."""
