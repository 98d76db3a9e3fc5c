"""Findings that validation or test rows are trained on, or were."""

from collections.abc import Iterator

from engine.findings import Finding, patch
from engine.specs import DatasetValidation, ResolvedSpec
from service.jobs.initial_weights import InitialWeights
from store.datasets.datasets import DatasetRecord


def find_seen_test_rows(
    spec: ResolvedSpec, dataset_id: str, source: InitialWeights
) -> Finding | None:
    """Return the finding, if the source was trained on the data of the test rows.

    Args:
        spec: the resolved spec of the job.
        dataset_id: the job's training dataset.
        source: the initial weights.
    """
    if spec.test is None:
        return None
    before = source.spec
    if isinstance(spec.test, DatasetValidation):
        is_seen = source.dataset_id == spec.test.dataset_id
    else:
        is_same = (spec.test, spec.seed) == (before.test, before.seed)
        is_seen = source.dataset_id == dataset_id and not is_same
    if not is_seen:
        return None
    detail = (
        "the initial weights were trained on this data with another test part, so that they may "
        "have been trained on test rows: test metrics would be too good"
    )
    return Finding("warning", "/test", "test_rows_seen", detail)


def find_trained_parts(
    dataset: DatasetRecord, validation: DatasetRecord | None, test: DatasetRecord | None
) -> Iterator[Finding]:
    """Yield a finding per part whose dataset is the training dataset, or a copy of it."""
    for part, other in (("validation", validation), ("test", test)):
        # Datasets with equal bytes and read options share a blob.
        if other is None or other.blob != dataset.blob:
            continue
        copy = "" if other.id == dataset.id else "a copy of "
        detail = (
            f"the {part} dataset is {copy}the training dataset: its rows are trained on, so that "
            f"{part} metrics do not show how well the model predicts other rows"
        )
        fix = patch(("add", f"/{part}", {"fraction": 0.2}))
        yield Finding("warning", f"/{part}/dataset_id", "validates_on_training_rows", detail, fix)
