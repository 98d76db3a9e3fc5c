"""Supervision of the processes that `backpropd up` starts."""
