"""Jobs of the kind `training`: their losses, metrics, checkpoints and models."""
