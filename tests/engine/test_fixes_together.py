"""The fixes of one job's findings do not undo each other."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from engine.data.table import Column, MemoryTable, NumericColumn
from engine.findings import Finding, join_feature_lists, list_features, patch
from engine.preparation.prepare import prepare
from engine.resolution.resolve import resolve
from engine.specs import TrainingSpec
from tests.engine.examples import describe, draw, levels, numbers
from tests.engine.test_findings import apply_patch

ROWS = 60
TABLE: dict[str, Column] = {
    "x": NumericColumn(draw(ROWS)),
    "z": NumericColumn(draw(ROWS, seed=1)),
    "flat": numbers(*[3] * ROWS),
    "userId": numbers(*(7 * row for row in range(ROWS))),
    "outcome": levels(*"pq" * (ROWS // 2)),
    "sensor": NumericColumn(np.where(np.arange(ROWS) % 3 == 2, draw(ROWS), np.nan)),
    "part": levels(*["train", "train", "test"] * (ROWS // 3)),
    "kind": levels(*"ab" * (ROWS // 2)),
}
COLUMNS = ["x", "z", "flat", "userId", "outcome", "sensor"]
CODES = ["constant_feature", "identifier", "never_varies_in_training", "possible_leak"]
UNNAMED: dict[str, Any] = {"target": "kind", "validation": {"column": "part", "values": ["test"]}}
NAMED = UNNAMED | {"features": COLUMNS}


def find(request: dict[str, Any]) -> list[Finding]:
    """Return the findings that list features, in the order in which a job has them."""
    resolution = resolve(TrainingSpec.model_validate(request), describe(TABLE))
    spec, earlier = resolution.spec, resolution.findings
    rows = join_feature_lists(spec.features, prepare(spec, MemoryTable(TABLE)).findings, earlier)
    found = [finding for finding in (*earlier, *rows) if finding.code in CODES]
    assert all(finding.fix is not None for finding in found)
    return found


def apply(request: dict[str, Any], finding: Finding) -> dict[str, Any]:
    assert finding.fix is not None
    return apply_patch(request, finding.fix["patch"])


@pytest.mark.parametrize("request_", [UNNAMED, NAMED], ids=["default features", "named features"])
@pytest.mark.parametrize("order", [CODES, CODES[::-1], [*CODES[2:], *CODES[:2]]])
def test_fixes_applied_one_after_another_leave_none_of_the_findings(
    request_: dict[str, Any], order: Sequence[str]
) -> None:
    assert {finding.code for finding in find(request_)} == set(CODES)
    for _ in range(2 * len(CODES)):
        found = sorted(find(request_), key=lambda finding: order.index(finding.code))
        if not found:
            break
        request_ = apply(request_, found[0])
    assert find(request_) == []
    assert request_["features"] == ["x", "z"]


@pytest.mark.parametrize("request_", [UNNAMED, NAMED], ids=["default features", "named features"])
def test_fixes_applied_all_at_once_leave_none_of_the_findings(request_: dict[str, Any]) -> None:
    patched = request_
    for finding in find(request_):
        patched = apply(patched, finding)
    assert find(patched) == []
    assert patched["features"] == ["x", "z"]


def test_a_fix_of_the_rows_brings_back_no_column_of_the_schema() -> None:
    for finding in find(NAMED):
        if finding.code in {"possible_leak", "never_varies_in_training"}:
            assert finding.fix == list_features(["x", "z"])


def test_a_fix_that_adds_a_column_adds_it_to_the_others_without_the_constant_one() -> None:
    (identifier,) = [f for f in find(UNNAMED) if f.code == "identifier"]
    assert identifier.fix == list_features(["x", "z", "userId", "outcome", "sensor"])


def finding_with(fix: dict[str, Any] | None) -> Finding:
    return Finding("info", "/features", "constant_feature", "", fix)


def test_lists_without_a_common_feature_are_no_fixes() -> None:
    other = patch(("add", "/preprocessing/hash_buckets", 8), ("add", "/features", ["a", "c"]))
    findings = [finding_with(list_features(["a"])), finding_with(list_features(["b"]))]
    joined = join_feature_lists(("a", "b"), [*findings, finding_with(None)])
    assert [finding.fix for finding in joined] == [None, None, None]
    (joined_one,) = join_feature_lists(("a", "b"), [finding_with(other)], findings[1:])
    assert joined_one.fix == patch(
        ("add", "/preprocessing/hash_buckets", 8), ("add", "/features", ["c"])
    )
