from __future__ import annotations

from pathlib import Path

import pytest

from acd.domain.gaps import Gap, GapEnd
from acd.store import records as module
from acd.store.database import sqlite_url
from acd.store.heartbeat import Beat, Heartbeat
from acd.store.records import open_records


async def test_gaps_outlive_the_engine_and_the_first_row_of_each_stays(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "r.sqlite")
    first = await open_records(url)
    first.write([Gap("ari-5", "ari", 5.0, None, "x"), Gap("ami-3", "ami", 3.0, None, "y"), GapEnd("ami-3", 4.0)])
    first.write([Gap("ami-3", "ami", 3.0, None, "again")])
    await first.flush()
    await first.close()
    second = await open_records(url)
    assert await second.gaps() == (Gap("ami-3", "ami", 3.0, 4.0, "y"), Gap("ari-5", "ari", 5.0, None, "x"))
    second.write([GapEnd("ari-5", 6.0), GapEnd("unknown", 6.0)])
    assert (await second.gaps())[1].ended_at == 6.0
    await second.close()


async def test_of_very_many_gaps_the_latest_are_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_GAPS", 2)
    store = await open_records(sqlite_url(tmp_path / "r.sqlite"))
    store.write([Gap(f"ari-{n}", "ari", float(n), n + 0.5, "") for n in range(5)])
    assert [gap.id for gap in await store.gaps()] == ["ari-3", "ari-4"]
    await store.close()


def test_a_heartbeat_is_read_back_and_what_is_none_is_none(tmp_path: Path) -> None:
    beat = Heartbeat(tmp_path / "alive")
    assert beat.last() is None
    beat.beat(Beat(1234.5678, 0.0))
    beat.beat(Beat(1235.5, -3600.25))
    assert Heartbeat(tmp_path / "alive").last() == Beat(1235.5, -3600.25)
    (tmp_path / "alive").write_text("half a")
    assert beat.last() is None
    Heartbeat(tmp_path / "no folder" / "alive").beat(Beat(1.0, 0.0))
