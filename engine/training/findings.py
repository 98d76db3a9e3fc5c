"""Findings of the epochs of a training."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from engine.data.batches import has_joined_row
from engine.findings import Finding
from engine.preparation.fold_findings import name_folds
from engine.preparation.part_rows import FoldRows
from engine.specs import ResolvedSpec


def last_row_joined(rows: int, batch_size: int) -> Finding:
    """Return the finding that the last batch of each epoch has a row more than the others."""
    detail = (
        f"{rows} training rows in batches of {batch_size} leave a last batch of one row, which "
        "batch normalization cannot normalize: the row is part of the batch before it"
    )
    return Finding("info", "/batch_size", "last_row_joined", detail)


def last_row_joined_in_folds(spec: ResolvedSpec, folds: Sequence[FoldRows]) -> Finding | None:
    """Return the finding of `last_row_joined` for the folds where it holds; None without any."""
    joined = [index for index, fold in enumerate(folds) if has_joined_row(spec, fold.training)]
    if not joined:
        return None
    detail = (
        f"the training rows of {name_folds(joined, len(folds))} in batches of {spec.batch_size} "
        "leave a last batch of one row, which batch normalization cannot normalize: the row is "
        "part of the batch before it"
    )
    return Finding("info", "/validation", "last_row_joined", detail)


def in_fold(findings: Iterable[Finding], fold: int, count: int) -> tuple[Finding, ...]:
    """Return the findings about epochs as those of this fold, of `count` folds."""
    where = f"first in {name_folds([fold], count)}"
    return tuple(
        replace(finding, pointer="/validation", detail=f"{where}: {finding.detail}")
        for finding in findings
        if finding.epoch is not None
    )


def gradient_not_finite(epoch: int) -> Finding:
    """Return the finding that the gradient norm of this epoch, before clipping, was not finite."""
    detail = (
        "the gradient before clipping exceeds the largest number of its dtype, so its norm is "
        "null; lower the learning rate, scale the target, or use float64"
    )
    pointer = "/optimizer/learning_rate"
    return Finding("warning", pointer, "gradient_not_finite", detail, epoch=epoch)
