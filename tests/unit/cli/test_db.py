"""``acd db`` as an operator uses it, on both databases."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from acd.cli import db
from acd.demo.postgresql import Cluster
from acd.ports import RecordFilter
from acd.store.database import sqlite_url
from acd.store.journal import SqliteJournal
from acd.store.records import open_records
from tests.fakes import deployment
from tests.unit.store.test_records import all_pages, record


class Place:
    """A deployment whose store is somewhere."""

    def __init__(self, folder: Path, url: str | None = None) -> None:
        self.folder = folder
        deployment.write(folder)
        (folder / "var").mkdir(exist_ok=True)
        self.url = url or sqlite_url(folder / "var/acd.db")
        if url is not None:
            file = folder / "config/acd.yaml"
            text = file.read_text(encoding="utf-8")
            old = f"url: sqlite+aiosqlite:///{folder}/var/acd.db"
            assert old in text
            file.write_text(text.replace(old, "url_file: url"), encoding="utf-8")
            (folder / "config/url").write_text(url, encoding="utf-8")

    def run(self, *words: str) -> Result:
        where = ["--config", str(self.folder / "config"), "--flows", str(self.folder / "ivr_flows")]
        return CliRunner().invoke(db.app, [*words, *where])

    def write(self, *numbers: int) -> None:
        async def episode() -> None:
            journal = SqliteJournal(self.folder / "var/journal.db")
            store = await open_records(self.url)
            store.write([record(n) for n in numbers])
            await store.stored()
            await store.close()
            await journal.close()

        asyncio.run(episode())

    def read(self) -> list[str]:
        async def episode() -> list[str]:
            store = await open_records(self.url)
            found: list[str] = [r.contact_id for r in await all_pages(store, RecordFilter(limit=1000))]
            await store.close()
            return found

        return asyncio.run(episode())


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in deployment.ENV.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_tables_are_made_once_and_their_revision_told(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    place = Place(tmp_path, request.getfixturevalue("postgresql_url") if kind == "postgresql" else None)
    before = place.run("current")
    assert before.exit_code == 1
    assert before.stdout.startswith("The tables are at revision None; this program needs 0")
    assert before.stderr == "Run: acd db upgrade\n"
    first, second = place.run("upgrade"), place.run("upgrade")
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.stdout.endswith(", from None.\n")
    assert second.stdout.endswith(" already.\n")
    assert place.run("current").exit_code == 0
    place.write(1)
    assert place.read() == ["c00001"]


def test_a_newer_database_is_left_alone(tmp_path: Path, cluster: Cluster, migrated_url: str) -> None:
    place = Place(tmp_path, migrated_url)
    cluster.sql("UPDATE alembic_version SET version_num = '9999'", migrated_url.rpartition("/")[2])
    current, upgrade = place.run("current"), place.run("upgrade")
    assert (current.exit_code, upgrade.exit_code) == (1, 1)
    assert "made by a newer version" in current.stderr
    assert upgrade.stderr == "acd db: the tables are at revision 9999, which is newer than this program\n"


def test_a_backup_of_sqlite_is_restored(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.write(1, 2)
    made = place.run("backup", str(tmp_path / "b"))
    assert made.stdout == f"In {tmp_path / 'b'}: journal.db, records.db.\n"
    place.write(3)
    done = place.run("restore", str(tmp_path / "b"))
    assert done.stdout.startswith("Restored journal.db, acd.db; what was there ends with .before-")
    assert place.read() == ["c00001", "c00002"]
    refused = place.run("backup", str(tmp_path / "b"))
    assert (refused.exit_code, refused.stderr) == (1, f"acd db: {tmp_path / 'b'} exists already\n")


def test_a_backup_of_postgresql_is_made_by_its_own_programs_as_documented(
    tmp_path: Path, cluster: Cluster, migrated_url: str
) -> None:
    place = Place(tmp_path, migrated_url)
    place.run("upgrade")
    place.write(1, 2)
    made = place.run("backup", str(tmp_path / "b"))
    assert "PostgreSQL by pg_dump" in made.stdout, made.stderr
    name, dump = migrated_url.rpartition("/")[2], str(tmp_path / "acd.dump")
    programs, environ = cluster.programs, cluster.environ(name)
    subprocess.run([programs / "pg_dump", "-Fc", "-f", dump], env=environ, check=True)
    place.write(3)
    new = cluster.new_database()
    subprocess.run([programs / "pg_restore", "-d", new, "--exit-on-error", dump], env=environ, check=True)
    restored = Place(tmp_path / "restored", cluster.url(new))
    assert restored.run("current").exit_code == 0
    assert restored.read() == ["c00001", "c00002"]
    restored.write(2, 3)  # what the journal brings again
    assert restored.read() == ["c00001", "c00002", "c00003"]
    parts = cluster.sql("SELECT count(*) FROM pg_inherits WHERE inhparent = 'call_records'::regclass", new)
    assert int(parts) > 1
    cluster.drop_database(new)
