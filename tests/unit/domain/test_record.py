"""What follows from a record's times."""

from __future__ import annotations

from acd.domain.exits import Exit
from acd.domain.ids import ContactId
from acd.domain.record import CallRecord


def record(queued: float | None, connected: float | None) -> CallRecord:
    return CallRecord(
        ContactId("c"),
        Exit.ANSWERED,
        "169",
        None,
        "",
        0.0,
        1.0,
        queued,
        connected,
        100.0,
        None,
        None,
        None,
        None,
        None,
        16,
        None,
        None,
        0,
        None,
        "v1",
    )


def test_the_wait_runs_from_the_queue_to_the_connection_or_the_end() -> None:
    assert record(10.0, 40.0).wait_s == 30.0
    assert record(10.0, None).wait_s == 90.0
    assert record(None, None).wait_s is None


def test_the_talk_runs_from_the_connection_to_the_end() -> None:
    assert record(10.0, 40.0).talk_s == 60.0
    assert record(10.0, None).talk_s is None
