"""Tables, rows, splits, batches and the order in which epochs visit them."""
