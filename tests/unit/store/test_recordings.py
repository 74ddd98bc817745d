"""A recording is ok only when the sound is really there."""

from __future__ import annotations

import asyncio
import math
import os
import struct
import threading
import wave
from array import array
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acd.domain.events import RecordingChecked
from acd.domain.ids import RecordingName
from acd.store import recordings as recordings_module
from acd.store.recordings import CUT_OFF, RecordingFiles

NAME = RecordingName("acd/rec-1")


def tone(seconds: float, peak: int = 8000, rate: int = 8000) -> bytes:
    return array("h", [int(peak * math.sin(n / 4)) for n in range(int(seconds * rate))]).tobytes()


def write_wav(folder: Path, frames: bytes, *, name: str = NAME, rate: int = 8000, channels: int = 1) -> Path:
    path = folder / f"{name}.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(frames)
    return path


async def check(folder: Path, talk_s: float, name: str = NAME) -> RecordingChecked:
    return await RecordingFiles(folder, unfinished_s=0.0).check(RecordingName(name), talk_s, lambda: 1234.5)


async def test_a_whole_file_is_ok_with_its_size_and_duration(tmp_path: Path) -> None:
    path = write_wav(tmp_path, tone(10))
    assert await check(tmp_path, 10.4) == RecordingChecked(1234.5, NAME, path.stat().st_size, 10.0, ok=True, problem="")


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (8000, 2), (16000, 1), (48000, 2)])
async def test_duration_comes_from_rate_and_channels(tmp_path: Path, rate: int, channels: int) -> None:
    write_wav(tmp_path, tone(3, rate=rate * channels), rate=rate, channels=channels)
    assert (await check(tmp_path, 3.0)).duration_s == 3.0


@pytest.mark.parametrize(
    ("talk_s", "sound_s", "ok"),
    [(10, 9.0, True), (10, 8.99, False), (100, 95.0, True), (100, 94.9, False), (0.5, 0.01, True), (5, 60, True)],
)
async def test_short_by_more_than_a_second_and_five_percent_is_not_ok(
    tmp_path: Path,
    talk_s: float,
    sound_s: float,
    ok: bool,  # noqa: FBT001 - a table
) -> None:
    write_wav(tmp_path, tone(sound_s))
    result = await check(tmp_path, talk_s)
    assert result.ok is ok
    assert ("s of talk" in result.problem) is not ok


def without_length(path: Path) -> bytes:
    """What Asterisk leaves when it is killed: sound, and a header written before it."""
    raw = bytearray(path.read_bytes())
    raw[4:8] = raw[40:44] = struct.pack("<I", 0)
    path.write_bytes(raw)
    return bytes(raw)


async def test_a_file_asterisk_died_over_is_repaired_in_place_and_says_so(tmp_path: Path) -> None:
    path = write_wav(tmp_path, tone(6))
    whole = path.read_bytes()
    without_length(path)
    checked = await check(tmp_path, 6.5)
    assert (checked.bytes, checked.duration_s, checked.ok, checked.problem) == (len(whole), 6.0, False, CUT_OFF)
    assert path.read_bytes() == whole
    assert (await check(tmp_path, 6.5)).ok


async def test_a_frame_cut_in_two_is_left_out_of_the_length(tmp_path: Path) -> None:
    path = write_wav(tmp_path, tone(2))
    path.write_bytes(without_length(path)[:-1])
    await check(tmp_path, 2)
    with wave.open(str(path), "rb") as file:
        assert file.getnframes() == 2 * 8000 - 1


async def test_a_file_that_lost_more_than_may_be_says_how_much_and_is_repaired_all_the_same(tmp_path: Path) -> None:
    path = write_wav(tmp_path, tone(6))
    without_length(path)
    assert (await check(tmp_path, 10)).problem == "6.0 s of sound for 10.0 s of talk"
    with wave.open(str(path), "rb") as file:
        assert file.getnframes() == 6 * 8000


async def test_a_file_asterisk_still_writes_is_left_alone(tmp_path: Path) -> None:
    path = write_wav(tmp_path, tone(6))
    whole = path.read_bytes()
    raw = without_length(path)
    files = RecordingFiles(tmp_path, unfinished_s=0.2)
    looking = asyncio.create_task(files.check(RecordingName(NAME), 7, lambda: 1.0))
    await asyncio.sleep(0.05)
    path.write_bytes(raw + tone(1))  # it grows
    assert (await looking).problem == ""
    assert path.read_bytes() == raw + tone(1)
    path.write_bytes(raw)
    looking = asyncio.create_task(files.check(RecordingName(NAME), 6, lambda: 1.0))
    await asyncio.sleep(0.05)
    path.write_bytes(whole)  # it is closed
    assert (await looking).ok


async def test_a_header_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_wav(tmp_path, tone(6))
    raw = without_length(path)

    def refuse(_: int) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "fsync", refuse)
    problem = (await check(tmp_path, 6)).problem
    assert problem == "Asterisk died over the file, and its header cannot be repaired: Permission denied"
    assert len(path.read_bytes()) == len(raw)


async def test_a_file_of_no_bytes_is_a_problem_and_stays_so(tmp_path: Path) -> None:
    path = tmp_path / f"{NAME}.wav"
    path.parent.mkdir(parents=True)
    path.touch()
    assert (await check(tmp_path, 6)).problem == "the file is empty"
    assert path.read_bytes() == b""


async def test_a_file_the_disk_cut_short_is_truncated_even_when_long_enough(tmp_path: Path) -> None:
    path = write_wav(tmp_path, tone(10))
    path.write_bytes(path.read_bytes()[:-1000])
    result = await check(tmp_path, 9.5)
    assert (result.ok, result.problem) == (False, "the file is truncated: 1000 bytes are missing")


async def test_silence_is_a_problem_and_soft_speech_late_in_the_file_is_not(tmp_path: Path) -> None:
    write_wav(tmp_path, tone(20, peak=60))
    looked_at = await check(tmp_path, 20)
    assert (looked_at.problem, looked_at.silent) == ("the file is silent", True)
    write_wav(tmp_path, bytes(19 * 16000) + tone(1, peak=300))
    assert (await check(tmp_path, 20)).ok
    write_wav(tmp_path, array("h", [-32768] * 8000).tobytes())
    assert (await check(tmp_path, 1)).ok


async def test_extra_chunks_before_the_data_are_stepped_over(tmp_path: Path) -> None:
    frames = tone(2)
    fmt = struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16)
    body = b"WAVE" + b"LIST" + struct.pack("<I", 3) + b"abc\0" + b"fmt " + struct.pack("<I", 18) + fmt + b"\0\0"
    body += b"data" + struct.pack("<I", len(frames)) + frames
    (tmp_path / "x.wav").write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    result = await check(tmp_path, 2, "x")
    assert (result.ok, result.duration_s) == (True, 2.0)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "there is no file"),
        (b"", "the file is empty"),
        (b"RIFF", "the file is no WAV file"),
        (b"ID3 something else entirely, with some length", "the file is no WAV file"),
        (b"RIFF\0\0\0\0WAVEdata\0\0\0\0", "the file is no WAV file"),
        (b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0" + bytes(16) + b"data\0\0\0\0" + b"x" * 100, "the file is no WAV file"),
    ],
)
async def test_what_is_no_recording_is_a_result_not_an_error(
    tmp_path: Path, content: bytes | None, problem: str
) -> None:
    if content is not None:
        (tmp_path / "x.wav").write_bytes(content)
    result = await check(tmp_path, 5, "x")
    assert result == RecordingChecked(1234.5, RecordingName("x"), len(content or b""), 0.0, ok=False, problem=problem)


async def test_a_header_without_frames_holds_no_sound(tmp_path: Path) -> None:
    write_wav(tmp_path, b"")
    looked_at = await check(tmp_path, 0.2)
    assert (looked_at.problem, looked_at.silent) == ("the file holds no sound", True)
    assert not (await check(tmp_path, 20)).silent


@pytest.mark.parametrize("name", ["../secret", "/etc/secret", "a/../../secret", "\0", "x" * 5000, "folder"])
async def test_no_name_reaches_outside_the_folder_or_raises(tmp_path: Path, name: str) -> None:
    inside = tmp_path / "recordings"
    (inside / "folder.wav").mkdir(parents=True)
    write_wav(tmp_path, tone(5), name="secret")
    result = await check(inside, 5, name)
    assert (result.ok, result.bytes) == (False, 0)


async def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    target = write_wav(tmp_path, tone(5), name="secret")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "x.wav").symlink_to(target)
    assert "leads out" in (await check(tmp_path / "in", 5, "x")).problem


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200) | st.binary(max_size=120).map(lambda b: b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0" + b))
def test_no_content_makes_it_raise(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.wav").write_bytes(content)
    size, duration, _problem = RecordingFiles(tmp_path)._look(RecordingName("x"), 5.0)
    assert size == len(content)
    assert 0 <= duration < math.inf


async def test_files_are_read_off_the_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_wav(tmp_path, tone(1))
    threads: list[threading.Thread] = []
    real = recordings_module._read_header

    def noting(*args: object) -> object:
        threads.append(threading.current_thread())
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(recordings_module, "_read_header", noting)
    await check(tmp_path, 1)
    assert threads
    assert threads[0] is not threading.main_thread()
