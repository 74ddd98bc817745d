"""``acd check`` as an operator runs it."""

from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from acd.cli.check import check
from acd.settings import loader

ROOT = Path(__file__).parents[3]
app = typer.Typer()
app.command()(check)


def test_a_right_configuration_is_summed_up_with_exit_code_0() -> None:
    done = CliRunner(env={"ACD_ARI_PASSWORD": ""}).invoke(app, [str(ROOT)])
    assert done.exit_code == 0, done.output
    flows, numbers = "169, cek_nib, gerbang, investor", "169, 1500169"
    assert f"24 agents, 6 queues, flows {flows}, numbers {numbers}, trunks e1 (30 SST)." in done.output
    assert " 4 scenarios. Version" in done.output


def test_each_mistake_is_a_line_an_editor_can_jump_to_with_exit_code_1(tmp_path: Path) -> None:
    for name in ("config", "ivr_flows"):
        shutil.copytree(ROOT / name, tmp_path / name)
    trunks = tmp_path / "config" / "trunks.yaml"
    trunks.write_text(trunks.read_text(encoding="utf-8").replace("capacity: 30", "capacity: 0"), encoding="utf-8")
    line = next(n for n, text in enumerate(trunks.read_text(encoding="utf-8").splitlines(), 1) if "capacity: 0" in text)
    done = CliRunner().invoke(app, [str(tmp_path)])
    assert done.exit_code == 1
    assert done.stdout == f"{trunks}:{line}:15: trunks.e1.capacity: must be at least 1, not '0'\n"
    assert done.stderr == "1 mistake\n"


def test_what_will_not_do_for_long_is_a_warning_with_exit_code_0(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "_today", lambda: date(2027, 12, 1))
    done = CliRunner().invoke(app, [str(ROOT)])
    assert done.exit_code == 0, done.output
    warning, summary = done.output.splitlines()
    assert re.match(
        r".*/calendars\.yaml:\d+:\d+: calendars\.jam_layanan\.joint_leave: .* of 2028: .* \(warning\)$", warning
    )
    assert summary.startswith("No mistakes.")


def test_a_mistake_in_a_scenario_is_found_too(tmp_path: Path) -> None:
    for name in ("config", "ivr_flows"):
        shutil.copytree(ROOT / name, tmp_path / name)
    scenario = tmp_path / "config/scenarios/published_simple_msk.yaml"
    text = scenario.read_text(encoding="utf-8")
    scenario.write_text(text.replace("contact: longest_wait", "contact: longest_weight"), encoding="utf-8")
    line = 1 + text[: text.index("policy: {")].count("\n")
    done = CliRunner().invoke(app, [str(tmp_path)])
    assert done.exit_code == 1
    assert done.stdout.startswith(
        f"{scenario}:{line}:44: policy.contact: unknown policy 'longest_weight'; did you mean 'longest_wait'?"
    )
    assert done.stderr == "1 mistake\n"


def test_secrets_are_looked_for_only_when_asked() -> None:
    runner = CliRunner(env={"ACD_API_TOKENS": None, "ACD_ARI_PASSWORD": None, "ACD_AMI_PASSWORD": None})
    assert runner.invoke(app, [str(ROOT)]).exit_code == 0
    done = runner.invoke(app, [str(ROOT), "--secrets"])
    assert done.exit_code == 1
    assert "ari.password_env: the environment variable ACD_ARI_PASSWORD is not set" in done.stdout


def test_one_agent_is_no_agents(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "config", tmp_path / "config")
    shutil.copytree(ROOT / "ivr_flows", tmp_path / "ivr_flows")
    (tmp_path / "config/agents.yaml").write_text(
        "agents:\n  a1: {name: A, skills: {umum: 5, lang_id: 5, lang_en: 5, perizinan: 5, progres: 5, oss_teknis: 5, "
        "lkpm: 5, pengaduan: 5}}\n",
        encoding="utf-8",
    )
    done = CliRunner().invoke(app, [str(tmp_path)])
    assert "No mistakes. 1 agent, 6 queues," in done.output
