from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from acd.deploy.asterisk import AsteriskInstance, ari_answers, require_free, write_private
from acd.deploy.plan import UserPlan
from acd.deploy.toolchain import ToolSet
from acd.domain.errors import DeployError
from tests.unit.deploy.plans import ARI_SECRET, small_plan

NO_TOOLS = ToolSet(None, {}, {})


@pytest.fixture
def tools(tmp_path: Path) -> ToolSet:
    """An Asterisk that says why it cannot run."""
    modules = tmp_path / "ast/lib/asterisk/modules"
    modules.mkdir(parents=True)
    (modules / "res_ari.so").touch()
    program = tmp_path / "ast/sbin/asterisk"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'Unable to open configuration' >&2\nexit 3\n")
    program.chmod(0o755)
    return ToolSet(None, {"asterisk": (str(program),)}, {})


def _free_plan() -> dict[str, UserPlan | int]:
    ports = []
    for kind in (socket.SOCK_STREAM, socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.bind(("127.0.0.1", 0))
            ports.append(int(probe.getsockname()[1]))
    return {
        "ari": UserPlan("acd", ARI_SECRET, ports[0]),
        "ami": UserPlan("acd", "ami-secret-1", ports[1]),
        "sip_port": ports[2],
    }


def test_every_file_of_an_instance_is_the_users_own_only(tmp_path: Path, tools: ToolSet) -> None:
    instance = AsteriskInstance(tools, tmp_path / "run")
    instance.render(small_plan())
    assert instance.run_dir.stat().st_mode & 0o777 == 0o700
    files = list((instance.run_dir / "etc").iterdir())
    assert len(files) > 20
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_music_is_made_unless_the_plan_has_its_own(tmp_path: Path, tools: ToolSet) -> None:
    AsteriskInstance(tools, tmp_path / "a").render(small_plan())
    AsteriskInstance(tools, tmp_path / "b").render(small_plan(moh_dir=tmp_path / "songs"))
    assert (tmp_path / "a/moh/melody.wav").is_file()
    assert not (tmp_path / "b/moh").exists()
    assert f"directory={tmp_path / 'songs'}\n" in (tmp_path / "b/etc/musiconhold.conf").read_text()


def test_a_start_that_fails_shows_what_asterisk_said(tmp_path: Path, tools: ToolSet) -> None:
    plan = small_plan(**_free_plan())
    instance = AsteriskInstance(tools, tmp_path / "run")
    instance.render(plan)
    with pytest.raises(DeployError, match=r"code 3[^$]*Unable to open configuration"):
        instance.start(plan)
    assert not instance.running()


def test_ports_that_are_taken_are_named_before_anything_starts() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = int(other.getsockname()[1])
        with pytest.raises(DeployError, match=f"ARI at 127.0.0.1:{port}"):
            require_free(small_plan(**{**_free_plan(), "ari": UserPlan("acd", ARI_SECRET, port)}))
    require_free(small_plan(**_free_plan()))


def test_a_long_folder_gets_a_short_private_place_for_its_socket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", "/tmp")  # noqa: S108 - the folder below it is private
    instance = AsteriskInstance(NO_TOOLS, tmp_path / ("x" * 100))
    assert len(str(instance.control_dir / "asterisk.ctl")) < 108
    assert instance.control_dir == AsteriskInstance(NO_TOOLS, tmp_path / ("x" * 100)).control_dir
    assert AsteriskInstance(NO_TOOLS, Path("/tmp/a")).control_dir == Path("/tmp/a/run")  # noqa: S108 - not written


def test_a_process_number_of_somebody_else_is_not_believed(tmp_path: Path) -> None:
    instance = AsteriskInstance(NO_TOOLS, tmp_path)
    (tmp_path / "run").mkdir()
    (tmp_path / "run/asterisk.pid").write_text(str(os.getpid()))
    assert instance.pid() is None
    instance.stop()


def test_an_instance_left_by_another_process_is_found_and_ended(tmp_path: Path) -> None:
    instance = AsteriskInstance(NO_TOOLS, tmp_path)
    script = tmp_path / "stand-in"
    script.write_text("#!/bin/sh\necho started\nwhile :; do sleep 0.05; done\n")
    script.chmod(0o755)
    argv = [str(script), "-C", str(tmp_path / "etc/asterisk.conf")]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"started\n"
            (tmp_path / "run").mkdir()
            (tmp_path / "run/asterisk.pid").write_text(str(process.pid))
            assert instance.pid() == process.pid
            instance.stop()
            assert instance.pid() is None
        finally:
            process.kill()


def test_ari_that_nobody_serves_does_not_answer() -> None:
    assert not ari_answers(UserPlan("acd", ARI_SECRET, 1))


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DeployError, match="cannot be written"):
        write_private(tmp_path / "file", {"a": "b"})
