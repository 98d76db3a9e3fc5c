"""The states of a training that are kept, and the steps that they make known."""
