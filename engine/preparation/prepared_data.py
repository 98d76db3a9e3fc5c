"""Training arrays, and the parts of a spec that they depend on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.data.rows import Rows
from engine.findings import Finding
from engine.losses.build import takes_class_indices
from engine.preprocessing.preprocessing import Preprocessing
from engine.specs import (
    FoldsValidation,
    FractionValidation,
    ResolvedSpec,
    TestSpec,
    ValidationSpec,
)

# Increment whenever the same spec and table yield different arrays or array names: it is part of
# the cache key, so that arrays cached by earlier versions are not used.
VERSION = 2
_RELEVANT_FIELDS = {
    *("target", "task", "features", "preprocessing"),
    *("class_weight", "sample_weight", "dtype"),
}


@dataclass(frozen=True)
class PreparedData:
    """The arrays of a training.

    Attributes:
        preprocessing: fitted on the training rows.
        x: inputs of the training rows, `(rows, in_features)`, C-contiguous.
        y: targets of the training rows, as the loss takes them: class indices `(rows,)` for cross
            entropy and hinge, else numbers: `(rows, out_features)` for classes, `(rows, 1)` for
            regression.
        x_validation: inputs of the validation rows; None without validation.
        y_validation: targets of the validation rows.
        weights: sample weights of the training rows, `(rows,)`, mean 1; None if all are equal.
        weights_validation: sample weights of the validation rows, on the same scale.
        x_test: inputs of the test rows; None without them, and in folds.
        y_test: targets of the test rows.
        weights_test: sample weights of the test rows, on the same scale.
        findings: what only the rows show, such as a class without training rows.
    """

    preprocessing: Preprocessing
    x: Rows
    y: Rows
    x_validation: Rows | None
    y_validation: Rows | None
    weights: Rows | None = None
    weights_validation: Rows | None = None
    x_test: Rows | None = None
    y_test: Rows | None = None
    weights_test: Rows | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def validation_rows(self) -> int:
        """Number of validation rows."""
        return 0 if self.x_validation is None else len(self.x_validation)

    @property
    def evaluated_rows(self) -> int:
        """Number of validation rows or of test rows, whichever is larger."""
        return max(self.validation_rows, 0 if self.x_test is None else len(self.x_test))


def prepared_from(
    preprocessing: Preprocessing, arrays: Mapping[str, Rows], findings: Iterable[Finding] = ()
) -> PreparedData:
    """Build the prepared data from arrays by allocated name."""
    return PreparedData(
        preprocessing=preprocessing,
        x=arrays["x"],
        y=arrays["y"],
        x_validation=arrays.get("x_validation"),
        y_validation=arrays.get("y_validation"),
        weights=arrays.get("weights"),
        weights_validation=arrays.get("weights_validation"),
        x_test=arrays.get("x_test"),
        y_test=arrays.get("y_test"),
        weights_test=arrays.get("weights_test"),
        findings=tuple(findings),
    )


def describe_preparation(spec: ResolvedSpec, fold: int | None) -> dict[str, Any]:
    """Return everything in a spec that the arrays depend on, as JSON values.

    Specs with equal descriptions prepare equal arrays.
    """
    validation = spec.validation
    if isinstance(validation, FoldsValidation) and fold is None:
        validation = None  # all rows are trained on
    return {
        "version": VERSION,
        **spec.model_dump(mode="json", include=_RELEVANT_FIELDS),
        "validation": None if validation is None else validation.model_dump(mode="json"),
        "test": None if spec.test is None else spec.test.model_dump(mode="json"),
        "fold": fold,
        "seed": spec.seed if _is_drawn(validation) or _is_drawn(spec.test) else None,
        "units": spec.network.output.units,
        "takes_class_indices": takes_class_indices(spec.loss),
    }


def _is_drawn(part: ValidationSpec | TestSpec | None) -> bool:
    """Return whether a part's rows depend on the seed."""
    return isinstance(part, FractionValidation | FoldsValidation) and part.order_by is None
