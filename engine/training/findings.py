"""Findings of the epochs of a training."""

from engine.findings import Finding, FindingCode

GRADIENT_NOT_FINITE: FindingCode = "gradient_not_finite"


def gradient_not_finite(epoch: int) -> Finding:
    """Return the finding that the gradient norm of this epoch, before clipping, was not finite."""
    detail = (
        "the gradient before clipping exceeds the largest number of its dtype, so its norm is "
        "null; lower the learning rate, scale the target, or use float64"
    )
    pointer = "/optimizer/learning_rate"
    return Finding("warning", pointer, GRADIENT_NOT_FINITE, detail, epoch=epoch)
