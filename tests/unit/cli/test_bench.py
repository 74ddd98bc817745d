"""What the bench prints can be read without knowing the code."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from acd.cli.bench import PARTS, Part, table
from acd.demo.bench_table import Row


def test_every_part_can_be_asked_for_alone() -> None:
    assert list(PARTS) == list(Part)


def test_the_table_shows_both_sides_the_ratio_and_whether_the_bar_was_kept() -> None:
    text = StringIO()
    rows = [
        Row("INVITE to 200 OK, p50", "ms", 5.5, against=5.0, at_most=1.0),
        Row("one decision, p50", "µs", 8.0, at_most=10.0),
    ]
    Console(file=text, width=120).print(table(rows))
    assert [line for line in text.getvalue().splitlines() if "5.50 ms" in line and "1.10" in line and "missed" in line]
    assert [line for line in text.getvalue().splitlines() if "8.00 µs" in line and "≤ 10" in line and "kept" in line]
