"""Recording files: is the sound there, as long as the parties talked, and is it sound at all?

Judges from the file's own frames: Asterisk says "done" with a full disk too. A WAV header's length is 0 after Asterisk
was killed: it is repaired in place, so that players find the sound. Knows nothing of calls; works in a thread, never on
the loop.
"""

from __future__ import annotations

import asyncio
import os
import struct
import sys
from array import array
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from acd.domain.events import RecordingChecked
from acd.domain.ids import RecordingName

SHORT_S = 1.0
SHORT_SHARE = 0.05
"""A file may be shorter than the talk by the larger of these two: Asterisk starts recording a little late."""
SILENT_PEAK = 100
"""A 16-bit file whose loudest sample is below this (-50 dB of full scale) holds no speech, only line noise."""
PORTION_BYTES = 65536
UNFINISHED_S = 3.0
"""Asterisk writes the length at the end, and sound every 2.1 s: it died over a file that has no length and does
not grow for so long."""
CUT_OFF = "Asterisk died over the file, whose last seconds may be missing; its header was repaired"
NO_SOUND = "the file holds no sound"
SILENT = "the file is silent"
RIFF_LENGTH_AT = 4
_CHUNK = struct.Struct("<4sI")
_FORMAT = struct.Struct("<HHIIHH")
_PCM = {1, 0xFFFE}


@dataclass(frozen=True, slots=True)
class _Wav:
    """Where the frames are: ``start`` of the data, ``present`` bytes of it, ``promised`` by the header (0 unknown)."""

    start: int
    present: int
    promised: int
    bytes_per_second: int
    frame_bytes: int
    pcm16: bool


class RecordingFiles:
    """``acd.ports.Recordings`` over a folder that holds ``<name>.wav``; a name may lead into folders below it.

    Args:
        folder: where they are.
        elsewhere: of several Asterisks, the folders of each by its name, with which a contact's id begins.
        unfinished_s: how long a file without a length is watched before it counts as one that nobody writes.
    """

    def __init__(
        self,
        folder: Path,
        *,
        unfinished_s: float = UNFINISHED_S,
        elsewhere: Mapping[str, Path] = MappingProxyType({}),
    ) -> None:
        self._folder = folder
        self._elsewhere = elsewhere
        self._unfinished_s = unfinished_s

    def path(self, name: RecordingName) -> Path | None:
        """Where the file of a recording is, whether or not it exists; None when the name leads out of the folder."""
        pbx = name.rpartition("/")[2].partition("-")[0]
        root = os.path.realpath(self._elsewhere.get(pbx, self._folder))
        found = os.path.realpath(os.path.join(root, f"{name}.wav"))  # noqa: PTH118 - Path refuses NUL late
        return Path(found) if found.startswith(root + os.sep) else None

    async def check(self, name: RecordingName, talk_s: float, now: Callable[[], float]) -> RecordingChecked:
        """Look at the file's size, duration and loudness; whatever is wrong is a result, never an error.

        Args:
            name: the recording, as it was named to Asterisk.
            talk_s: how long the parties were joined, in seconds.
            now: the clock, asked when the file has been looked at.
        """
        repaired = await self._repair(name)
        size, duration_s, problem = await asyncio.to_thread(self._look, name, talk_s)
        problem = problem or repaired
        return RecordingChecked(
            at=now(),
            name=name,
            bytes=size,
            duration_s=duration_s,
            ok=not problem,
            problem=problem,
            silent=problem == SILENT or (problem == NO_SOUND and talk_s <= SHORT_S),
        )

    async def _repair(self, name: RecordingName) -> str:
        """Write the length into the header of a file Asterisk died over; what is to be said of that, or nothing."""
        before = await asyncio.to_thread(self._without_length, name)
        if before is None:
            return ""
        await asyncio.sleep(self._unfinished_s)
        if await asyncio.to_thread(self._without_length, name) != before:
            return ""
        return await asyncio.to_thread(self._write_length, name, before)

    def _without_length(self, name: RecordingName) -> _Wav | None:
        """Give the layout of a file that holds sound and does not say how much."""
        with suppress(OSError, ValueError):
            path = self.path(name)
            if path is not None:
                with path.open("rb") as file:
                    wav = _read_header(file, os.fstat(file.fileno()).st_size)
                return wav if wav is not None and wav.promised == 0 and wav.present >= wav.frame_bytes else None
        return None

    def _write_length(self, name: RecordingName, wav: _Wav) -> str:
        path = self.path(name)
        length = wav.present // wav.frame_bytes * wav.frame_bytes
        try:
            if path is not None:
                with path.open("r+b") as file:
                    for place, value in ((RIFF_LENGTH_AT, wav.start - 8 + length), (wav.start - 4, length)):
                        file.seek(place)
                        file.write(struct.pack("<I", value))
                    file.flush()
                    os.fsync(file.fileno())
        except OSError as error:
            return f"Asterisk died over the file, and its header cannot be repaired: {error.strerror}"
        return CUT_OFF

    def _look(self, name: RecordingName, talk_s: float) -> tuple[int, float, str]:
        """Give bytes, seconds and what is wrong."""
        try:
            path = self.path(name)
            if path is None:
                return 0, 0.0, "the name leads out of the recordings' folder"
            with path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                if size == 0:
                    return 0, 0.0, "the file is empty"
                wav = _read_header(file, size)
                if wav is None:
                    return size, 0.0, "the file is no WAV file"
                duration_s = wav.present // wav.frame_bytes * wav.frame_bytes / wav.bytes_per_second
                return size, duration_s, _problem(file, wav, duration_s, talk_s)
        except FileNotFoundError:
            return 0, 0.0, "there is no file"
        except (OSError, ValueError) as error:
            return 0, 0.0, f"the file cannot be read: {getattr(error, 'strerror', None) or error}"


def _problem(file: BinaryIO, wav: _Wav, duration_s: float, talk_s: float) -> str:
    if wav.present < wav.frame_bytes:
        return NO_SOUND
    if wav.promised > wav.present:
        return f"the file is truncated: {wav.promised - wav.present} bytes are missing"
    if talk_s - duration_s > max(SHORT_S, SHORT_SHARE * talk_s):
        return f"{duration_s:.1f} s of sound for {talk_s:.1f} s of talk"
    if wav.pcm16 and _silent(file, wav):
        return SILENT
    return ""


def _read_header(file: BinaryIO, size: int) -> _Wav | None:
    """Walk the RIFF chunks up to the data; None when this is no WAV file with a usable format."""
    head = file.read(12)
    if head[:4] != b"RIFF" or head[8:] != b"WAVE":
        return None
    layout: tuple[int, int, bool] | None = None
    try:
        while True:
            name, length = _CHUNK.unpack(file.read(_CHUNK.size))
            if name == b"data":
                break
            if name == b"fmt ":
                tag, _channels, _rate, per_second, frame, bits = _FORMAT.unpack(file.read(_FORMAT.size))
                layout = per_second, frame, tag in _PCM and bits == 16  # noqa: PLR2004 - the format's own number
                length -= _FORMAT.size
            file.seek(length + length % 2, os.SEEK_CUR)
    except (struct.error, OSError):
        return None
    if layout is None or not all(layout[:2]):
        return None
    start = file.tell()
    # Asterisk writes nothing behind the data, so whatever is there is sound, whatever the header's length says.
    return _Wav(start, size - start, length, *layout)


def _silent(file: BinaryIO, wav: _Wav) -> bool:
    """Read until something is loud enough; speech is found within the first portions."""
    file.seek(wav.start)
    while portion := file.read(PORTION_BYTES):
        samples = array("h", portion[: len(portion) // 2 * 2])
        if sys.byteorder == "big":
            samples.byteswap()
        if samples and (max(samples) >= SILENT_PEAK or min(samples) <= -SILENT_PEAK):
            return False
    return True
