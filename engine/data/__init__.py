"""Tables, rows, splits, batches and shuffling."""
