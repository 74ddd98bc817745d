from __future__ import annotations

import os
from pathlib import Path

import pytest

from acd.deploy.install import install
from acd.domain.errors import DeployError
from tests.unit.deploy.plans import small_plan


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    folder = tmp_path / "etc"
    folder.mkdir()
    (folder / "asterisk.conf").write_text("[directories]\n")
    for name in ("extensions.conf", "pjsip.conf", "ari.conf", "manager.conf", "queues.conf"):
        (folder / name).write_text("; the operator's own\n")
    return folder


def test_our_files_come_beside_the_operators_which_stay_as_they_are(etc: Path, tmp_path: Path) -> None:
    done = install(small_plan(), etc, tmp_path / "rec", tmp_path / "moh")
    assert all(path.name.startswith("acd_") for path in done.written)
    assert (etc / "pjsip.conf").read_text() == "; the operator's own\n"
    assert "[agent101]" in (etc / "acd_pjsip.conf").read_text()
    assert (tmp_path / "moh/melody.wav").is_file()


def test_nobody_but_asterisk_may_read_them(etc: Path, tmp_path: Path) -> None:
    for path in install(small_plan(), etc, tmp_path, tmp_path / "moh").written:
        assert path.stat().st_mode & 0o777 == 0o640
        assert path.stat().st_uid == os.geteuid()


def test_only_lines_that_are_missing_are_asked_for(etc: Path, tmp_path: Path) -> None:
    (etc / "pjsip.conf").write_text("[x]\n #tryinclude acd_pjsip.conf ; ours\n")
    (etc / "ari.conf").write_text(f'#include "{etc}/acd_ari.conf"\n')
    (etc / "queues.conf").write_text(";#include acd_queues.conf\n")
    assert install(small_plan(), etc, tmp_path, tmp_path / "moh").lines_to_add == {
        "extensions.conf": "#include acd_extensions.conf",
        "manager.conf": "#include acd_manager.conf",
        "queues.conf": "#include acd_queues.conf",
        "musiconhold.conf": "#include acd_musiconhold.conf",
    }


def test_a_second_run_replaces_our_files(etc: Path, tmp_path: Path) -> None:
    install(small_plan(), etc, tmp_path, tmp_path / "moh")
    install(small_plan(claim_timeout_ms=700), etc, tmp_path, tmp_path / "moh")
    assert "StasisBroadcast(700," in (etc / "acd_extensions.conf").read_text()


def test_a_file_of_our_name_that_somebody_else_wrote_is_left_alone(etc: Path, tmp_path: Path) -> None:
    (etc / "acd_pjsip.conf").write_text("[mine]\n")
    with pytest.raises(DeployError, match=r"acd_pjsip\.conf was not written by this command"):
        install(small_plan(), etc, tmp_path, tmp_path / "moh")
    assert (etc / "acd_pjsip.conf").read_text() == "[mine]\n"
    assert not (etc / "acd_ari.conf").exists()


def test_a_folder_that_is_not_asterisks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match="--etc"):
        install(small_plan(), tmp_path, tmp_path, tmp_path / "moh")
