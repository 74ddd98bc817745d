"""Every figure is a sum over records."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from acd.domain.exits import Exit
from acd.domain.ids import ContactId, QueueId
from acd.domain.record import CallRecord
from acd.engine import kpi

BILLING = QueueId("billing")


def record(why: Exit, wait: float | None = None, talk: float | None = None, **more: Any) -> CallRecord:
    """A call that arrived at 0, was queued at 0 and waited, then talked."""
    connected = wait if talk is not None else None
    ended = (wait or 0.0) + (talk or 0.0)
    base = CallRecord(
        ContactId("c"),
        why,
        "169",
        None,
        "",
        0.0,
        0.0,
        None if wait is None else 0.0,
        connected,
        ended,
        None if wait is None else BILLING,
        None,
        None,
        None,
        None,
        16,
        None,
        None,
        0,
        None if wait is None else connected is not None and connected <= 20,
        "v1",
    )
    return replace(base, **more)


def counted(*records: CallRecord) -> kpi.Figures:
    figures = kpi.Figures()
    for one in records:
        figures = kpi.count(figures, one, 20.0)
    return figures


def test_no_traffic_gives_none_never_zero() -> None:
    figures = kpi.Figures()
    assert figures.success_call_ratio is None
    assert figures.service_level is None
    assert kpi.new_queue(20.0).service_level is None
    assert counted(record(Exit.CLOSED)).success_call_ratio is None


@pytest.mark.parametrize(
    ("why", "in_base", "success"),
    [
        (Exit.ANSWERED, True, True),
        (Exit.SELF_SERVICE, True, True),
        (Exit.ABANDONED, True, False),
        (Exit.SHORT_ABANDONED, False, False),
        (Exit.IVR_EXIT, True, False),
        (Exit.OVERFLOWED, True, False),
        (Exit.BLOCKED, True, False),
        (Exit.CLOSED, False, False),
        (Exit.TRANSFERRED, True, False),
        (Exit.UNKNOWN_NUMBER, False, False),
        (Exit.FALLBACK_ANSWERED, True, False),
        (Exit.FALLBACK_ABANDONED, True, False),
        (Exit.FAILED_TECHNICAL, True, False),
    ],
)
def test_each_exit_counts_in_the_success_call_ratio_as_the_form_says(why: Exit, in_base: bool, success: bool) -> None:  # noqa: FBT001 - table
    figures = counted(record(Exit.ANSWERED, 1.0, 9.0), record(why))
    assert figures.success_call_ratio == (1 + success) / (1 + in_base)
    assert figures.records == 2


def test_the_table_of_exits_is_complete() -> None:
    assert set(kpi.Figures().by_exit) == set(Exit)


def test_service_level_is_answered_in_time_over_offered_with_abandons_against_us() -> None:
    figures = counted(
        record(Exit.ANSWERED, 20.0, 60.0),
        record(Exit.ANSWERED, 20.5, 60.0),
        record(Exit.ABANDONED, 7.0),
        record(Exit.OVERFLOWED, 30.0),
        record(Exit.SHORT_ABANDONED, 3.0),
        record(Exit.IVR_EXIT),
    )
    queue = figures.queues[BILLING]
    assert (queue.offered, queue.answered, queue.within_target, queue.abandoned, queue.short_abandoned) == (
        4,
        2,
        1,
        1,
        1,
    )
    assert queue.service_level == figures.service_level == 0.25
    assert queue.talk_sum_s == 120.0
    assert queue.wait_sum_s == pytest.approx(80.5)


def test_a_wait_falls_into_the_bucket_whose_upper_bound_holds_it() -> None:
    queue = counted(
        record(Exit.ANSWERED, 1.0, 1.0), record(Exit.ANSWERED, 1.01, 1.0), record(Exit.ABANDONED, 601.0)
    ).queues[BILLING]
    assert queue.buckets[0] == 1
    assert queue.buckets[1] == 1
    assert queue.buckets[-1] == 1
    assert len(queue.buckets) == len(queue.bounds) + 1


def test_a_queues_own_target_is_a_bound_of_its_histogram() -> None:
    assert 25.0 in kpi.new_queue(25.0).bounds
    assert kpi.new_queue(20.0).bounds == tuple(float(b) for b in kpi.WAIT_BUCKETS_S)


def test_offers_and_recordings_are_counted_by_outcome() -> None:
    figures = kpi.count_offer(kpi.count_offer(kpi.Figures(), "accepted"), "accepted")
    figures = kpi.count_recording(kpi.count_recording(figures, ok=True), ok=False)
    assert figures.offers == {"accepted": 2}
    assert (figures.recordings_ok, figures.recordings_bad) == (1, 1)
