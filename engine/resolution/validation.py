"""Checks of the validation part and the test part, before any row is read."""

from engine.findings import patch
from engine.resolution.fixes import remove
from engine.resolution.report import Alternative, Report
from engine.specs import (
    MAX_FOLD_NETWORKS,
    ColumnValidation,
    DatasetValidation,
    FoldsValidation,
    FractionValidation,
    TestSpec,
    TrainingSpec,
    ValidationSpec,
)

_Drawn = FractionValidation | FoldsValidation


def resolve_test(spec: TrainingSpec, report: Report) -> TrainingSpec:
    """Return the spec with a test fraction ordered or grouped as the validation rows are.

    A test part that states an order or groups, also null, keeps what it states.
    """
    test, validation = spec.test, spec.validation
    if not isinstance(test, FractionValidation) or not isinstance(validation, _Drawn):
        return spec
    if test.model_fields_set & {"order_by", "group_by"}:
        if (test.order_by, test.group_by) != (validation.order_by, validation.group_by):
            detail = (
                f"test rows are {_describe(test)}, validation rows are {_describe(validation)}: "
                "their metrics are not comparable"
            )
            alternative = _alike(spec, test, validation)
            report.offer(
                "warning", "/validation", "test_and_validation_differ", detail, alternative
            )
        return spec
    if validation.order_by is None and validation.group_by is None:
        return spec
    same = {"order_by": validation.order_by, "group_by": validation.group_by}
    test = test.model_copy(update=same)
    report.info("/test", "test_as_validation", f"test rows are {_describe(test)}, as validation is")
    return spec.model_copy(update={"test": test})


def _alike(spec: TrainingSpec, test: FractionValidation, validation: _Drawn) -> Alternative:
    """Return the alternative that orders or groups both parts, neither at random.

    A random part of ordered or grouped rows is easier than new rows are.
    """
    if validation.order_by is None and validation.group_by is None:
        same = {"order_by": test.order_by, "group_by": test.group_by}
        # Validation rows in the order of a column are the same in every repeat.
        left_out = {"repeats"} if test.order_by is not None else set()
        asked = validation.model_dump(mode="json", exclude_unset=True, exclude=left_out) | same
        return Alternative(
            spec.model_copy(update={"validation": type(validation).model_validate(asked)}),
            patch(("add", "/validation", asked)),
            f"validation rows can be {_describe(test)} as well",
            "the same for validation",
        )
    stated = sorted(test.model_fields_set & {"order_by", "group_by"})
    asked = test.model_dump(mode="json", exclude_unset=True, exclude=set(stated))
    operations = [operation for name in stated for operation in remove("test", name)["patch"]]
    return Alternative(
        spec.model_copy(update={"test": FractionValidation.model_validate(asked)}),
        {"patch": operations},
        "without order_by and group_by of its own, the test part is selected as validation is",
        "the same for the test part",
    )


def _describe(part: _Drawn) -> str:
    if part.order_by is not None:
        return f"the last ones by {part.order_by!r}"
    if part.group_by is not None:
        return f"whole groups of {part.group_by!r}"
    return "a random sample"


def check_parts(spec: TrainingSpec, report: Report) -> None:
    """Check that the options of validation and test can be combined."""
    validation, test = spec.validation, spec.test
    for part, pointer in ((validation, "/validation"), (test, "/test")):
        if isinstance(part, _Drawn) and part.group_by is not None and part.order_by is not None:
            detail = "rows are split by groups or in order, not both: leave out one of the two"
            report.problem(f"{pointer}/group_by", "groups_in_order", detail)
    if isinstance(validation, FoldsValidation):
        _check_repeats(validation, report)
    if _are_same_rows(validation, test):
        detail = "the test part is set aside first and takes all of these rows: use different ones"
        report.problem("/test", "same_rows", detail)


def _check_repeats(validation: FoldsValidation, report: Report) -> None:
    pointer = "/validation/repeats"
    if validation.repeats > 1 and validation.order_by is not None:
        detail = "folds in the order of a column are not drawn, so every repeat would be the same"
        report.problem(pointer, "repeats_in_order", detail)
    if validation.networks > MAX_FOLD_NETWORKS:
        detail = (
            f"{validation.folds} folds, {validation.repeats} times, are {validation.networks} "
            f"networks; at most {MAX_FOLD_NETWORKS} are allowed"
        )
        report.problem(pointer, "too_many_folds", detail)


def _are_same_rows(validation: ValidationSpec | None, test: TestSpec | None) -> bool:
    match validation, test:
        case DatasetValidation(), DatasetValidation():
            return validation.dataset_id == test.dataset_id
        case ColumnValidation(values=values), ColumnValidation() if values is not None:
            return validation == test
        case _:
            return False
