"""Columns that rows for a model lack, or have besides its features."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from engine.data.similar_words import find_similar
from service.http.errors import MAX_SUMMARIZED
from service.schemas.predict_options import ExtraColumns, MissingColumns

# Comparing names takes long: only the first ones that are wrong get a suggestion.
MAX_SUGGESTIONS = 3
_MAX_NAMES = 1000
_MAX_SHOWN = 80


@dataclass(frozen=True)
class ColumnRules:
    """Rules for columns that rows lack or have besides, as in `PredictOptions`."""

    missing: MissingColumns | None = None
    extra: ExtraColumns | None = None


NO_RULES = ColumnRules()


class ModelColumns:
    """The features of a model and the other columns of its dataset.

    Attributes:
        features: names of the features, in order.
        known: names of the features and of the other columns.

    Args:
        features: names of the features, in order.
        others: columns that rows may contain without being read.
        incomplete: features with missing values in the training rows; None if unknown.
    """

    def __init__(
        self, features: Sequence[str], others: Collection[str], incomplete: Collection[str] | None
    ) -> None:
        self.features = tuple(features)
        self._features = frozenset(features)
        self.known = self._features.union(others)
        self._required = self._features.difference(features if incomplete is None else incomplete)

    def find_allowed(self, rules: ColumnRules) -> frozenset[str] | None:
        """Return the columns that a row may have; None if it may have any."""
        if rules.extra == "ignore":
            return None
        return self._features if rules.extra == "error" else self.known

    def find_required(self, rules: ColumnRules) -> frozenset[str]:
        """Return the columns that every row must have."""
        return self._features if rules.missing == "error" else frozenset()

    def list_absent(self, rows: Iterable[Any], rules: ColumnRules) -> list[str]:
        """Return the features that no row has, but some row must have.

        Args:
            rows: records, or any other values, which have every column.
            rules: rules for the columns.
        """
        absent: frozenset[str] = frozenset() if rules.missing is not None else self._required
        for row in rows:
            absent = absent.difference(row) if isinstance(row, Mapping) else frozenset()
            if not absent:
                return []
        return [name for name in self.features if name in absent]

    def explain_unknown(self, name: str, *, is_compared: bool) -> str:
        """Return why a column is refused, with the feature that it may be."""
        if name in self.known:
            return (
                "a column of the dataset, but not a feature of the model; it is ignored without "
                "extra_columns=error"
            )
        nearest = find_similar(name, self.features) if is_compared else []
        question = f"did you mean {_show(nearest[0])}?" if nearest else ""
        return f"not a feature of the model; {question or 'extra_columns=ignore accepts it'}"

    def explain_absent(self, name: str, names: Iterable[str], *, is_compared: bool) -> str:
        """Return what to do about a feature that no row has.

        Args:
            name: the feature.
            names: the columns that the rows have.
            is_compared: look for similar names.
        """
        unknown = islice((other for other in names if other not in self.known), _MAX_NAMES)
        nearest = find_similar(name, unknown, MAX_SUGGESTIONS) if is_compared else []
        question = ""
        if nearest:
            question = f"; did you mean it by {' or '.join(map(_show, nearest))}?"
        return (
            f"no row has {_show(name)}, which had no missing values in training{question or ';'} "
            "missing_columns=impute imputes it"
        )


def explain_lacking(names: Sequence[str], what: str = "row") -> str:
    """Return which of its features a row or a table lacks."""
    shown = ", ".join(map(_show, names[:MAX_SUMMARIZED]))
    hidden = len(names) - MAX_SUMMARIZED
    return f"the {what} lacks {shown}{f' and {hidden} more' if hidden > 0 else ''}"


def count_noun(count: int, noun: str) -> str:
    """Return a number with its noun: 1 value, 2 values."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _show(name: str) -> str:
    return repr(name[:_MAX_SHOWN])
