"""The README's tables of names and functions are those of the code, and its example is right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from acd.domain.flow_values import Expression
from acd.engine.ivr import names
from acd.settings.expressions import Checker
from acd.settings.expressions.language import FUNCTIONS

README = (Path(__file__).parents[4] / "README.md").read_text(encoding="utf-8")
SECTION = README.partition("### Expressions\n")[2].partition("\n## ")[0]
ROWS = [line for line in SECTION.splitlines() if line.startswith("|")]
WORDS = {word for row in ROWS for code in re.findall(r"`([^`]+)`", row) for word in re.findall(r"\w+", code)}


@pytest.mark.parametrize("name", [*names.PLAIN, *names.OF_QUEUE, *names.OF_CALENDAR, *FUNCTIONS])
def test_every_name_and_function_is_explained(name: str) -> None:
    assert set(name.split(".")) <= WORDS


def test_the_example_is_right() -> None:
    flow = yaml.safe_load(SECTION.partition("```yaml\n")[2].partition("```")[0])
    checker = Checker({**flow["variables"], **names.types(["q_lkpm"], [])})
    nodes = flow["nodes"]
    conditions = [(case["when"], "boolean") for case in nodes["ramai"]["cases"]]
    for source, wanted in (*conditions, (nodes["hitung"]["set"]["tries"], "number")):
        assert isinstance(checker.expression(source, wanted), Expression)  # type: ignore[arg-type]
