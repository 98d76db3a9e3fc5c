"""Training: steps, epochs, validation, early stopping, cross-validation."""
