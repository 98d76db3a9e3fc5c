"""The `backpropd` command."""
