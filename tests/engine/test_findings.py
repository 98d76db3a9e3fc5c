"""Every finding has an example, and its fix, applied mechanically, does what it promises."""

from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, get_args

import pytest

from engine.findings import FindingCode, describe_columns, list_features, patch
from engine.resolution.fixes import put
from engine.specs import TrainingSpec
from tests.engine.finding_examples import ELSEWHERE, EXAMPLES

CODES: tuple[FindingCode, ...] = get_args(FindingCode)


def apply_patch(request: dict[str, Any], operations: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Apply JSON Patch operations (RFC 6902): an operation on a missing parent fails."""
    result = deepcopy(request)
    for operation in operations:
        *parents, last = [
            token.replace("~1", "/").replace("~0", "~")
            for token in operation["path"].split("/")[1:]
        ]
        position = result
        for token in parents:
            position = position[token]
        if operation["op"] == "remove":
            del position[last]
        else:
            assert operation["op"] == "add"
            position[last] = operation["value"]
    return result


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_an_example(code: FindingCode) -> None:
    assert (code in EXAMPLES) != (code in ELSEWHERE)
    if code in ELSEWHERE:
        assert code in Path(ELSEWHERE[code]).read_text()


@pytest.mark.parametrize("code", EXAMPLES)
def test_a_fix_removes_the_finding(code: FindingCode) -> None:
    example = EXAMPLES[code]
    _, findings = example.find(example.request)
    (finding,) = [found for found in findings if found.code == code]
    assert (finding.fix is not None) == example.has_fix
    if finding.fix is None:
        return
    spec, remaining = example.find(apply_patch(example.request, finding.fix["patch"]))
    assert code not in {found.code for found in remaining}
    assert example.promise(spec)


@pytest.mark.parametrize("code", EXAMPLES)
def test_a_job_has_one_finding_per_code_and_pointer(code: FindingCode) -> None:
    example = EXAMPLES[code]
    _, findings = example.find(example.request)
    assert len({finding.key for finding in findings}) == len(findings)


def test_a_fix_adds_what_the_request_lacks() -> None:
    spec = TrainingSpec.model_validate({"target": "y", "preprocessing": {"columns": {"a": {}}}})
    assert put(spec, 8, "preprocessing", "hash_buckets") == patch(
        ("add", "/preprocessing/hash_buckets", 8)
    )
    assert put(spec, "mean", "preprocessing", "columns", "b/c", "missing") == patch(
        ("add", "/preprocessing/columns/b~1c", {"missing": "mean"})
    )
    assert put(spec, "softmax", "network", "output", "activation") == patch(
        ("add", "/network", {"output": {"activation": "softmax"}})
    )


def test_ten_columns_are_named_and_the_others_counted() -> None:
    assert describe_columns(["a"]) == "column 'a'"
    text = describe_columns([f"c{index}" for index in range(784)])
    assert text.startswith("columns 'c0', 'c1'")
    assert text.endswith("'c9' and 774 more")


def test_a_list_of_too_many_features_is_not_a_fix() -> None:
    assert list_features([]) is None
    assert list_features([f"c{index}" for index in range(2001)]) is None
