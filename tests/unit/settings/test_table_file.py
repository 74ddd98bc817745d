"""Tables for lookups: what is wrong with one is told with the line it stands in."""

from __future__ import annotations

from pathlib import Path

import pytest

from acd.settings import table_file
from acd.settings.table_file import Table, read_table


def table(folder: Path, content: bytes) -> Table:
    path = folder / "kota.csv"
    path.write_bytes(content)
    return read_table(path)


def mistakes(folder: Path, content: bytes) -> list[tuple[int, str]]:
    return [(mistake.line, mistake.message) for mistake in table(folder, content).document.mistakes]


@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_table_is_read_as_any_office_program_saves_it(ends: bytes, mark: bytes, tmp_path: Path) -> None:
    lines = [b"code, city,zone", b"021,Jakarta,WIB", b"", b'031,"Surabaya, Gubeng",WIB', b""]
    read = table(tmp_path, mark + ends.join(lines))
    assert read.document.mistakes == []
    assert read.columns == ("city", "zone")
    assert read.rows == {"021": ("Jakarta", "WIB"), "031": ("Surabaya, Gubeng", "WIB")}


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (b"", 1, "needs a first line with the names of at least two columns, all different"),
        (b"code\n021\n", 1, "needs a first line with the names of at least two columns, all different"),
        (b"code,code\n", 1, "needs a first line with the names of at least two columns, all different"),
        (b"code,\n", 1, "needs a first line with the names of at least two columns, all different"),
        (b"code,city\n021,Jakarta\n\n031\n", 4, "has 1 columns, the first line 2"),
        (b"code,city\r\n021,Jakarta\r\n021,Medan\r\n", 3, "'021' stands twice in the first column"),
        (b'code,city\n021,"Ja\nkarta"\n031\n', 4, "has 1 columns, the first line 2"),
        (b"code,city\n021,\xff\n", 1, "is not UTF-8 text"),
        (b'code,city\n021,"Jakarta" x\n', 2, "cannot be understood as CSV: ',' expected after '\"'"),
        (b'code,city\n021,"Jakarta\n', 2, "cannot be understood as CSV: unexpected end of data"),
    ],
)
def test_a_mistake_in_a_table_names_its_line(content: bytes, line: int, message: str, tmp_path: Path) -> None:
    assert mistakes(tmp_path, content) == [(line, message)]


@pytest.mark.parametrize("content", [b"code,city\r021,Jakarta\r", b"code,city\n021,Ja\rkarta\n031\n"])
def test_a_carriage_return_alone_is_no_lines_end_and_throws_no_count_out(content: bytes, tmp_path: Path) -> None:
    line = content[: content.index(b"\r")].count(b"\n") + 1
    message = "has a carriage return that ends no line; save it with ordinary line ends"
    assert mistakes(tmp_path, content) == [(line, message)]


def test_a_table_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_file, "MOST_ROWS", 3)
    rows = b"".join(b"%d,x\n" % number for number in range(10))
    assert mistakes(tmp_path, b"code,city\n" + rows) == [(5, "has more than 3 rows")]
