"""How long an engine may take for granted that it is the active one; time is whatever the test says."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest

from acd.store.lease import MARGIN_S, TTL_S, WITNESS_S, Lease, elapsed
from acd.store.seat import Patience, Seen


@dataclass
class Watch:
    time: float = 1000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def now() -> Watch:
    return Watch()


def test_a_lease_ends_before_the_database_could_give_it_away_counted_from_the_question(now: Watch) -> None:
    lease = Lease(now)
    assert not lease.holds()
    lease.renewed(1000.0)
    now.time = 1000.0 + TTL_S - MARGIN_S - 0.01
    assert lease.holds()
    assert lease.verified()
    now.time += 0.02
    assert not lease.holds()
    lease.renewed(1000.5)
    assert lease.holds()


def test_after_a_pause_nothing_is_taken_for_granted_not_even_an_answer_that_came_meanwhile(now: Watch) -> None:
    lease = Lease(now)
    lease.renewed(1000.0)
    lease.witnessed(1000.0)
    now.time = 1060.0  # stopped for a minute
    assert not lease.holds()
    lease.renewed(1000.4)  # its answer lay in the socket
    assert not lease.holds()
    lease.renewed(1060.0)
    assert lease.holds()


def test_without_the_database_asterisk_is_the_witness_and_only_for_a_moment(now: Watch) -> None:
    lease = Lease(now)
    lease.renewed(1000.0)
    now.time = 1010.0
    lease.witnessed(1009.9)
    assert not lease.holds(), "the database was not asked in vain: it may have given the lease away"
    lease.failed()
    assert lease.holds()
    assert not lease.verified(), "nobody's place in Asterisk may be taken"
    now.time = 1009.9 + WITNESS_S
    assert not lease.holds()
    lease.witnessed(1010.4)
    assert lease.holds()


def test_the_witness_is_asked_well_before_the_lease_ends_and_not_while_all_is_well(now: Watch) -> None:
    lease = Lease(now)
    lease.renewed(1000.0)
    now.time = 1000.9
    assert not lease.wants_witness()
    now.time = 1001.1
    assert lease.wants_witness()
    assert lease.holds()
    lease.renewed(1001.0)
    assert not lease.wants_witness()
    now.time = 1060.0
    lease.refused()
    assert not lease.wants_witness()


def test_the_database_has_the_last_word_once_it_is_back(now: Watch) -> None:
    lease = Lease(now)
    lease.renewed(1000.0)
    lease.failed()
    lease.witnessed(1000.0)
    lease.renewed(1000.1)
    now.time = 1002.0
    lease.witnessed(1002.0)
    assert not lease.holds()
    lease.failed()
    assert lease.holds()
    lease.refused()
    assert not lease.holds()
    lease.renewed(1002.0)
    lease.failed()
    assert not lease.holds()
    assert not lease.verified()


def test_time_in_which_the_machine_sleeps_counts() -> None:
    assert elapsed() == pytest.approx(time.clock_gettime(time.CLOCK_BOOTTIME), abs=1)


def seat(beat: str = "12:00:01", *, over: bool = False, free: bool = False) -> Seen:
    return Seen(7, "a:1", beat, over, free)


def test_a_seat_that_was_given_back_is_taken_at_once() -> None:
    assert Patience().ripe(seat(over=True, free=True), 0.0)


def test_a_seat_whose_time_is_over_is_taken_when_nobody_renewed_it_before_our_eyes() -> None:
    patience = Patience()
    assert not patience.ripe(seat(), 10.0)
    assert not patience.ripe(seat(over=True), 10.0 + TTL_S - 0.1)
    assert patience.ripe(seat(over=True), 10.0 + TTL_S)
    assert not patience.ripe(seat("12:00:03", over=True), 10.0 + TTL_S + 0.1), "it was renewed late"


def test_a_database_that_comes_back_leaves_the_holder_time_to_renew() -> None:
    patience = Patience()
    patience.ripe(seat(), 10.0)
    patience.blinded()
    assert not patience.ripe(seat(over=True), 600.0)
    assert not patience.ripe(seat(over=True), 600.0 + TTL_S - 0.1)
    assert patience.ripe(seat(over=True), 600.0 + TTL_S)


def test_a_slow_database_clock_is_believed_too() -> None:
    patience = Patience()
    patience.ripe(seat(), 10.0)
    assert not patience.ripe(seat(over=False), 10.0 + 5 * TTL_S)
