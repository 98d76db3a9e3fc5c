"""The report of a chaos run: a file, or a section of a file."""

from pathlib import Path

import pytest

from tests.chaos.figures import Figures, append_figures, read_figures
from tests.chaos.report import BEGIN, END, print_table, write_report

WELL = Figures(
    "workers",
    "sqlite",
    seed=1,
    faults=10,
    jobs=12,
    compared=12,
    bit_equal=12,
    longest_orphan_seconds=1.5,
    passed=True,
)
ILL = Figures("api", "postgresql", seed=1, jobs=3, lost=1, complaints=["lost: job-1"])


def test_figures_read_back(tmp_path: Path) -> None:
    for figures in (WELL, ILL):
        append_figures(tmp_path / "figures", figures)
    assert read_figures(tmp_path / "figures") == [WELL, ILL]
    assert read_figures(tmp_path / "none") == []


def test_report_is_a_file(tmp_path: Path) -> None:
    write_report(tmp_path / "report.md", [WELL], "./run chaos --seed 7 --kills 10")
    text = (tmp_path / "report.md").read_text()
    assert "--seed 7 --kills 10" in text
    assert "| workers | sqlite | 10 | 12 | 0 | 0 | 0 | 12 of 12 | 1.5 s | 0.0 | yes |" in text
    assert "no complaint" in text


def test_report_replaces_the_marked_section_of_a_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write_report(page, [ILL], "./run chaos --seed 7 --kills 10")
    text = page.read_text()
    assert text.startswith(f"before\n{BEGIN}\n`./run chaos")
    assert text.endswith(f"- api (postgresql): lost: job-1\n{END}\nafter\n")
    assert "old" not in text


def test_table_shows_what_failed(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([WELL, ILL])
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].endswith("yes")
    assert lines[2].endswith("NO")
