"""The Prometheus configuration, its rules and alerts, judged by Prometheus' own promtool."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from acd.deploy.toolchain import fetch_tools
from acd.domain.exits import Exit
from acd.engine.kpi import NOT_OFFERED, SUCCESSES
from acd.observability.delays import of_journal
from acd.observability.metrics import MetricsExporter, WriterHealth
from tests.unit.observability.sample import a_view, busy_figures

PROMETHEUS = Path(__file__).parents[2] / "config" / "prometheus"


def promtool(*arguments: str) -> str:
    tools = fetch_tools()
    done = subprocess.run(
        [*tools.argv("promtool"), *arguments],
        env={**os.environ, **tools.env()},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "config", "--lint=all", "--lint-fatal", str(PROMETHEUS / "prometheus.yml")),
        ("check", "rules", "--lint=all", "--lint-fatal", str(PROMETHEUS / "rules" / "acd.yml")),
    ],
    ids=["configuration", "rules"],
)
def test_promtool_finds_nothing_to_say(arguments: tuple[str, ...]) -> None:
    assert "SUCCESS" in promtool(*arguments)


def test_ratios_and_alerts_are_what_their_examples_say() -> None:
    assert "SUCCESS" in promtool("test", "rules", str(PROMETHEUS / "rules" / "acd.test.yml"))


def test_every_figure_the_rules_use_is_one_the_engine_gives() -> None:
    health = (WriterHealth("journal", 0, 0, 0),)
    view = a_view(busy_figures())
    body, _ = MetricsExporter(lambda: view, lambda: health, (of_journal(),), active=lambda: True).render("")
    given = set(re.findall(r"^# HELP (acd_[a-z_]+)", body.decode(), re.MULTILINE))
    used = set(re.findall(r"\bacd_[a-z_]+", _expressions()))
    assert {name.removesuffix("_bucket") for name in used} <= given


def _expressions() -> str:
    """The rules without names, comments and words for people."""
    lines = (PROMETHEUS / "rules" / "acd.yml").read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not re.match(r"\s*(#|- name:|- alert:)", line))


def test_the_rules_count_the_same_exits_as_the_engine() -> None:
    """The rules' success call ratio is the engine's form scr-1."""
    text = (PROMETHEUS / "rules" / "acd.yml").read_text(encoding="utf-8")
    left_out = {frozenset(m.split("|")) for m in re.findall(r'acd_contacts_total\{exit!~"([^"]*)"', text)}
    succeeded = {frozenset(m.split("|")) for m in re.findall(r'acd_contacts_total\{exit=~"([^"]*)"', text)}
    assert left_out == {frozenset(Exit(e).value for e in NOT_OFFERED)}
    assert succeeded == {frozenset(Exit(e).value for e in SUCCESSES)}
