"""What tests of several rooms share: one PostgreSQL cluster per process, started when the first test wants it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

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
