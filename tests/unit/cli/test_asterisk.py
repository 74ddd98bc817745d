from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from acd.cli import asterisk as command
from acd.deploy.finding import Finding

ROOT = Path(__file__).parents[3]
FOLDERS = ["--config", str(ROOT / "config"), "--flows", str(ROOT / "ivr_flows")]


@pytest.fixture
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACD_ARI_PASSWORD", "ari-secret-1")
    monkeypatch.setenv("ACD_AMI_PASSWORD", "ami-secret-1")
    monkeypatch.setenv("ACD_API_TOKENS", "test " + "x" * 40)


@pytest.mark.usefixtures("_secrets")
def test_a_check_prints_each_finding_and_fails_for_a_serious_one(monkeypatch: pytest.MonkeyPatch) -> None:
    findings = [Finding(serious=True, message="no context", remedy="include it")]
    monkeypatch.setattr(command, "find_missing", lambda *_: findings)
    done = CliRunner().invoke(command.app, ["check", *FOLDERS])
    assert done.exit_code == 1
    assert done.stdout == "MISSING: no context\n    -> include it\n1 thing is missing.\n"


@pytest.mark.usefixtures("_secrets")
def test_a_check_with_mere_notes_succeeds(monkeypatch: pytest.MonkeyPatch) -> None:
    findings = [Finding(serious=False, message="old", remedy="renew it")]
    monkeypatch.setattr(command, "find_missing", lambda *_: findings)
    done = CliRunner().invoke(command.app, ["check", *FOLDERS])
    assert done.exit_code == 0
    assert done.stdout.endswith("Asterisk has all the engine needs.\n")


def test_without_its_secrets_a_command_names_what_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ACD_ARI_PASSWORD", "ACD_AMI_PASSWORD", "ACD_API_TOKENS"):
        monkeypatch.delenv(name, raising=False)
    done = CliRunner().invoke(command.app, ["check", *FOLDERS])
    assert done.exit_code == 1
    assert "ACD_ARI_PASSWORD" in done.stderr
    assert isinstance(done.exception, SystemExit)


@pytest.mark.usefixtures("_secrets")
def test_an_installation_prints_the_lines_to_add_and_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    etc = tmp_path / "etc"
    etc.mkdir()
    (etc / "asterisk.conf").touch()
    written = []
    monkeypatch.setattr("acd.deploy.install.publish", lambda _, path: written.append(path))
    done = CliRunner().invoke(command.app, ["install", "--etc", str(etc), *FOLDERS])
    assert done.exit_code == 0
    assert f"  {etc}/pjsip.conf:  #include acd_pjsip.conf\n" in done.stdout
    assert "ari-secret-1" not in done.stdout
    assert [path.name for path in written] == ["melody.wav"]


def test_stopping_what_does_not_run_fails(tmp_path: Path) -> None:
    done = CliRunner().invoke(command.app, ["stop", str(tmp_path)])
    assert done.exit_code == 1
    assert done.stderr == f"No Asterisk runs in {tmp_path}\n"
