"""A configuration with many mistakes gives one message for each, with its place, all at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from acd.domain.errors import ConfigError, Mistake
from acd.settings import load

BROKEN = Path(__file__).parent / "broken"


def expected() -> list[tuple[str, Mistake]]:
    """Lines ``what stands there | file:line:column: path: message``."""
    rows = []
    for line in (BROKEN / "expected.txt").read_text(encoding="utf-8").splitlines():
        token, _, rest = line.partition(" | ")
        match = re.fullmatch(r"(\S+?):(\d+):(\d+): (\S+): (.*)", rest)
        assert match, line
        file, row, column, path, message = match.groups()
        rows.append((token.strip(), Mistake(file, int(row), int(column), path.replace("(file)", ""), message)))
    return rows


def found() -> list[Mistake]:
    with pytest.raises(ConfigError) as caught:
        load(BROKEN / "config", BROKEN / "ivr_flows", {}, secrets=False)
    prefix = f"{BROKEN}/"
    return [Mistake(m.file.removeprefix(prefix), m.line, m.column, m.path, m.message) for m in caught.value.mistakes]


def test_every_mistake_of_the_broken_configuration_is_told_once_with_file_line_column_and_path() -> None:
    assert found() == [mistake for _, mistake in expected()]


def test_the_broken_configuration_holds_more_than_twenty_different_mistakes() -> None:
    kinds = {re.sub(r"'[^']*'|\S*\d\S*", "", mistake.message) for _, mistake in expected()}
    assert len(kinds) > 20


def test_what_the_message_names_stands_where_it_says() -> None:
    for token, mistake in expected():
        line = (BROKEN / mistake.file).read_text(encoding="utf-8").splitlines()[mistake.line - 1]
        at = line[mistake.column - 1 :]
        assert at.startswith("\t" if token == "(tab)" else token), mistake


def test_no_secret_written_by_mistake_is_repeated() -> None:
    assert "hunter2" not in "\n".join(map(str, found()))
