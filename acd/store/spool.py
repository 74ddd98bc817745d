"""A queue on disk for rows that the database does not take: of fixed size, first in, first out, safe from power cuts.

The file is a ring whose room is taken when it is made, so that a disk that is full later does not matter. A frame is
its length, a checksum and its number; numbers have no gaps, so that what is left of earlier rounds never passes for a
frame. The head has two places in the first block, written in turn: one of them is always whole. Knows nothing of what
the rows are. Its methods wait for the disk; one thread at a time.
"""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from acd.domain.errors import StoreError, StoreInUseError

FIRST = 4096
"""Where frames begin."""
LEAST = 64 * 1024
_SLOTS = (0, 512)
_MAGIC = b"acdspool"
_HEAD = struct.Struct("<8sQQQQ")
"""Magic, turn, size of the file, offset and number of the first frame."""
_FRAME = struct.Struct("<IIQ")
_SUM = struct.Struct("<I")
_NUMBER = struct.Struct("<Q")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a frame is or will be."""

    offset: int
    number: int


class Spool:
    """Make it with a path and the size of the file in bytes.

    A file of another size is used as it is while it holds rows, and made anew once it is empty.

    Raises:
        StoreError: the file cannot be made, is no spool, or is in use by another process.
    """

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        self._size, self._turn = 0, 0
        self._head = self._tail = _Place(FIRST, 0)
        self._wanted = max(size, LEAST)
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(f"cannot use the spool {path}: {error.strerror}") from error
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._open()
        except BlockingIOError as error:
            os.close(self._fd)
            raise StoreInUseError(f"the spool {path} is in use by another engine") from error
        except OSError as error:
            os.close(self._fd)
            raise StoreError(f"cannot use the spool {path}: {error.strerror}") from error
        except StoreError:
            os.close(self._fd)
            raise

    @property
    def count(self) -> int:
        """How many rows are in it."""
        return self._tail.number - self._head.number

    @property
    def size(self) -> int:
        """Bytes it has room for."""
        return self._size - FIRST

    @property
    def used(self) -> int:
        """Bytes of that which are taken."""
        if not self.count:
            return 0
        apart = self._tail.offset - self._head.offset
        return apart if apart > 0 else apart + self.size

    def append(self, rows: Sequence[bytes]) -> int:
        """Keep as many as there is room for; gives how many, which are durable then. Raises ``OSError``."""
        tail, kept, pieces = self._tail, 0, []
        for row in rows:
            offset = self._room(tail.offset, _FRAME.size + len(row), empty=tail.number == self._head.number)
            if offset is None:
                break
            pieces.append((offset, _frame(tail.number, row)))
            tail = _Place(offset + _FRAME.size + len(row), tail.number + 1)
            kept += 1
        for offset, data in _joined(pieces):
            _write(self._fd, data, offset)
        if kept:
            os.fdatasync(self._fd)
        self._tail = tail
        return kept

    def peek(self, limit: int) -> list[bytes]:
        """The oldest rows. Raises ``OSError``; ``StoreError`` when the first is not as it was written."""
        rows: list[bytes] = []
        place = self._head
        while len(rows) < limit and place.number < self._tail.number:
            found = self._read(place)
            if found is None:
                break
            row, place = found
            rows.append(row)
        if not rows and self.count:
            raise StoreError(f"the spool {self._path} is damaged")
        return rows

    def drop(self, count: int) -> None:
        """Forget the oldest rows. Raises ``OSError``: then they are still there."""
        head = self._head
        for _ in range(min(count, self.count)):
            found = self._read(head)
            if found is None:
                head = self._tail  # nobody can read them any more
                break
            head = found[1]
        self._write_head(head)
        if not self.count and self._size != self._wanted:
            self._make()

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._fd)

    # ── the file ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _open(self) -> None:
        if not os.pread(self._fd, FIRST, 0).strip(b"\0"):  # new, or its making was cut short
            self._make()
            return
        slots = [os.pread(self._fd, _HEAD.size + _SUM.size, offset) for offset in _SLOTS]
        heads = [_HEAD.unpack_from(slot) for slot in slots if _whole(slot)]
        if not heads:
            raise StoreError(f"{self._path} is no spool")
        _magic, self._turn, self._size, offset, number = max(heads, key=lambda head: head[1])
        self._head = self._tail = _Place(offset, number)
        while (found := self._read(self._tail)) is not None:
            self._tail = found[1]
        if not self.count and self._size != self._wanted:
            self._make()

    def _make(self) -> None:
        """Take the room, and begin with nothing; numbers go on, so that old frames stay void."""
        number = self._tail.number
        os.ftruncate(self._fd, 0)
        os.posix_fallocate(self._fd, 0, self._wanted)
        self._size, self._turn = self._wanted, 0
        self._head = self._tail = _Place(FIRST, number)
        self._write_head(self._head)
        os.fsync(self._fd)

    def _write_head(self, head: _Place) -> None:
        turn = self._turn + 1
        data = _HEAD.pack(_MAGIC, turn, self._size, head.offset, head.number)
        _write(self._fd, data + _SUM.pack(crc32(data)), _SLOTS[turn % 2])
        os.fdatasync(self._fd)
        self._turn, self._head = turn, head

    def _room(self, tail: int, needed: int, *, empty: bool) -> int | None:
        """Say where so many bytes can go; the tail never comes to the head, which would look like nothing."""
        head = self._head.offset
        if tail >= head and (tail > head or empty):
            if tail + needed <= self._size:
                return tail
            return FIRST if FIRST + needed < head else None
        return tail if tail + needed < head else None

    def _read(self, place: _Place) -> tuple[bytes, _Place] | None:
        """Read a frame, perhaps at the beginning of the file, and say where the next one is."""
        for offset in (place.offset, FIRST):
            start = os.pread(self._fd, _FRAME.size, offset)
            if len(start) < _FRAME.size:
                continue
            length, checksum, number = _FRAME.unpack(start)
            if number != place.number or not length or offset + _FRAME.size + length > self._size:
                continue
            row = os.pread(self._fd, length, offset + _FRAME.size)
            if checksum == _checksum(number, row):
                return row, _Place(offset + _FRAME.size + length, number + 1)
        return None


def _frame(number: int, row: bytes) -> bytes:
    return _FRAME.pack(len(row), _checksum(number, row), number) + row


def _checksum(number: int, row: bytes) -> int:
    return crc32(row, crc32(_NUMBER.pack(number)))


def _whole(slot: bytes) -> bool:
    if len(slot) != _HEAD.size + _SUM.size or not slot.startswith(_MAGIC):
        return False
    checksum: int = _SUM.unpack_from(slot, _HEAD.size)[0]
    return checksum == crc32(slot[: _HEAD.size])


def _joined(pieces: Sequence[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """Join what is side by side, for one write each."""
    joined: list[tuple[int, list[bytes]]] = []
    end = -1
    for offset, data in pieces:
        if offset == end:
            joined[-1][1].append(data)
        else:
            joined.append((offset, [data]))
        end = offset + len(data)
    return [(offset, b"".join(parts)) for offset, parts in joined]


def _write(fd: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, offset)
        view, offset = view[written:], offset + written
