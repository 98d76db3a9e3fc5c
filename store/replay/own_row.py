"""A client's own row as a batch: its target is read as the dataset's column would be."""
