"""Previews show kinds, options, rows and notices, also of a truncated file."""

from pathlib import Path

import pytest

from store.errors import IntakeError
from tests.store.intake.csv_files import read, read_preview

MESSY = "age , color,when\n1,red,2024-01-31\n?,blue,\n2.5,red,2024-02-01 10:00\n"


def test_preview_shows_kinds_rows_options_and_notices(tmp_path: Path) -> None:
    preview = read_preview(tmp_path, MESSY)
    assert [(c.name, c.kind) for c in preview.columns] == [
        ("age", "numeric"),
        ("color", "categorical"),
        ("when", "time"),
    ]
    assert preview.sample == (
        {"age": 1.0, "color": "red", "when": "2024-01-31"},
        {"age": None, "color": "blue", "when": None},
        {"age": 2.5, "color": "red", "when": "2024-02-01T10:00:00Z"},
    )
    assert preview.options.delimiter == ","
    assert {notice.code for notice in preview.notices} == {"name_trimmed", "missing_marker"}
    assert (preview.rows_read, preview.is_complete) == (3, True)
    assert [path.name for path in tmp_path.iterdir()] == ["upload"]


def test_preview_of_a_whole_file_equals_reading_it(tmp_path: Path) -> None:
    preview, contents = read_preview(tmp_path, MESSY), read(tmp_path, MESSY).contents
    assert preview.columns == contents.columns
    assert preview.options == contents.options
    assert preview.notices == contents.notices


def test_preview_reads_only_the_first_rows(tmp_path: Path) -> None:
    preview = read_preview(tmp_path, "x,y\n" + "1,2\n" * 30_000 + "a,b\n")
    assert (preview.rows_read, preview.is_complete) == (10_000, False)
    assert len(preview.sample) == 20
    assert preview.columns[0].kind == "numeric"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be", "cp1252"])
def test_last_line_may_be_truncated_anywhere(tmp_path: Path, encoding: str) -> None:
    content = 'x,y\n1,"a, b"\n2,"ü, c"\n'.encode(encoding)
    begin = content.index("2".encode(encoding)[-2 if "16" in encoding else -1 :])
    for end in range(begin + 1, len(content)):
        preview = read_preview(tmp_path, content[:end])
        assert preview.sample[0] == {"x": 1.0, "y": "a, b"}


def test_broken_line_before_the_last_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IntakeError, match="line 2 has 3 cells"):
        read_preview(tmp_path, "x,y\n1,2,3\n1,2\n1")
    assert [path.name for path in tmp_path.iterdir()] == ["upload"]
