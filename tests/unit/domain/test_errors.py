"""Mistakes are told so that an editor can jump to them."""

from __future__ import annotations

from acd.domain.errors import ConfigError, Mistake


def test_a_mistake_says_file_line_column_path_and_message() -> None:
    assert str(Mistake("a.yaml", 3, 7, "queues.q", "unknown skill")) == "a.yaml:3:7: queues.q: unknown skill"
    assert str(Mistake("a.yaml", 1, 1, "", "empty")) == "a.yaml:1:1: (file): empty"


def test_a_config_error_carries_every_mistake() -> None:
    mistakes = (Mistake("a", 1, 1, "x", "one"), Mistake("b", 2, 2, "y", "two"))
    error = ConfigError(mistakes)
    assert error.mistakes == mistakes
    assert str(error).count("\n") == 1
