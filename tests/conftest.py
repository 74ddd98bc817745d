"""What tests of several rooms share: one PostgreSQL cluster per process, started when the first test wants it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from acd.demo.postgresql import Cluster
from acd.store.database import make_engine, upgrade

# Kits' own assertions say what they compared, as those of tests do.
pytest.register_assert_rewrite(
    "tests.call_centre",
    "tests.callback_kit",
    "tests.contract",
    "tests.dictation_kit",
    "tests.engine_kit",
    "tests.fakes",
    "tests.ivr_caller",
    "tests.kill_points",
    "tests.unit",
)

# A busy machine is no failure: nothing here fails for the time it took.
settings.register_profile("acd", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("acd")

LONGEST_FIRST = (
    "unit/sim/faults/test_kill_points.py",
    "unit/sim/faults/test_histories.py",
    "unit/sim/faults/test_two_engines.py",
    "property/test_engine_machine.py",
    "unit/sim/faults/test_mutations.py",
    "unit/sim/test_published.py",
    "property/test_router_machine.py",
    "property/test_account_agrees.py",
    "property/test_simulation.py",
    "property/test_estimate_accuracy.py",
    "unit/sim/test_theory.py",
    "unit/store/test_kill_points.py",
    "replay/test_journal_replay.py",
)
"""A long test begun late would be waited for by all workers but one."""
_HERE = Path(__file__).parent
_PLACE = {_HERE / name: place for place, name in enumerate(LONGEST_FIRST)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files, where several workers share the tests."""
    assert all(path.is_file() for path in _PLACE), "LONGEST_FIRST names a file that is not there"
    items.sort(key=lambda item: _PLACE.get(item.path, len(_PLACE)))


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A running cluster. Who stops or kills it, starts it again."""
    made = Cluster()
    made.start()
    yield made
    made.close()


@pytest.fixture
def postgresql_url(cluster: Cluster) -> Iterator[str]:
    """The address of an empty database."""
    name = cluster.new_database()
    yield cluster.url(name)
    cluster.drop_database(name)


@pytest.fixture(scope="session")
def migrated(cluster: Cluster) -> str:
    """The name of a database with its tables, to be copied."""
    name = cluster.new_database()

    async def migrate() -> None:
        engine = make_engine(cluster.url(name))
        await upgrade(engine)
        await engine.dispose()

    with asyncio.Runner() as runner:  # unlike asyncio.run() it leaves the thread's own loop alone
        runner.run(migrate())
    return name


@pytest.fixture
def migrated_url(cluster: Cluster, migrated: str) -> Iterator[str]:
    """The address of a database with its tables and no rows."""
    name = cluster.new_database(migrated)
    yield cluster.url(name)
    cluster.drop_database(name)
