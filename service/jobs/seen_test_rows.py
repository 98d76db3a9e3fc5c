"""The finding that initial weights were trained on rows of the test part."""

from engine.findings import Finding
from engine.specs import DatasetValidation, ResolvedSpec
from service.jobs.initial_weights import InitialWeights


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
