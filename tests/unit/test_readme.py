"""What README.md says is so: names, commands, formulas and the example are those of the program."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from acd.__main__ import GROUPS, make_app
from acd.domain.exits import Exit
from acd.domain.ids import PbxId
from acd.engine.kpi import NOT_OFFERED, SUCCESSES
from acd.engine.state import Links
from acd.engine.view_shapes import EngineView
from acd.observability.delays import of_journal, of_loop, of_missing_cores, of_offers, of_own_work
from acd.observability.metrics import MetricsExporter, WriterHealth
from acd.runtime.clock import AnchoredClock
from acd.runtime.gaps import GapLedger
from acd.settings import load
from acd.sim.scenario import (
    load as load_scenario,
)
from acd.web import calendars, callbacks, gaps
from acd.web.handlers import ROUTES
from tests.unit.observability.sample import a_view, busy_figures
from tests.unit.observability.test_data_metrics import FIGURES

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def exported(view: EngineView) -> set[str]:
    """The names of all metrics of an engine of which that is the view."""
    exporter = MetricsExporter(
        lambda: view,
        lambda: (WriterHealth("journal", 0, 0, 0),),
        (of_offers(), of_loop(), of_own_work(), of_missing_cores(), of_journal()),
        data=lambda: FIGURES,
        loads=lambda: {"loaded": 1},
        active=lambda: True,
        gaps=GapLedger(AnchoredClock(), lambda _rows: None),
    )
    return set(re.findall(r"^# TYPE (acd_\w+)", exporter.render("")[0].decode(), re.MULTILINE))


def test_every_metric_is_explained_and_no_other() -> None:
    one = a_view(busy_figures())
    several = replace(one, pbxs=((PbxId("jkt"), Links()),))
    assert set(re.findall(r"`(acd_\w+)`", README)) == exported(one) | exported(several)


@pytest.mark.parametrize("ended", Exit)
def test_every_exit_is_listed_with_its_part_in_the_success_call_ratio(ended: Exit) -> None:
    part = "success" if ended in SUCCESSES else "left out" if ended in NOT_OFFERED else "failure"
    assert re.search(rf"^\| `{ended}` \| .* \| {part} \|$", README, re.MULTILINE)


def test_every_command_exists() -> None:
    app = CliRunner()
    named = set(re.findall(r"(?:^ *|`)acd ([a-z]+)(?: ([a-z]+))?", README, re.MULTILINE))
    assert ("asterisk", "install") in named
    for command, below in named:
        words = [command, below] if command in GROUPS else [command]
        done = app.invoke(make_app(command), [*words, "--help"])
        assert done.exit_code == 0, words


def test_every_target_of_make_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", README, re.MULTILINE)) <= targets


def test_every_resource_of_the_api_exists() -> None:
    known = {
        re.sub(r"\{\w+\}", "agent101", route.path)
        for route in (*ROUTES, *callbacks.ROUTES, *calendars.ROUTES, *gaps.ROUTES)
    } | {"/api/v1/openapi.json"}
    named = set(re.findall(r"(?:\$U|`)(/[a-z][\w/.-]*)[`\"?]", README))
    assert {path for path in named if path.startswith(("/api", "/healthz", "/readyz", "/metrics"))} <= known
    assert "/api/v1/agents/agent101/pause" in named


def test_every_file_named_exists() -> None:
    for name in re.findall(r"`((?:config|ivr_flows|acd)/[\w./-]+)`|\]\((\w[\w./-]+)\)", README):
        path = name[0] or name[1]
        if "NAME" not in path and not path.startswith("ivr_flows/bantuan."):
            assert (ROOT / path).exists(), path


def test_the_flow_of_the_example_can_be_used(tmp_path: Path) -> None:
    for name in ("config", "ivr_flows"):
        shutil.copytree(ROOT / name, tmp_path / name)
    example = re.search(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert example is not None
    (tmp_path / "ivr_flows/bantuan.yaml").write_text(example[1], encoding="utf-8")
    codes = tmp_path / "config/access_codes.yaml"
    codes.write_text("access_codes:\n  169: {flow: 169}\n  1500169: {flow: bantuan}\n", encoding="utf-8")
    plan = load(tmp_path / "config", tmp_path / "ivr_flows", {}, secrets=False).plan
    assert "bantuan" in plan.flows


def test_the_scenario_of_the_example_can_be_simulated(tmp_path: Path) -> None:
    (example,) = (e for e in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL) if "two groups" in e)
    (tmp_path / "two.yaml").write_text(example, encoding="utf-8")
    assert load_scenario(tmp_path / "two.yaml").name == "two groups"
