"""What tests of several rooms share: one PostgreSQL cluster per process, started when the first test wants it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.postgresql import Cluster


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
