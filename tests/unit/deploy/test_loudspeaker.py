"""Playing a sound where somebody sits."""

from __future__ import annotations

from pathlib import Path

import pytest

from acd.deploy.loudspeaker import play_here
from acd.domain.errors import DeployError


def player(folder: Path, name: str, body: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def devices(folder: Path) -> Path:
    place = folder / "snd"
    place.mkdir()
    (place / "pcmC0D0p").touch()
    return place


def test_a_machine_without_sound_says_what_to_do_instead(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match=r"no sound device; .* --to FILE\.wav"):
        play_here(Path("a.wav"), {"PATH": str(tmp_path)}, tmp_path / "none")


def test_the_first_player_that_is_there_plays(tmp_path: Path) -> None:
    player(tmp_path, "aplay", f'echo "$*" > {tmp_path}/played')
    player(tmp_path, "ffplay", "exit 1")
    play_here(Path("a.wav"), {"PATH": str(tmp_path)}, devices(tmp_path))
    assert (tmp_path / "played").read_text() == "-q a.wav\n"


def test_a_sound_server_is_a_sound_device(tmp_path: Path) -> None:
    player(tmp_path, "paplay", f"echo x > {tmp_path}/played")
    play_here(Path("a.wav"), {"PATH": str(tmp_path), "PULSE_SERVER": "unix:/x"}, tmp_path / "none")
    assert (tmp_path / "played").exists()


def test_a_player_that_fails_or_is_missing_is_told(tmp_path: Path) -> None:
    place = devices(tmp_path)
    with pytest.raises(DeployError, match="none of pw-play"):
        play_here(Path("a.wav"), {"PATH": str(tmp_path)}, place)
    player(tmp_path, "pw-play", "echo no daemon >&2; exit 1")
    with pytest.raises(DeployError, match="pw-play cannot play the sound: no daemon"):
        play_here(Path("a.wav"), {"PATH": str(tmp_path)}, place)
    (tmp_path / "pw-play").write_text("#!/no/such/shell\n")
    with pytest.raises(DeployError, match="pw-play cannot play the sound"):
        play_here(Path("a.wav"), {"PATH": str(tmp_path)}, place)
