"""Reading YAML with positions and without guesses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.settings.yaml_marks import MAX_BYTES, parse, printable, read, show

COLON = "a colon is not allowed here; is the indentation right, or does the text need quotes?"
ALIAS = "aliases are not supported; write the value out, or quote a text that begins with *"


def messages(text: bytes) -> list[str]:
    return [str(m) for m in parse(text, "f.yaml").mistakes]


def test_every_scalar_stays_the_text_that_was_written() -> None:
    text = b"a: 0217001234\nb: 17:00\nc: 007\nd: no\ne: 2026-01-01\nf: ~\ng: 1.50\n<<: x\n"
    expected = {
        "a": "0217001234",
        "b": "17:00",
        "c": "007",
        "d": "no",
        "e": "2026-01-01",
        "f": "~",
        "g": "1.50",
        "<<": "x",
    }
    assert parse(text, "f.yaml").value == expected


def test_keys_and_values_keep_their_line_and_column() -> None:
    document = parse(b"# head\nqueues:\n  q: {name: Umum, skills: [a, b]}\n", "f.yaml")
    assert document.position(("queues", "q")) == (3, 6)
    assert document.position(("queues", "q"), at_key=True) == (3, 3)
    assert document.position(("queues", "q", "name")) == (3, 13)
    assert document.position(("queues", "q", "skills", 1)) == (3, 31)


def test_a_path_that_is_not_there_stands_at_its_nearest_parent() -> None:
    document = parse(b"queues:\n  q: {name: Umum}\n", "f.yaml")
    assert document.position(("queues", "q", "requires", "lkpm")) == (2, 3)
    assert document.position(("agents",)) == (1, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"a: 1\nb: 2\na: 3\n", "f.yaml:3:1: a: this key stands twice; the first is in line 1"),
        (b"x: {a: 1, a: 2}", "f.yaml:1:11: x.a: this key stands twice; the first is in line 1"),
        (b"a:\n\tb: 1\n", "f.yaml:2:1: (file): a tab cannot indent YAML; use spaces"),
        (b"a: *b", f"f.yaml:1:4: (file): {ALIAS}"),
        (b"a: &b 1", "f.yaml:1:4: (file): anchors are not supported; quote a text that begins with &"),
        (b"a:\n  *: x", 'f.yaml:2:4: (file): a star is special in YAML; write it in quotes: "*"'),
        (b"a: !!int 1", "f.yaml:1:4: (file): tags are not supported; quote a text that begins with !"),
        (b"a: b: c", f"f.yaml:1:5: (file): {COLON}"),
        (b"a: 1\nb\nc: 2", "f.yaml:2:1: (file): a key without a colon; is the line complete?"),
        (b"a: 1\n--- \nb: 2", "f.yaml:2:1: (file): a second document begins here; one file holds one"),
        (b"? [a]\n: b", "f.yaml:1:3: (file): a key must be text"),
        (b"", "f.yaml:1:1: (file): is empty"),
        (b"# only a comment\n", "f.yaml:1:1: (file): is empty"),
        (b"a: 1\nb: \xff", "f.yaml:2:4: (file): is not UTF-8 text"),
        (b"a: 1\nb: \x00", "f.yaml:2:4: (file): the character U+0000 is not allowed"),
        (b'a: "\\UFFFFFFFF"', "f.yaml:1:7: (file): cannot be understood as YAML here"),
        (b'a: "\\ud800"', "f.yaml:1:4: a: holds half a character (a lone surrogate)"),
        (b"[" * 5000, "f.yaml:1:31: (file): nested deeper than 30 levels"),
        (b"a: '", "f.yaml:1:4: (file): a quote without its end"),
    ],
)  # fmt: skip
def test_a_slip_is_one_message_with_its_place(text: bytes, expected: str) -> None:
    assert messages(text) == [expected]


def test_the_first_of_two_equal_keys_counts() -> None:
    assert parse(b"a: 1\na: 2\n", "f.yaml").value == {"a": "1"}


def test_aliases_cannot_unfold() -> None:
    bomb = b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
    assert parse(bomb, "f.yaml").value is None


def test_a_file_too_large_is_not_parsed() -> None:
    assert messages(b"a" * (MAX_BYTES + 1)) == [f"f.yaml:1:1: (file): is larger than {MAX_BYTES} bytes"]


def test_a_byte_order_mark_is_no_mistake() -> None:
    assert parse(b"\xef\xbb\xbfa: 1", "f.yaml").value == {"a": "1"}


def test_what_cannot_be_read_is_a_mistake(tmp_path: Path) -> None:
    folder = tmp_path / "folder.yaml"
    folder.mkdir()
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    loop = tmp_path / "loop.yaml"
    loop.symlink_to(loop)
    assert [m.message for m in read(tmp_path / "none.yaml").mistakes] == ["this file is missing"]
    assert [m.message for m in read(folder).mistakes] == ["is no ordinary file"]
    assert [m.message for m in read(pipe).mistakes] == ["is no ordinary file"]
    assert [m.message for m in read(loop).mistakes] == ["cannot be read: Too many levels of symbolic links"]
    [unnameable] = read(Path("a\0b")).mistakes
    assert unnameable.message.startswith("cannot be read: ")  # Python's words for it differ by version


def test_a_message_stays_on_one_line_whatever_it_quotes() -> None:
    document = parse(b"a: 1\n", "f.yaml")
    document.add(("a",), "unknown language '\ufeffen\n'")
    document.warn(("a",), "no test of '\x1b[2J'")
    assert [m.message for m in (*document.mistakes, *document.warnings)] == [
        "unknown language '\N{REPLACEMENT CHARACTER}en\N{REPLACEMENT CHARACTER}'",
        "no test of '\N{REPLACEMENT CHARACTER}[2J'",
    ]


def test_paths_are_shown_on_one_line_without_control_characters() -> None:
    assert show(("a", 0, "b")) == "a[0].b"
    assert show(("a\n\x1b[31m",)) == "a\ufffd\ufffd[31m"
    assert printable("x" * 100, 5) == "xxxxx…"


@given(st.binary(max_size=200) | st.text(alphabet="ab:-[]{}\"'*&!|>%@#?,\t\n \\0", max_size=80).map(str.encode))
def test_no_bytes_raise(text: bytes) -> None:
    document = parse(text, "f.yaml")
    assert document.mistakes or document.value is not None
