"""PostgreSQL on a file system that is really full: rows wait, it is told, and with room again all are written."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from acd.demo.postgresql import Cluster
from acd.domain.errors import DeployError
from acd.ports import RecordFilter
from tests.migrated import migrate
from tests.unit.store.test_records import all_pages, record
from tests.unit.store.test_writer import hasty, spooling  # noqa: F401 - a fixture
from tests.unit.store.waiting import until

SIZE = "24m"
"""Of the file system; a new database takes some eight megabytes of it."""
APART = ("unshare", "--user", "--map-root-user", "--mount")
"""Begins a program among mounts of its own, without root."""


class Narrow(Cluster):
    """Has a folder with little room: a file system in memory that only the server sees."""

    @property
    def room(self) -> Path:
        return self._folder / "room"

    def _popen(self, argv: list[str], log: int) -> subprocess.Popen[bytes]:
        if not argv[0].endswith("/postgres"):
            return super()._popen(argv, log)
        mount = f'mount -t tmpfs -o size={SIZE},mode=700 none "$0" && exec unshare --user --map-user=1000 "$@"'
        return super()._popen([*APART, "sh", "-c", mount, str(self.room), *argv], log)


@pytest.fixture(scope="module")
def narrow() -> Iterator[Narrow]:
    if subprocess.run([*APART, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody have mounts of their own")
    made = Narrow()
    try:
        made.room.mkdir()
        made.start()
        made.sql(f"CREATE TABLESPACE narrow LOCATION '{made.room}'")
        yield made
    finally:
        made.close()


def fill(narrow: Narrow, database: str) -> None:
    """Leave not one page of room."""
    narrow.sql("CREATE TABLE filler (block text)", database)
    narrow.sql("ALTER TABLE filler ALTER block SET STORAGE PLAIN", database)
    for rows in (100, 1):
        with pytest.raises(DeployError, match="No space left on device"):
            _insert_for_ever(narrow, database, rows)


def _insert_for_ever(narrow: Narrow, database: str, rows: int) -> None:
    while True:
        narrow.sql(f"INSERT INTO filler SELECT repeat('x', 8000) FROM generate_series(1, {rows})", database)  # noqa: S608 - ours


@pytest.mark.usefixtures("hasty")
async def test_on_a_full_file_system_rows_wait_and_with_room_again_each_is_there_once(
    narrow: Narrow, tmp_path: Path
) -> None:
    narrow.sql("CREATE DATABASE full_one TABLESPACE narrow")
    url = narrow.url("full_one")
    await migrate(url)
    told: list[str] = []
    async with spooling(url, tmp_path / "s", told) as store:
        store.write([record(0)])
        await store.stored()
        fill(narrow, "full_one")
        written = 1
        while not store.health().spooled:  # pages that were begun have some room yet
            store.write([record(n) for n in range(written, written + 200)])
            written += 200
            await store.flush()
        await until(lambda: "No space left on device" in store.health().failing)
        await until(lambda: any("No space left on device" in message for message in told))
        assert store.health().lost == 0
        narrow.sql("DROP TABLE filler", "full_one")
        await store.stored()
        found = sorted(one.contact_id for one in await all_pages(store, RecordFilter(limit=500)))
        assert found == [f"c{n:05}" for n in range(written)]
        assert store.health().failing == ""
