"""Targets and features whose numbers must fail, as far as the schema shows it.

Where it depends on which rows are trained on, or on statistics that the schema lacks,
preparation decides.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from engine.data.table import ColumnSchema, TableSchema, find_column
from engine.errors import SpecProblem
from engine.json_pointer import json_pointer
from engine.preprocessing.column_options import NO_OVERRIDES, ColumnOptions, options_for
from engine.preprocessing.fitted import FittedTarget, NumericTarget, NumericTargets, numbers_of
from engine.resolution.certain_rows import CertainRows, find_certain_rows
from engine.resolution.number_ranges import (
    are_equal,
    describe_range,
    find_scaling_problem,
    overflows,
)
from engine.resolution.part_counter import SplitTables
from engine.resolution.report import Report
from engine.resolution.targets import target_pointer
from engine.specs import ResolvedSpec, TrainingSpec


def check_numbers(
    requested: TrainingSpec,
    spec: ResolvedSpec,
    tables: SplitTables,
    least_training: int,
    fitted: FittedTarget | None,
    report: Report,
) -> None:
    """Report targets and features whose numbers cannot be scaled, or are too large for the dtype.

    Args:
        requested: the requested spec.
        spec: the resolved spec.
        tables: schemas of the tables.
        least_training: the fewest training rows of the final network.
        fitted: target of the model that is trained further, whose scaling is kept; None to fit it.
        report: receives the problems.
    """
    checks = _NumberChecks(spec, tables, least_training)
    numbers = numbers_of(fitted) if isinstance(fitted, NumericTarget | NumericTargets) else None
    report.add_first(checks.find_target_problems(numbers))
    if fitted is None:
        found = checks.find_feature_problems(are_listed=requested.features is not None)
        report.add_first(found)


@dataclass(frozen=True)
class _NumberChecks:
    """Checks of a training's numbers.

    Attributes:
        spec: the resolved spec.
        tables: schemas of the tables.
        least_training: the fewest training rows of the final network.
    """

    spec: ResolvedSpec
    tables: SplitTables
    least_training: int

    def find_target_problems(
        self, fitted: Sequence[NumericTarget] | None = None
    ) -> Iterator[SpecProblem]:
        """Yield a problem per numeric target that cannot be trained on.

        Args:
            fitted: targets of the model that is trained further; None to fit them.
        """
        if self.spec.task != "regression":
            return
        rows = self._certain_rows()
        for index, target in enumerate(self.tables.targets):
            pointer = target_pointer(index, len(self.tables.targets))
            found = None
            if fitted is not None:
                yield from self._find_overflows(target, pointer, rows, fitted[index])
            elif self.spec.preprocessing.target == "none":
                unscaled = NumericTarget(target.name, 0, 1)
                yield from self._find_overflows(target, pointer, rows, unscaled)
                found = self._find_equal_numbers(target, rows)
            else:
                found = find_scaling_problem(target, "standardize", rows, is_needed=True)
            if found is not None:
                yield SpecProblem(pointer, *found)

    def _certain_rows(self) -> CertainRows:
        return find_certain_rows(self.spec, self.tables.table, self.least_training)

    def _find_overflows(
        self, target: ColumnSchema, pointer: str, rows: CertainRows, scaling: NumericTarget
    ) -> Iterator[SpecProblem]:
        """Yield a problem per dataset in which the numbers of the target are too large."""
        found: list[tuple[str, ColumnSchema, CertainRows]] = [(pointer, target, rows)]
        others: tuple[tuple[str, TableSchema | None], ...] = (
            ("/validation/dataset_id", self.tables.validation),
            ("/test/dataset_id", self.tables.test),
        )
        for at, table in others:
            column = None if table is None else find_column(table.columns, target.name)
            if table is not None and column is not None:
                found.append((at, column, find_certain_rows(self.spec, table)))
        for at, column, used in found:
            any_overflows, all_overflow = overflows(
                column, self.spec.dtype, scaling.center, scaling.scale
            )
            if all_overflow or (any_overflows and used.uses_all(column, is_needed=True)):
                yield SpecProblem(at, "number_too_large", self._describe_overflow(column, scaling))

    def _describe_overflow(self, column: ColumnSchema, scaling: NumericTarget) -> str:
        numbers, dtype = describe_range(column), self.spec.dtype
        if (scaling.center, scaling.scale) == (0, 1):
            remedy = "set preprocessing.target to standardize, or dtype to float64"
        else:
            numbers += " scaled as the model's target is,"
            remedy = "leave out start_from, or set dtype to float64"
        return f"{numbers} are too large for {dtype}: {remedy}"

    def _find_equal_numbers(
        self, target: ColumnSchema, rows: CertainRows
    ) -> tuple[str, str] | None:
        dtype = self.spec.dtype
        if not are_equal(target, dtype) or not rows.varies(target):
            return None
        reason = f"are all equal in {dtype}: set preprocessing.target to standardize, or dtype"
        return "equal_in_dtype", f"{describe_range(target)} {reason} to float64"

    def find_feature_problems(self, *, are_listed: bool) -> Iterator[SpecProblem]:
        """Yield a problem per numeric feature that cannot be fitted, or is too large for the dtype.

        Args:
            are_listed: whether the request lists the features.
        """
        rows = self._certain_rows()
        columns = {column.name: column for column in self.tables.table.columns}
        for index, name in enumerate(self.spec.features):
            column = columns[name]
            if column.kind != "numeric":
                continue
            options = options_for(self.spec.preprocessing, name)
            is_needed = options.missing == "drop_row"
            found = find_scaling_problem(column, options.numeric, rows, is_needed=is_needed)
            if found is None and options.numeric == "none":
                found = self._find_large_feature(column, rows, is_needed=is_needed)
                yield from self._find_large_fill_value(column, options, rows)
            if found is not None:
                code, reason = found
                pointer = json_pointer("features", index) if are_listed else "/features"
                yield SpecProblem(pointer, code, f"{reason}, or leave the column out of features")

    def _find_large_feature(
        self, column: ColumnSchema, rows: CertainRows, *, is_needed: bool
    ) -> tuple[str, str] | None:
        """Return the problem of an unscaled feature; held-out rows are clipped at trained ones."""
        any_overflows, all_overflow = overflows(column, self.spec.dtype)
        is_used = is_needed or rows.used > column.missing
        if (all_overflow and is_used) or (
            any_overflows and rows.trains_on_all(column, is_needed=is_needed)
        ):
            numbers = f"{describe_range(column)} are too large for {self.spec.dtype}"
            return "number_too_large", f"{numbers}: scale them, set dtype to float64"
        return None

    def _find_large_fill_value(
        self, column: ColumnSchema, options: ColumnOptions, rows: CertainRows
    ) -> Iterator[SpecProblem]:
        fill, name = options.fill_number, column.name
        if fill is None or column.missing <= rows.total - rows.used:
            return
        if any(overflows(replace(column, minimum=fill, maximum=fill), self.spec.dtype)):
            override = self.spec.preprocessing.columns.get(name, NO_OVERRIDES)
            own = () if override.fill_value is None else ("columns", name)
            detail = (
                f"{fill:.3g}, for the missing values of column {name!r}, is too large for "
                f"{self.spec.dtype}: set a smaller one, scale the column, or set dtype to float64"
            )
            pointer = json_pointer("preprocessing", *own, "fill_value")
            yield SpecProblem(pointer, "number_too_large", detail)
