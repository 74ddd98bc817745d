"""The spool gives back what was put in, in order and once, whatever ends the process in between."""

from __future__ import annotations

import os
import resource
from collections import deque
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acd.domain.errors import StoreError
from acd.store import spool as module
from acd.store.spool import FIRST, LEAST, Spool


def rows(*numbers: int, size: int = 100) -> list[bytes]:
    return [f"{n:06}".encode() * (size // 6) for n in numbers]


def test_rows_come_back_in_order_also_after_a_crash(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s", LEAST)
    assert spool.append(rows(1, 2, 3)) == 3
    spool.drop(1)
    os.close(spool._fd)  # no close(): the process is gone
    again = Spool(tmp_path / "s", LEAST)
    assert again.count == 2
    assert again.peek(10) == rows(2, 3)
    assert again.append(rows(4)) == 1
    assert again.peek(2) == rows(2, 3)
    again.drop(3)
    assert (again.count, again.used, again.peek(1)) == (0, 0, [])
    again.close()


def test_what_does_not_fit_is_told_and_room_comes_back(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s", LEAST)
    kept = spool.append(rows(*range(10_000)))
    assert 0 < kept < 10_000
    assert spool.append(rows(1)) == 0
    assert spool.used <= spool.size
    spool.drop(3)
    assert spool.append(rows(7, 8, 9, 10)) == 2  # the ring never closes entirely
    assert spool.peek(1) == rows(3)
    spool.close()


def test_the_room_is_taken_when_the_file_is_made(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s", 1 << 20)
    file = (tmp_path / "s").stat()
    assert file.st_blocks * 512 >= 1 << 20
    assert file.st_mode & 0o077 == 0  # callers' numbers
    spool.close()


def test_a_file_in_use_or_foreign_or_too_large_for_the_disk_is_refused(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s", LEAST)
    with pytest.raises(StoreError, match="in use"):
        Spool(tmp_path / "s", LEAST)
    spool.close()
    (tmp_path / "letter").write_bytes(b"no spool " * 1000)
    with pytest.raises(StoreError, match="is no spool"):
        Spool(tmp_path / "letter", LEAST)
    with pytest.raises(StoreError, match="cannot use the spool"):
        Spool(tmp_path / "no" / "s", LEAST)
    (tmp_path / "cut").write_bytes(bytes(5000))  # its making was cut short by a crash
    Spool(tmp_path / "cut", LEAST).close()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    try:
        with pytest.raises(StoreError, match="cannot use the spool"):
            Spool(tmp_path / "large", 1 << 24)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_another_size_waits_until_the_spool_is_empty(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s", LEAST)
    spool.append(rows(1, 2))
    spool.close()
    spool = Spool(tmp_path / "s", 4 * LEAST)
    assert spool.size == LEAST - FIRST
    assert spool.peek(9) == rows(1, 2)
    spool.drop(2)
    assert spool.size == 4 * LEAST - FIRST
    assert spool.append(rows(3)) == 1
    spool.close()
    spool = Spool(tmp_path / "s", LEAST)
    assert spool.peek(9) == rows(3)
    spool.close()


def test_a_head_half_written_is_as_if_it_had_not_been_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path / "s", LEAST)
    spool.append(rows(1, 2, 3))
    spool.drop(1)
    real = module._write
    with monkeypatch.context() as broken:
        broken.setattr(module, "_write", lambda fd, data, offset: real(fd, data[:20], offset))
        spool.drop(1)
    spool.close()
    again = Spool(tmp_path / "s", LEAST)
    assert again.peek(9) == rows(2, 3)  # the first one is not back, the second one comes again
    again.close()


def test_a_disk_that_refuses_to_move_the_head_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path / "s", LEAST)
    spool.append(rows(1, 2))

    def refuse(*_: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(module, "_write", refuse)
        for attempt in (lambda: spool.drop(1), lambda: spool.append(rows(3))):
            with pytest.raises(OSError, match="Input/output"):
                attempt()
    assert spool.peek(9) == rows(1, 2)
    spool.append(rows(4))
    spool.close()
    again = Spool(tmp_path / "s", LEAST)
    assert again.peek(9) == rows(1, 2, 4)
    again.close()


def test_damage_is_noticed_and_can_be_left_behind(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s", LEAST)
    spool.append(rows(1, 2, 3))
    os.pwrite(spool._fd, b"X", FIRST + 16 + len(rows(1)[0]) + 20)
    assert spool.peek(9) == rows(1)
    spool.drop(1)
    with pytest.raises(StoreError, match="damaged"):
        spool.peek(9)
    spool.drop(1)
    assert spool.count == 0
    assert spool.append(rows(4)) == 1
    assert spool.peek(9) == rows(4)
    spool.close()


steps = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.lists(st.integers(1, 9000), min_size=1, max_size=6)),
        st.tuples(st.just("drop"), st.integers(1, 8)),
        st.tuples(st.just("crash"), st.booleans()),
    ),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(steps=steps)
def test_whatever_is_done_it_is_a_queue(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, list[int] | int | bool]]
) -> None:
    path = tmp_path_factory.mktemp("spool") / "s"
    spool = Spool(path, LEAST)
    model: deque[bytes] = deque()
    number = 0
    for what, given_ in steps:
        match what, given_:
            case "append", list(sizes):
                new = [number.to_bytes(4, "big") * size for size in sizes]
                number += 1
                kept = spool.append(new)
                model.extend(new[:kept])
                assert kept == len(new) or spool.used + len(new[kept]) + 16 > spool.size // 2
            case "drop", int(count):
                spool.drop(count)
                for _ in range(min(count, len(model))):
                    model.popleft()
            case _:
                spool.close()
                spool = Spool(path, LEAST)
        assert spool.count == len(model)
        assert spool.peek(1000) == list(model)
        assert 0 <= spool.used <= spool.size
    spool.close()
