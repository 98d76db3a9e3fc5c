"""One training step number by number: values, gradients, updates, formulas, causes of zeros."""
