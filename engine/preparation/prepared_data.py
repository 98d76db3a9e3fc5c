"""Training arrays, and the parts of a spec that they depend on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.data.rows import Rows
from engine.findings import Finding
from engine.losses.build import takes_class_indices
from engine.preprocessing.preprocessing import Preprocessing
from engine.specs import FoldsValidation, FractionValidation, ResolvedSpec

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
        findings: what only the rows show, such as a class without training rows.
    """

    preprocessing: Preprocessing
    x: Rows
    y: Rows
    x_validation: Rows | None
    y_validation: Rows | None
    weights: Rows | None = None
    weights_validation: Rows | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def validation_rows(self) -> int:
        """Number of validation rows."""
        return 0 if self.x_validation is None else len(self.x_validation)


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
        findings=tuple(findings),
    )


def describe_preparation(spec: ResolvedSpec, fold: int | None) -> dict[str, Any]:
    """Return everything in a spec that the arrays depend on, as JSON values.

    Specs with equal descriptions prepare equal arrays.
    """
    validation = spec.validation
    if isinstance(validation, FoldsValidation) and fold is None:
        validation = None  # all rows are trained on
    is_drawn = isinstance(validation, FoldsValidation) or (
        isinstance(validation, FractionValidation) and validation.order_by is None
    )
    return {
        "version": VERSION,
        **spec.model_dump(mode="json", include=_RELEVANT_FIELDS),
        "validation": None if validation is None else validation.model_dump(mode="json"),
        "fold": fold,
        "seed": spec.seed if is_drawn else None,
        "units": spec.network.output.units,
        "takes_class_indices": takes_class_indices(spec.loss),
    }
