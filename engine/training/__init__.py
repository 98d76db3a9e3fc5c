"""The training loop: steps, epochs, validation, stopping, cross-validation."""
