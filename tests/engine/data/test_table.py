import pytest

from engine.data.table import ColumnSchema, Level, find_column, level_text

COLUMNS = (ColumnSchema("a", "numeric", 0, 3), ColumnSchema("b", "text", 0, None))


def test_column_is_found_by_its_name() -> None:
    assert find_column(COLUMNS, "b") is COLUMNS[1]
    assert find_column(COLUMNS, "c") is None
    assert find_column((), "a") is None


@pytest.mark.parametrize(
    ("level", "text"), [(True, "true"), (False, "false"), ("True", "True"), (1, "1"), (0.5, "0.5")]
)
def test_levels_are_written_as_in_json(level: Level, text: str) -> None:
    assert level_text(level) == text
