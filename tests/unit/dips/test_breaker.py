"""The circuit breaker, at times given to it."""

from __future__ import annotations

from acd.dips.breaker import Breaker


def test_it_opens_after_failures_in_a_row_only() -> None:
    breaker = Breaker(3, 10.0)
    breaker.failed(0.0)
    breaker.failed(0.0)
    breaker.succeeded()
    breaker.failed(1.0)
    breaker.failed(1.0)
    assert (breaker.may(1.0), breaker.state(1.0)) == (True, "closed")
    breaker.failed(2.0)
    assert (breaker.may(2.0), breaker.may(11.9), breaker.state(11.9)) == (False, False, "open")


def test_after_the_pause_one_question_tries_the_host_and_decides() -> None:
    breaker = Breaker(1, 10.0)
    breaker.failed(0.0)
    assert breaker.state(10.0) == "half_open"
    assert (breaker.may(10.0), breaker.may(10.0)) == (True, False)
    breaker.failed(11.0)
    assert (breaker.may(20.9), breaker.state(20.9)) == (False, "open")
    assert breaker.may(21.0)
    breaker.succeeded()
    assert (breaker.may(21.0), breaker.may(21.0), breaker.state(21.0)) == (True, True, "closed")


def test_a_try_that_was_given_up_leaves_its_place_to_another() -> None:
    breaker = Breaker(1, 10.0)
    breaker.failed(0.0)
    assert (breaker.may(10.0), breaker.may(19.0)) == (True, False)
    breaker.released()
    assert (breaker.may(19.0), breaker.may(28.0), breaker.may(29.0)) == (True, False, True)
