"""When a connection on which nothing is heard is asked, and when it is given up."""

from __future__ import annotations

from acd.engine.ending import FALLBACK_GUARD_S
from acd.telephony.ami.messages import AmiConfig
from acd.telephony.ami.watch import WatchConfig
from acd.telephony.ari.values import AriConfig
from acd.telephony.silence import Silence, Verdict, longest_s

W, A, D = Verdict.WAIT, Verdict.ASK, Verdict.DEAD


def verdicts(silence: Silence, heard: str, answer_s: float | None = None) -> list[Verdict]:
    """One for each tick; ``x``: something was heard since the one before."""
    return [silence.tick(heard=was == "x", answer_s=answer_s) for was in heard]


def test_who_says_nothing_is_asked_once_and_then_given_up() -> None:
    silence = Silence(1.0, 2.0)
    assert silence.tick_s == 0.5
    assert verdicts(silence, "......") == [W, A, W, W, W, D]
    assert longest_s(1.0, 2.0) == 0.5 * 7, "the six ticks, and what went by of the one before"


def test_anything_heard_is_an_answer_and_who_talks_is_not_asked() -> None:
    silence = Silence(1.0, 2.0)
    assert verdicts(silence, "x.x.x.x") == [W] * 7
    assert verdicts(silence, "..x..x.....x") == [W, A, W, W, A, W, W, A, W, W, W, W]


def test_with_more_patience_it_takes_longer_and_that_may_end_meanwhile() -> None:
    silence = Silence(1.0, 2.0)
    assert verdicts(silence, "...........", 5.0) == [W, A, *[W] * 9]
    assert verdicts(silence, ".", 5.0) == [D]
    silence = Silence(1.0, 2.0)
    assert verdicts(silence, ".......", 5.0)[-1] is W
    assert verdicts(silence, ".") == [D]


def test_ticks_of_our_own_are_counted_not_the_time_that_passed_between_two() -> None:
    """There is no clock in it: an engine that stood still comes back to one tick, by which it has read what came."""
    assert verdicts(Silence(1.0, 2.0), "....x.") == [W, A, W, W, W, W]


def test_each_link_says_for_how_long_nothing_may_have_been_heard() -> None:
    assert AriConfig("http://h", "u", "p").unseen_s == 3.5
    assert AmiConfig("h", 1, "u", "s").unseen_s == 6.5, "while a list is read"


def test_who_waits_for_what_ami_tells_waits_longer_than_a_dead_link_stays_unnoticed() -> None:
    """Else the record is made of what the engine believes, just before the link is back and tells."""
    ami = AmiConfig("127.0.0.1", 5038, "acd", "secret")
    assert ami.unseen_s + WatchConfig("entry", "fallback").settle_s < FALLBACK_GUARD_S
