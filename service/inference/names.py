"""Names of the input tensors: which columns they may be, and which of them may be absent."""

from collections.abc import Mapping

from service.http.errors import InvalidInferenceError
from service.inference.messages import show_names, tensor_error
from service.inference.request import InputTensor
from service.serializers.model_columns import ColumnRules, ModelColumns

FEATURES = "features"


def require_columns(
    columns: ModelColumns,
    by_name: Mapping[str, InputTensor],
    rules: ColumnRules,
    *,
    takes_matrix: bool,
) -> None:
    """Check the names of the tensors of single columns.

    Args:
        columns: columns of the model.
        by_name: the tensors.
        rules: rules for columns without a tensor, and for other tensors.
        takes_matrix: whether the tensor `features` may replace those of the columns.

    Raises InvalidInferenceError.
    """
    allowed = columns.find_allowed(rules)
    for name in by_name:
        if allowed is not None and name not in allowed:
            detail = _explain_unknown(columns, name, takes_matrix=takes_matrix)
            raise tensor_error(name, detail)
    required = columns.find_required(rules)
    absent = [name for name in columns.features if name in required and name not in by_name]
    absent = absent or columns.list_absent([by_name], rules)
    if not absent and by_name.keys().isdisjoint(columns.features):
        absent = list(columns.features)
    if absent:
        detail = f"inputs lack {len(absent)} of the {len(columns.features)} columns"
        raise InvalidInferenceError(f"{detail}: {show_names(absent)}")


def _explain_unknown(columns: ModelColumns, name: str, *, takes_matrix: bool) -> str:
    if name == FEATURES:
        return "the model has columns that are not numbers; send one tensor per column"
    reason = columns.explain_unknown(name, is_compared=True)
    if name in columns.known:
        return reason
    matrix = f"{FEATURES!r}, or " if takes_matrix else ""
    return f"{reason}; the model takes {matrix}{show_names(columns.features)}"
