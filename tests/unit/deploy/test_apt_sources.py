from __future__ import annotations

from pathlib import Path

import pytest

from acd.deploy.apt_sources import Distribution, candidates, machine_mirrors, this_distribution
from acd.domain.errors import DeployError


def _write(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def _machine(root: Path, name: str = "debian", codename: str = "bookworm", arch: str = "amd64") -> Distribution:
    _write(root, f"usr/share/keyrings/{name}-archive-keyring.gpg", "")
    return Distribution(name, arch, codename, root)


def test_a_mirror_of_a_deb822_file_is_asked_for_sid_then_testing_before_the_public_one(tmp_path: Path) -> None:
    _write(
        tmp_path,
        "etc/apt/sources.list.d/debian.sources",
        "Types: deb deb-src\n# a comment\nURIs: http://mirror.corp/debian\nSuites: bookworm bookworm-updates\n"
        "Components: main contrib\nSigned-By: /x.gpg\n\n"
        "Types: deb\nURIs: http://mirror.corp/debian-security\nSuites: bookworm-security\nComponents: main\n",
    )
    asked = [(source.mirror, source.suites, source.components) for source in candidates(_machine(tmp_path))]
    assert asked == [
        ("http://mirror.corp/debian", ("sid",), ("main",)),
        ("http://mirror.corp/debian", ("testing",), ("main",)),
        ("http://deb.debian.org/debian", ("sid",), ("main",)),
        ("http://deb.debian.org/debian", ("testing",), ("main",)),
    ]


def test_one_line_files_are_read_with_options_and_comments(tmp_path: Path) -> None:
    _write(
        tmp_path,
        "etc/apt/sources.list",
        "# deb http://old/debian bookworm main\n"
        "deb [arch=amd64 signed-by=/k.gpg] https://u:pw@artifactory.corp/debian-remote bookworm main contrib # ours\n"
        "deb-src http://src/debian bookworm main\n"
        "deb http://security.debian.org/debian-security bookworm-security main\n"
        "deb cdrom:[Debian 12]/ bookworm main\n",
    )
    assert machine_mirrors(_machine(tmp_path)) == ["https://u:pw@artifactory.corp/debian-remote"]


def test_other_vendors_archives_are_not_taken_for_the_distributions(tmp_path: Path) -> None:
    _write(tmp_path, "etc/apt/sources.list.d/docker.list", "deb https://docker.example/linux/debian bookworm stable\n")
    _write(tmp_path, "etc/apt/sources.list.d/grafana.list", "deb https://apt.grafana.example stable main\n")
    _write(
        tmp_path,
        "etc/apt/sources.list.d/off.sources",
        "Enabled: no\nTypes: deb\nURIs: http://off/debian\nSuites: bookworm\nComponents: main\n",
    )
    assert machine_mirrors(_machine(tmp_path)) == []


def test_credentials_of_a_mirror_do_not_show_in_its_name(tmp_path: Path) -> None:
    _write(tmp_path, "etc/apt/sources.list", "deb https://user:secret@mirror.corp/debian bookworm main\n")
    source = candidates(_machine(tmp_path))[0]
    assert "secret" not in str(source)
    assert "secret" in source.deb822()


def test_every_archive_is_checked_against_the_distributions_keyring(tmp_path: Path) -> None:
    for source in candidates(_machine(tmp_path)):
        assert "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n" in source.deb822()


def test_without_the_keyring_the_message_names_its_package(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match="apt-get install debian-archive-keyring"):
        candidates(Distribution("debian", "amd64", "bookworm", tmp_path))


def test_ubuntu_asks_its_own_release_with_universe(tmp_path: Path) -> None:
    _write(
        tmp_path,
        "etc/apt/sources.list.d/ubuntu.sources",
        "Types: deb\nURIs: http://id.archive.ubuntu.com/ubuntu/\nSuites: noble noble-updates\nComponents: main\n",
    )
    first = candidates(_machine(tmp_path, "ubuntu", "noble"))[0]
    assert first.mirror == "http://id.archive.ubuntu.com/ubuntu/"
    assert first.suites == ("noble", "noble-updates", "noble-security")
    assert first.components == ("main", "universe")


def test_ubuntu_on_arm_has_another_public_archive(tmp_path: Path) -> None:
    assert candidates(_machine(tmp_path, "ubuntu", "noble", "arm64"))[-1].mirror.startswith("http://ports.ubuntu.com/")


def test_a_derivative_of_ubuntu_uses_ubuntus_code_name(tmp_path: Path) -> None:
    _write(
        tmp_path,
        "etc/os-release",
        'ID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_CODENAME=wilma\nUBUNTU_CODENAME=noble\n',
    )
    found = this_distribution(tmp_path, "aarch64")
    assert (found.name, found.codename, found.arch) == ("ubuntu", "noble", "arm64")


def test_an_unknown_processor_is_told_which_variables_name_programs(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match="ASTERISK="):
        this_distribution(tmp_path, "riscv64")
