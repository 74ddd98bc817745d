"""Commits of call records that take their time in PostgreSQL itself: the trigger works when everything else is done."""

from __future__ import annotations

from acd.demo.postgresql import Cluster


def make_slow(cluster: Cluster, database: str, seconds: float = 5.0) -> None:
    """Let the commit itself take so long, whatever the number of rows."""
    cluster.sql(
        f"""
        CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF current_setting('acd.slept', true) IS DISTINCT FROM 'yes' THEN
            PERFORM set_config('acd.slept', 'yes', true), pg_sleep({seconds});
          END IF;
          RETURN NULL;
        END $$;
        CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON call_record_ids
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()
        """,
        database,
    )


def make_fast(cluster: Cluster, database: str) -> None:
    """End that."""
    cluster.sql("DROP TRIGGER slow ON call_record_ids; DROP FUNCTION slow", database)


def committing(cluster: Cluster, database: str) -> bool:
    """Whether a commit is under way."""
    theirs = f"datname = '{database}' AND state = 'active' AND query ILIKE 'commit%'"
    return cluster.sql(f"SELECT count(*) FROM pg_stat_activity WHERE {theirs}") != "0"  # noqa: S608 - ours
