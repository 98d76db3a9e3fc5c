"""The arrays that a training runs on, and all that they depend on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.data.rows import Rows
from engine.losses.build import takes_class_indices
from engine.preprocessing.preprocessing import Preprocessing
from engine.specs import FoldsValidation, FractionValidation, ResolvedSpec

# To be counted up whenever the same spec and table come to other arrays, or other names of them:
# what was prepared and kept by then is of no use.
VERSION = 1
_DESCRIBED = {
    *("target", "task", "features", "preprocessing"),
    *("class_weight", "sample_weight", "dtype"),
}


@dataclass(frozen=True)
class PreparedData:
    """What a training needs of a table.

    Attributes:
        preprocessing: fitted on the training rows.
        x: inputs of the training rows, `(rows, in_features)`, C-contiguous.
        y: their targets as the loss takes them: class indices `(rows,)` for cross entropy and
            hinge, else numbers: `(rows, out_features)` for classes, `(rows, 1)` for a number.
        x_validation: inputs of the rows held out; None without validation.
        y_validation: their targets.
        weights: how much each training row counts, `(rows,)`, mean 1; None if all count alike.
        weights_validation: of the rows held out, in the same unit.
    """

    preprocessing: Preprocessing
    x: Rows
    y: Rows
    x_validation: Rows | None
    y_validation: Rows | None
    weights: Rows | None = None
    weights_validation: Rows | None = None

    @property
    def validation_rows(self) -> int:
        """Rows held out of training."""
        return 0 if self.x_validation is None else len(self.x_validation)


def prepared_from(preprocessing: Preprocessing, arrays: Mapping[str, Rows]) -> PreparedData:
    """Prepared data of arrays by the names under which they were allocated."""
    return PreparedData(
        preprocessing=preprocessing,
        x=arrays["x"],
        y=arrays["y"],
        x_validation=arrays.get("x_validation"),
        y_validation=arrays.get("y_validation"),
        weights=arrays.get("weights"),
        weights_validation=arrays.get("weights_validation"),
    )


def describe_preparation(spec: ResolvedSpec, fold: int | None) -> dict[str, Any]:
    """All of a spec that its arrays depend on, as JSON values: equal ones prepare equal arrays."""
    validation = spec.validation
    if isinstance(validation, FoldsValidation) and fold is None:
        validation = None  # all rows are trained on
    is_drawn = isinstance(validation, FoldsValidation) or (
        isinstance(validation, FractionValidation) and validation.order_by is None
    )
    return {
        "version": VERSION,
        **spec.model_dump(mode="json", include=_DESCRIBED),
        "validation": None if validation is None else validation.model_dump(mode="json"),
        "fold": fold,
        "seed": spec.seed if is_drawn else None,
        "units": spec.network.output.units,
        "takes_class_indices": takes_class_indices(spec.loss),
    }
