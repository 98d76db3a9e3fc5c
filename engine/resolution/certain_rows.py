"""Which values of a column are certain to be used, and to be trained on, before any row is read."""

from dataclasses import dataclass

from engine.data.table import ColumnSchema, TableSchema, find_column
from engine.resolution.part_counter import count_usable
from engine.specs import ResolvedSpec


@dataclass(frozen=True)
class CertainRows:
    """The fewest rows of a table that are used.

    Attributes:
        total: rows of the table.
        used: rows that are trained on, validated or tested.
        trained: rows that are trained on, with a weight above 0.
    """

    total: int
    used: int
    trained: int = 0

    def uses_all(self, column: ColumnSchema, *, is_needed: bool) -> bool:
        """Return whether every value of a column is used; rows without a needed one are not."""
        return self.used >= self.total - (column.missing if is_needed else 0)

    def trains_on_all(self, column: ColumnSchema, *, is_needed: bool) -> bool:
        """Return whether every value of a column is trained on."""
        return self.trained >= self.total - (column.missing if is_needed else 0)

    def varies(self, column: ColumnSchema) -> bool:
        """Return whether the trained rows have more than one value of a column, if it has."""
        return column.distinct is None or column.distinct - 1 > self.total - self.trained


def find_certain_rows(
    spec: ResolvedSpec, table: TableSchema, least_training: int = 0
) -> CertainRows:
    """Return the fewest rows of a table that are used, of which `least_training` are trained on."""
    trained = least_training if _have_weight(spec, table) else 0
    return CertainRows(table.rows, count_usable(spec, table).fewest, trained)


def _have_weight(spec: ResolvedSpec, table: TableSchema) -> bool:
    """Return whether every row is certain to have a weight above 0."""
    if isinstance(spec.class_weight, dict) and not all(spec.class_weight.values()):
        return False
    if spec.sample_weight is None:
        return True
    weight = find_column(table.columns, spec.sample_weight)
    return weight is not None and (weight.minimum or 0) > 0
