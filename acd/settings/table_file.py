"""Tables for lookups: CSV files beside the flows, whose first column is the key.

Decides what a table must fulfil: a header, rows as long as it, no key twice. Must not know which flow looks there.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from pathlib import Path

from acd.domain.flow_data import TablePlan
from acd.domain.flow_values import Value
from acd.settings.yaml_marks import Document, printable, read_bytes

MOST_ROWS = 50_000
_ALONE = re.compile(r"\r(?!\n)")


@dataclass(slots=True)
class Table:
    """A table as read: its columns after the first, and its rows by their first column."""

    document: Document
    columns: tuple[str, ...] = ()
    rows: dict[str, tuple[Value, ...]] = field(default_factory=dict)

    def plan(self) -> TablePlan:
        """What the engine looks up."""
        return TablePlan(self.columns, self.rows)


def read_table(path: Path) -> Table:
    """Read a table; whatever is wrong with it stands in its document's mistakes."""
    document = read_bytes(path)
    table = Table(document)
    if document.mistakes:
        return table
    try:
        text = document.raw.decode("utf-8-sig")
        if alone := _ALONE.search(text):  # a line's end to Python's reader, to no editor and to nobody who counts lines
            line = text.count("\n", 0, alone.start()) + 1
            document.add_at((line, 1), (), "has a carriage return that ends no line; save it with ordinary line ends")
            return table
        rows = csv.reader(io.StringIO(text, newline=""), strict=True)
        header = [name.strip() for name in next(rows, [])]
        if len(header) < 2 or len(set(header)) < len(header) or not all(header):  # noqa: PLR2004 - a key, a value
            document.add((), "needs a first line with the names of at least two columns, all different")
            return table
        table.columns = tuple(header[1:])
        for row in rows:
            _add(table, rows.line_num, [cell.strip() for cell in row])
            if len(table.rows) > MOST_ROWS:
                document.add_at((rows.line_num, 1), (), f"has more than {MOST_ROWS} rows")
                break
    except UnicodeDecodeError:
        document.add((), "is not UTF-8 text")
    except csv.Error as error:
        document.add_at((rows.line_num, 1), (), f"cannot be understood as CSV: {error}")
    return table


def _add(table: Table, line: int, row: list[str]) -> None:
    if not any(row):
        return
    key, *values = row
    if len(values) != len(table.columns):
        table.document.add_at((line, 1), (), f"has {len(row)} columns, the first line {len(table.columns) + 1}")
    elif key in table.rows:
        table.document.add_at((line, 1), (), f"'{printable(key)}' stands twice in the first column")
    else:
        table.rows[key] = tuple(values)
