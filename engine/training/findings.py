"""Findings of the epochs of a training."""

from engine.findings import Finding


def last_row_joined(rows: int, batch_size: int) -> Finding:
    """Return the finding that the last batch of each epoch has a row more than the others."""
    detail = (
        f"{rows} training rows in batches of {batch_size} leave a last batch of one row, which "
        "batch normalization cannot normalize: the row is part of the batch before it"
    )
    return Finding("info", "/batch_size", "last_row_joined", detail)


def gradient_not_finite(epoch: int) -> Finding:
    """Return the finding that the gradient norm of this epoch, before clipping, was not finite."""
    detail = (
        "the gradient before clipping exceeds the largest number of its dtype, so its norm is "
        "null; lower the learning rate, scale the target, or use float64"
    )
    pointer = "/optimizer/learning_rate"
    return Finding("warning", pointer, "gradient_not_finite", detail, epoch=epoch)
