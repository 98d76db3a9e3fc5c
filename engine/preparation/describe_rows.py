"""Numbers of rows of all parts and folds, and findings about their targets."""

from collections.abc import Iterator, Sequence

from engine.arrays import Indices
from engine.data.small_parts import few_rows
from engine.findings import Finding
from engine.metrics.build import needs_values
from engine.preparation.fold_findings import FoldRowFindings
from engine.preparation.part_rows import FoldRows, PartRows
from engine.preparation.row_findings import (
    find_left_out_rows,
    find_untrained_targets,
    find_unvalidated_classes,
)
from engine.preparation.subsets import Subset
from engine.preparation.target_findings import find_target_findings
from engine.preparation.train_validation_split import split_rows
from engine.specs import FoldsValidation, ResolvedSpec


def describe_rows(
    spec: ResolvedSpec, subsets: Sequence[Subset], trained: Indices
) -> tuple[PartRows, list[Finding]]:
    """Return the numbers of rows, and the findings about targets and row counts.

    Args:
        spec: the training's spec.
        subsets: the training rows, of the final network if there are folds; then the held-out rows.
        trained: the training rows with a weight above 0.

    Raises:
        DataError: a fold is empty.
    """
    findings = [*_find_in_parts(spec, subsets, trained)]
    folds: tuple[FoldRows, ...] = ()
    if isinstance(spec.validation, FoldsValidation):
        folds, found = _describe_folds(spec, spec.validation.networks, subsets[0], trained)
        findings += found
    source = subsets[0].source
    rows = {subset.name: len(subset.rows) for subset in subsets}
    largest = max((fold.validation for fold in folds), default=0)
    counts = PartRows(
        training=rows["training"],
        validation=rows.get("validation", largest),
        test=rows.get("test", 0),
        left_out=source.table.rows - len(source.usable),
        folds=folds,
    )
    return counts, findings


def _find_in_parts(
    spec: ResolvedSpec, subsets: Sequence[Subset], trained: Indices
) -> Iterator[Finding]:
    training, *held_out = subsets
    labels = training.source.labels
    yield from find_target_findings(spec, labels)
    table_rows = training.source.table.rows
    yield from find_left_out_rows(spec, table_rows, labels.present, training.source.usable)
    yield from find_untrained_targets(labels, training.rows, trained)
    for subset in held_out:
        yield from find_unvalidated_classes(subset.source.labels, subset.rows, subset.name)
    rows = {subset.name: len(subset.rows) for subset in held_out}
    found = (
        few_rows("validation", rows.get("validation", 0)),
        few_rows("test", rows.get("test", 0)),
    )
    yield from (finding for finding in found if finding is not None)


def _describe_folds(
    spec: ResolvedSpec, networks: int, training: Subset, trained: Indices
) -> tuple[tuple[FoldRows, ...], list[Finding]]:
    source, folds = training.source, []
    needs_mape = needs_values(spec.metrics)
    found = FoldRowFindings(source.labels, training.rows, trained, needs_mape=needs_mape)
    for fold in range(networks):
        rows = split_rows(
            spec, source.columns, source.labels, source.usable, fold, source.table.words
        )
        assert rows.validation is not None  # noqa: S101 - every fold has validation rows
        found.add(rows.training, rows.validation)
        folds.append(FoldRows(len(rows.training), len(rows.validation)))
    return tuple(folds), [*found.findings()]
