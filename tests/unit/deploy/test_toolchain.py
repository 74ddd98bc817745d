from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from acd.deploy import toolchain_apt
from acd.deploy.toolchain import ToolSet, fetch_tools, find_tools
from acd.deploy.toolchain_tree import STAMP, unpack
from acd.domain.errors import DeployError
from tests.unit.deploy.archive import DROPPED, Archive, make

pytestmark = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="packages are built with dpkg-deb")


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Archive:
    return make(tmp_path, monkeypatch)


def _program(path: Path, output: str) -> str:
    path.write_text(f"#!/bin/sh\necho '{output}'\n")
    path.chmod(0o755)
    return str(path)


def test_a_download_gives_every_program_through_the_trees_own_loader(archive: Archive) -> None:
    tools = fetch_tools(environ=archive.environ)
    assert tools.root is not None
    for name in ("asterisk", "sipp", "espeak-ng", "sox", "promtool"):
        loader, option, libraries, program = tools.argv(name)
        assert loader.endswith("ld-linux-x86-64.so.2")
        assert option == "--library-path"
        assert str(tools.root) in libraries
        assert Path(program).is_file()


def test_a_second_run_downloads_nothing_and_needs_no_apt(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    first = fetch_tools(environ=archive.environ)
    monkeypatch.setenv("PATH", "/nonexistent")
    assert fetch_tools(environ=archive.environ) == first
    assert archive.downloads.count("run") == 1


def test_packages_nobody_needs_at_run_time_do_not_come(archive: Archive) -> None:
    fetch_tools(environ=archive.environ)
    assert not any(DROPPED in name for name in archive.downloads)


def test_a_download_cut_short_passes_for_nothing_and_the_next_run_fetches_only_the_rest(archive: Archive) -> None:
    archive.next_download("cut")
    with pytest.raises(DeployError, match="Connection failed"):
        fetch_tools(environ=archive.environ)
    assert find_tools(environ=archive.environ) is None
    before = len(archive.downloads)
    fetch_tools(environ=archive.environ)
    assert archive.downloads[before:] == ["run", "sox.deb", "promtool.deb"]


def test_the_bytes_of_a_file_cut_short_are_kept_for_the_next_run(archive: Archive) -> None:
    archive.next_download("cut")
    with pytest.raises(DeployError):
        fetch_tools(environ=archive.environ)
    assert [path.stat().st_size for path in archive.cache.rglob("sox.deb")] == [100]


def test_a_file_whose_hash_is_wrong_is_refused_and_removed(archive: Archive) -> None:
    archive.next_download("spoil")
    with pytest.raises(DeployError, match=r"sox\.deb does not have the hash"):
        fetch_tools(environ=archive.environ)
    assert find_tools(environ=archive.environ) is None
    assert not list(archive.cache.rglob("sox.deb"))
    fetch_tools(environ=archive.environ)


def test_a_file_spoilt_between_two_runs_is_fetched_again(archive: Archive) -> None:
    archive.next_download("cut")
    with pytest.raises(DeployError):
        fetch_tools(environ=archive.environ)
    kept = next(archive.cache.rglob("asterisk.deb"))
    kept.write_bytes(kept.read_bytes()[:-1] + b"X")
    before = len(archive.downloads)
    fetch_tools(environ=archive.environ)
    assert "asterisk.deb" in archive.downloads[before:]


def test_a_package_dpkg_cannot_read_is_removed(tmp_path: Path) -> None:
    broken = tmp_path / "broken.deb"
    broken.write_bytes(b"!<arch>\nnothing")
    with pytest.raises(DeployError, match=r"broken\.deb cannot be unpacked"):
        unpack(broken, tmp_path)
    assert not broken.exists()


def test_a_tree_without_its_stamp_passes_for_nothing(archive: Archive) -> None:
    tools = fetch_tools(environ=archive.environ)
    assert tools.root is not None
    (tools.root / STAMP).unlink()
    assert find_tools(environ=archive.environ) is None
    assert fetch_tools(environ=archive.environ).root == tools.root


def test_programs_that_do_not_start_leave_no_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = make(tmp_path, monkeypatch, {"usr/bin/sox": "error while loading shared libraries"})
    with pytest.raises(DeployError, match="sox does not tell its version"):
        fetch_tools(environ=archive.environ)
    assert find_tools(environ=archive.environ) is None


def test_an_archive_whose_asterisk_is_too_old_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = make(tmp_path, monkeypatch, {"usr/sbin/asterisk": "Asterisk 18.10.0"})
    with pytest.raises(DeployError, match="Asterisk 20 or later is needed"):
        fetch_tools(environ=archive.environ)


def test_ubuntu_takes_debians_packages_with_the_keyring_its_own_archive_vouches_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = make(tmp_path, monkeypatch, name="ubuntu")
    tools = fetch_tools(environ=archive.environ)
    assert tools.root is not None
    assert "deb.debian.org/debian sid" in (tools.root / STAMP).read_text()
    assert archive.downloads[:2] == ["run", "x.deb"]


def test_ubuntu_without_that_keyring_takes_its_own_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = make(tmp_path, monkeypatch, name="ubuntu")
    archive.know("promtool")
    tools = fetch_tools(environ=archive.environ)
    assert tools.root is not None
    assert "archive.ubuntu.com/ubuntu noble" in (tools.root / STAMP).read_text()


def test_two_runs_at_once_download_once(archive: Archive) -> None:
    found: list[ToolSet] = []
    threads = [threading.Thread(target=lambda: found.append(fetch_tools(environ=archive.environ))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found[0] == found[1]
    assert archive.downloads.count("run") == 1


def test_without_apt_one_message_says_what_to_install_and_which_variables_name_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(toolchain_apt, "_HELPER", tmp_path / "apt-helper")
    with pytest.raises(DeployError) as caught:
        fetch_tools(environ={"ACD_CACHE": str(tmp_path)})
    for word in ("apt-get", "dpkg-deb", "ASTERISK=", "SIPP=", "ESPEAK=", "SOX=", "PROMTOOL=", "Asterisk 20"):
        assert word in str(caught.value)


def test_installed_programs_that_variables_name_need_no_download(tmp_path: Path) -> None:
    asterisk = _program(tmp_path / "asterisk", "Asterisk 20.6.0~dfsg")
    sipp = _program(tmp_path / "sipp", "SIPp v3.6")
    tools = find_tools(("asterisk", "sipp"), {"ASTERISK": asterisk, "SIPP": sipp, "ACD_CACHE": str(tmp_path)})
    assert tools is not None
    assert tools.argv("asterisk") == [asterisk]
    with pytest.raises(DeployError, match="SOX="):
        tools.argv("sox")


def test_a_named_program_takes_the_place_of_the_trees(archive: Archive, tmp_path: Path) -> None:
    fetch_tools(environ=archive.environ)
    asterisk = _program(tmp_path / "asterisk", "Asterisk certified/20.7-cert2")
    tools = find_tools(environ={**archive.environ, "ASTERISK": asterisk})
    assert tools is not None
    assert tools.argv("asterisk") == [asterisk]
    assert tools.argv("sox")[-1].startswith(str(tools.root))


def test_a_named_asterisk_that_is_too_old_is_refused(tmp_path: Path) -> None:
    asterisk = _program(tmp_path / "asterisk", "Asterisk 18.24.1")
    with pytest.raises(DeployError, match=r"18\.24\.1"):
        find_tools(("asterisk",), {"ASTERISK": asterisk})


def test_a_variable_that_names_no_program_is_refused() -> None:
    with pytest.raises(DeployError, match="SIPP=/nonexistent/sipp"):
        find_tools(("sipp",), {"SIPP": "/nonexistent/sipp"})


def test_the_modules_of_an_installed_asterisk_are_found_beside_it(tmp_path: Path) -> None:
    (tmp_path / "sbin").mkdir()
    modules = tmp_path / "lib/asterisk/modules"
    modules.mkdir(parents=True)
    (modules / "res_ari.so").touch()
    tools = ToolSet(None, {"asterisk": (_program(tmp_path / "sbin/asterisk", "Asterisk 22.0.0"),)}, {})
    assert tools.asterisk_modules() == modules
