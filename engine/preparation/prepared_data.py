"""Training arrays, and the parts of a spec that they depend on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.data.rows import Rows
from engine.data.split_arrays import SplitArrays
from engine.findings import Finding
from engine.losses.build import takes_class_indices
from engine.metrics.build import needs_values
from engine.preparation.part_rows import PartRows
from engine.preprocessing.preprocessing import Preprocessing
from engine.specs import (
    FoldsValidation,
    FractionValidation,
    ResolvedSpec,
    TestSpec,
    ValidationSpec,
)

# Increment whenever the same spec and table yield different arrays, array names or findings: it is
# part of the cache key, so that data cached by earlier versions are not used.
VERSION = 7
_RELEVANT_FIELDS = {
    *("target", "task", "features", "preprocessing"),
    *("class_weight", "sample_weight", "dtype"),
}
_LOSS_WEIGHTS = ("weights", "weights_validation")


@dataclass(frozen=True)
class PreparedData:
    """The arrays of a training.

    Attributes:
        preprocessing: fitted on the training rows.
        x: inputs of the training rows, `(rows, in_features)`, C-contiguous.
        y: targets of the training rows, as the loss takes them: class indices `(rows,)` for cross
            entropy and hinge, else numbers: `(rows, out_features)` for classes, `(rows, targets)`
            for regression and multi-label. For a reconstruction it is x, the same array.
        x_validation: inputs of the validation rows; None without validation.
        y_validation: targets of the validation rows.
        weights: weights of the training rows in the loss, `(rows,)`: class weight times sample
            weight, divided by their mean; None if all are equal.
        weights_validation: those of the validation rows, divided by their own mean.
        sample_weights: weights of the training rows in the metrics: the sample weights, divided by
            their mean; None if all are equal. The same array as `weights` without class weights.
        sample_weights_validation: those of the validation rows, divided by their own mean.
        values: numeric targets of the training rows in their own unit, `(rows, targets)`, float64;
            None unless a metric needs them.
        values_validation: those of the validation rows.
        test: arrays of the test rows; None without them, and in folds.
        findings: what only the rows show, such as a class without training rows.
        part_rows: numbers of rows of all parts; None in folds.
    """

    preprocessing: Preprocessing
    x: Rows
    y: Rows
    x_validation: Rows | None
    y_validation: Rows | None
    weights: Rows | None = None
    weights_validation: Rows | None = None
    sample_weights: Rows | None = None
    sample_weights_validation: Rows | None = None
    values: Rows | None = None
    values_validation: Rows | None = None
    test: SplitArrays | None = None
    findings: tuple[Finding, ...] = ()
    part_rows: PartRows | None = None

    @property
    def training(self) -> SplitArrays:
        """The arrays of the training rows."""
        return SplitArrays(self.x, self.y, self.weights, self.sample_weights, self.values)

    @property
    def validation(self) -> SplitArrays | None:
        """The arrays of the validation rows; None without validation."""
        if self.x_validation is None or self.y_validation is None:
            return None
        return SplitArrays(
            self.x_validation,
            self.y_validation,
            self.weights_validation,
            self.sample_weights_validation,
            self.values_validation,
        )

    @property
    def validation_rows(self) -> int:
        """Number of validation rows."""
        return 0 if self.x_validation is None else len(self.x_validation)

    @property
    def evaluated_rows(self) -> int:
        """Number of validation rows or of test rows, whichever is larger."""
        return max(self.validation_rows, 0 if self.test is None else len(self.test))

    @property
    def arrays(self) -> list[Rows]:
        """All arrays, without repetition."""
        splits = (self.training, self.validation, self.test)
        return [array for split in splits if split is not None for array in split.distinct]


def prepared_from(
    preprocessing: Preprocessing,
    arrays: Mapping[str, Rows],
    findings: Iterable[Finding],
    part_rows: PartRows | None,
) -> PreparedData:
    """Build the prepared data from arrays by allocated name.

    Weights of the loss that are those of the metrics are not allocated again, nor are targets that
    are the inputs.
    """
    weights = {name: arrays.get(name, arrays.get(f"sample_{name}")) for name in _LOSS_WEIGHTS}
    x, x_validation = arrays["x"], arrays.get("x_validation")
    return PreparedData(
        preprocessing=preprocessing,
        x=x,
        y=arrays.get("y", x),
        x_validation=x_validation,
        y_validation=arrays.get("y_validation", x_validation),
        **weights,
        sample_weights=arrays.get("sample_weights"),
        sample_weights_validation=arrays.get("sample_weights_validation"),
        values=arrays.get("values"),
        values_validation=arrays.get("values_validation"),
        test=_test_arrays(arrays),
        findings=tuple(findings),
        part_rows=part_rows,
    )


def _test_arrays(arrays: Mapping[str, Rows]) -> SplitArrays | None:
    if "x_test" not in arrays:
        return None
    return SplitArrays(
        x=arrays["x_test"],
        y=arrays.get("y_test", arrays["x_test"]),
        weights=arrays.get("weights_test", arrays.get("sample_weights_test")),
        sample_weights=arrays.get("sample_weights_test"),
        values=arrays.get("values_test"),
    )


def describe_preparation(spec: ResolvedSpec, fold: int | None) -> dict[str, Any]:
    """Return everything in a spec that arrays and findings depend on, as JSON values.

    Specs with equal descriptions prepare equal arrays, with the same findings.
    """
    validation = spec.validation
    return {
        "version": VERSION,
        **spec.model_dump(mode="json", include=_RELEVANT_FIELDS),
        "validation": None if validation is None else validation.model_dump(mode="json"),
        "test": None if spec.test is None else spec.test.model_dump(mode="json"),
        "fold": fold,
        "seed": spec.seed if _is_drawn(validation) or _is_drawn(spec.test) else None,
        "units": spec.network.output.units,
        "takes_class_indices": takes_class_indices(spec.loss),
        "needs_values": needs_values(spec.metrics),
        # Decides which findings have a fix.
        "is_shaped": spec.input_shape is not None,
    }


def _is_drawn(part: ValidationSpec | TestSpec | None) -> bool:
    """Return whether a part's rows depend on the seed."""
    return isinstance(part, FractionValidation | FoldsValidation) and part.order_by is None
