"""The real store, killed: journal, records and spool in files, by SIGKILL at each place inside it, and a restart.

A child process writes as an engine does, notes in a file what it was told to be durable, and dies at its place. Another
opens what is left: everything promised is there, events without a hole, and each record once when the journal has been
replayed.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from random import Random

from sqlalchemy import select, text

from acd.domain.events import CallArrived
from acd.domain.ids import LegId
from acd.domain.record import CallRecord
from acd.store import group_commit, tables, writer
from acd.store.database import make_engine, sqlite_url
from acd.store.journal import SqliteJournal
from acd.store.records import SqlRecords, open_records
from acd.store.spool import LEAST
from tests.kill_points.places import Places
from tests.unit.store.test_records import record

STEPS = 40
DATABASE, JOURNAL, SPOOL, PROMISES, PASSED, FOUND = "acd.db", "journal.db", "spool", "promises", "passed", "found"
_PROCESSES = get_context("forkserver")
_PROCESSES.set_forkserver_preload(["tests.kill_points.store"])
_LIFE_S = 600.0


@dataclass(frozen=True, slots=True)
class Killed:
    """What became of one life: where it was to be killed, whether it was, and what was wrong afterwards."""

    seed: int
    place: str
    nth: int
    hit: bool
    wrong: str
    passed: Counter[str]


def _hurry() -> None:
    """Let everything happen in milliseconds."""
    group_commit.GROUP_S, group_commit.BACK_OFF_S = 0.004, (0.004,) * 5
    writer.GROUP_S, writer.GUARD_S, writer.SPOOL_AFTER_S, writer.BACK_OFF_S = 0.002, 0.003, 0.01, (0.003,) * 5


def has_record(number: int) -> bool:
    """Whether the event of this number makes a record."""
    return number % 3 != 0


def made_of(number: int) -> CallRecord:
    """The record that the event of this number makes, each time."""
    return record(number, caller=f"0811{number:06}")


def event_of(number: int) -> CallArrived:
    """The event of this number."""
    return CallArrived(float(number), LegId(f"1.{number}"), "PJSIP/gw1-1", "169", f"0811{number:06}")


async def _open(folder: Path) -> tuple[SqliteJournal, SqlRecords]:
    journal = SqliteJournal(folder / JOURNAL)
    return journal, await open_records(sqlite_url(folder / DATABASE), spool=folder / SPOOL, spool_size=LEAST)


# ---------------------------------------------------------------- one life


def live(folder: Path, seed: int, place: str, nth: int) -> None:
    """Live until killed, or to the end."""
    _hurry()
    places = Places(place, nth)
    with asyncio.Runner() as runner:
        places.install(runner.get_loop())
        runner.run(_work(folder, Random(seed), places))
    (folder / PASSED).write_text(json.dumps(places.passed), encoding="utf-8")


async def _work(folder: Path, chance: Random, places: Places) -> None:
    journal, records = await _open(folder)
    promises = os.open(folder / PROMISES, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    number = 0

    def promise(what: str, up_to: int) -> None:
        os.write(promises, f"{what} {up_to}\n".encode())

    for _ in range(STEPS):
        for _ in range(chance.randrange(1, 5)):
            number += 1
            journal.append(event_of(number))
            if has_record(number):
                records.write([made_of(number)])
        luck = chance.random()
        if luck < 0.15 and not places.refusing:
            places.refusing.add(chance.choice(["records", "records", "journal"]))
        elif luck < 0.4 or len(places.refusing) > 1:
            places.refusing.clear()
        elif luck < 0.6 and "journal" not in places.refusing:
            up_to = number
            await journal.flush()
            promise("event", up_to)
        elif luck < 0.75:
            up_to = number
            await records.flush()  # if need be in the spool
            promise("record", up_to)
        elif luck < 0.9 and "journal" not in places.refusing:
            up_to, place = number, journal.place()  # where events were dropped as needless these differ
            await records.flush()  # as the dispatcher does before it keeps a state
            journal.snapshot(str(up_to).encode(), place)
        await asyncio.sleep(chance.random() * 0.01)
    places.refusing.clear()
    await records.flush()
    journal.snapshot(str(number).encode())
    await journal.close()
    promise("event", number)
    await records.close()
    promise("record", number)


# ---------------------------------------------------------------- the next one


def restart(folder: Path) -> None:
    """Open what is left, as the next engine does, and write down what is wrong with it."""
    _hurry()
    with asyncio.Runner() as runner:
        wrong = runner.run(_look(folder))
    (folder / FOUND).write_text(wrong, encoding="utf-8")


async def _look(folder: Path) -> str:
    promised = {"event": 0, "record": 0}
    if (folder / PROMISES).exists():
        for line in (folder / PROMISES).read_text(encoding="utf-8").splitlines():
            what, up_to = line.split()
            promised[what] = int(up_to)
    journal, records = await _open(folder)
    state, events = await journal.load()
    first = int(state) if state is not None else 0
    numbers = [int(event.leg_id.split(".")[1]) for event in events if isinstance(event, CallArrived)]
    last = first + len(numbers)
    for number in numbers:  # replayed
        if has_record(number):
            records.write([made_of(number)])
    await records.stored()
    await journal.close()
    await records.close()
    kept = await _kept(folder)
    wrong = []
    if numbers != list(range(first + 1, last + 1)):
        wrong.append(f"events {numbers} after {first}")
    if last < promised["event"]:
        wrong.append(f"events up to {promised['event']} were durable, there are {last}")
    wanted = {made_of(n).contact_id for n in range(1, max(last, promised["record"]) + 1) if has_record(n)}
    if missing := wanted - kept.keys():
        wrong.append(f"no record of {sorted(missing)}")
    for contact, caller in kept.items():
        if caller != made_of(int(contact[1:])).caller:
            wrong.append(f"the record of {contact} is another's")
    return "; ".join(wrong)


async def _kept(folder: Path) -> dict[str, str]:
    engine = make_engine(sqlite_url(folder / DATABASE))
    table = tables.call_records
    async with engine.connect() as connection:
        rows = (await connection.execute(select(table.c.contact_id, table.c.caller))).all()
        sound = await connection.scalar(text("PRAGMA integrity_check"))
    await engine.dispose()
    assert sound == "ok", sound
    assert len({row.contact_id for row in rows}) == len(rows)
    return {row.contact_id: row.caller for row in rows}


# ---------------------------------------------------------------- all of them


def _process(work: Callable[..., None], *about: object) -> int:
    process = _PROCESSES.Process(target=work, args=about)
    process.start()
    process.join(_LIFE_S)
    if process.exitcode is None:
        process.kill()
        process.join()
        return 1
    return process.exitcode


@contextmanager
def empty_database() -> Iterator[Path]:
    """A database with its tables, to be copied."""
    with tempfile.TemporaryDirectory(prefix="acd-kill-points-") as folder:
        path = Path(folder) / DATABASE

        async def make() -> None:
            await (await open_records(sqlite_url(path))).close()

        with asyncio.Runner() as runner:
            runner.run(make())
        yield path


def killed_at(template: Path, seed: int, place: str, nth: int) -> Killed:
    """Let one live, be killed, and be followed."""
    with tempfile.TemporaryDirectory(prefix="acd-kill-point-") as name:
        folder = Path(name)
        shutil.copy(template, folder / DATABASE)
        ended = _process(live, folder, seed, place, nth)
        passed = Counter[str](json.loads((folder / PASSED).read_text()) if (folder / PASSED).exists() else {})
        hit = ended == -signal.SIGKILL
        if not hit and ended:
            return Killed(seed, place, nth, hit, f"it ended with {ended}", passed)
        ended = _process(restart, folder)
        found = folder / FOUND
        return Killed(seed, place, nth, hit, found.read_text() if found.exists() else f"no restart: {ended}", passed)


def killed_everywhere(template: Path, seed: int, share: float = 1.0) -> Iterator[tuple[Killed, float]]:
    """Live once unharmed, then once for each place passed, or each of a share of them; gives what part each is of it.

    Threads make no two lives quite alike: a place may not be come to again as often.
    """
    plain = killed_at(template, seed, "", 0)
    chance = Random(f"{seed} kill points in the store")
    places = [one for one in sorted(plain.passed.items()) if chance.random() < share]
    part = 1.0 / (len(places) + 1)
    yield plain, part
    for place, passed in places:
        yield killed_at(template, seed, place, chance.randrange(1, max(1, passed * 3 // 4) + 1)), part
