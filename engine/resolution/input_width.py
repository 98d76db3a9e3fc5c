"""The inputs of a network: their number, and the embedding tables for them.

For planned columns the number is an upper bound: the fitted number is the same, or less if a
category is absent from the training rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.preprocessing.column_plan import ColumnInputs
from engine.preprocessing.feature_layout import count_inputs, embedding_tables
from engine.specs import MAX_FEATURES, EmbeddingTable


@dataclass(frozen=True)
class NetworkInputs:
    """The inputs of a network.

    Attributes:
        count: inputs per row.
        tables: embedding tables for the coded inputs.
    """

    count: int
    tables: tuple[EmbeddingTable, ...]


def network_inputs(columns: Sequence[ColumnInputs]) -> NetworkInputs:
    """Return the network inputs that the columns become."""
    count = count_inputs(columns)
    # Table positions have the same limit; exceeding it is reported as a problem.
    tables = embedding_tables(columns) if count <= MAX_FEATURES else ()
    return NetworkInputs(count, tables)
