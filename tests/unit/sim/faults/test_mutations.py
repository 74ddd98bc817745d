"""The simulation notices when a mechanism is taken away: a history that is well with it is ill without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from unittest.mock import patch

import pytest

from acd.engine import admission, clock_shift, fallback, resync
from acd.engine.state import EngineState
from acd.runtime.clock import AnchoredClock
from acd.runtime.gaps import GapLedger
from acd.sim.faults.asterisk import Asterisk
from acd.sim.faults.study import history
from acd.sim.faults.trouble import Rates
from acd.sim.faults.wire import Wire
from acd.sim.faults.world import NEVER_S, World
from acd.telephony.silence import Silence, Verdict
from tests.unit.sim.faults.kit import busy, sample
from tests.unit.sim.faults.test_histories import told

SEEDS = 15
"""Histories of which one has to notice."""
KILLED = ("engine killed", "engine killed in the middle of something")


def nothing(*_about: Any, **_more: Any) -> None:
    """Do nothing instead."""


def never(*_about: Any, **_more: Any) -> Verdict:
    """Believe a link to be alive."""
    return Verdict.WAIT


def serving(state: EngineState) -> bool:
    return state.ari_up


def often(seconds: float, *kinds: str) -> Rates:
    """These faults, all equally likely."""
    return Rates(seconds, tuple((kind, 1) for kind in kinds), clock_between_s=NEVER_S)


CLOCK = replace(often(1e9, "engine drained"), clock_between_s=15.0)
"""Nothing goes wrong but the machine's clock, which somebody sets again and again."""


@contextmanager
def no_timeout_taken_away() -> Iterator[None]:
    """Neither by the engine that hears of the caller, nor by the dialplan."""
    with patch.object(Wire, "outside", nothing), patch.object(Asterisk, "relieve", nothing):
        yield


@dataclass(frozen=True)
class Mutation:
    """A mechanism taken away, and faults in which that shows."""

    without: Callable[[], AbstractContextManager[Any]]
    rates: Rates
    noticed: str
    """What is violated."""
    dead_man_s: float = 10.0


def instead(owner: Any, name: str, what: Any) -> Callable[[], AbstractContextManager[Any]]:
    return partial(patch.object, owner, name, what)


MUTATIONS = {
    "channels that serve nothing are hung up": Mutation(
        instead(resync, "_needless", nothing),
        often(20, "requests unanswered", *KILLED),
        "no channel is left over",
    ),
    "gaps are entered in the ledger": Mutation(
        instead(GapLedger, "open", nothing),
        often(8, "ARI black-holed", "AMI black-holed", *KILLED),
        "the ledger tells when no engine served",
    ),
    "callers in Asterisk's own queue are taken back": Mutation(
        instead(fallback, "_want_back", nothing),
        often(12, "engine drained", "flood of calls"),
        "who waits elsewhere is taken back",
    ),
    "too many at once are refused": Mutation(
        instead(admission, "refusal", nothing), often(15, "flood of calls"), "no more callers than planned"
    ),
    "no timeout follows into Asterisk's own queue": Mutation(
        no_timeout_taken_away,
        often(6, "answers slow", "engine stopped, callers handed over", "engine killed"),
        "no timeout ends a conversation",
    ),
    "who vanished in a gap may have been served elsewhere": Mutation(
        instead(fallback, "perhaps_ended", nothing), often(12, *KILLED), "exits tell the truth"
    ),
    "who talks may stay for hours": Mutation(
        partial(patch, "acd.sim.faults.wire.TALK_S", 5.0),
        often(20, *KILLED),
        "no timeout ends a conversation",
    ),
    "AMI has its time to tell how calls ended": Mutation(
        partial(patch, "acd.engine.ending.FALLBACK_GUARD_S", 1.0),
        often(4, "AMI black-holed", "engine drained", "flood of calls"),
        "exits tell the truth",
    ),
    "links on which nothing is heard are given up": Mutation(
        instead(Silence, "tick", never), often(20, "ARI black-holed"), "one record for each call"
    ),
    "the engine's clock is its own": Mutation(
        instead(AnchoredClock, "now", lambda clock: clock._system()), CLOCK, "no call gets longer"
    ),
    "what goes on moves with the clock": Mutation(instead(clock_shift, "move", nothing), CLOCK, "no call gets longer"),
    "callers leave a dead engine": Mutation(
        nullcontext, often(12, *KILLED), "nobody is left with a dead engine", dead_man_s=0.0
    ),
}


def drained_with_a_callback(world: World) -> None:
    """Somebody asks by the API for a call back while nothing is to be begun any more."""

    def drain() -> None:
        assert world.life is not None
        world.life.loop.perform(partial(world.life.drain, on=True))

    def ask() -> None:
        assert world.life is not None
        queue = next(iter(world.outside.plan.queues))
        world.life.spawn(world.life.dispatcher.request_callback("0811222333", queue, None, None, None))

    world.scheduler.after(30.0, drain)
    world.scheduler.after(40.0, ask)


def test_no_phone_rings_while_draining_and_it_is_noticed_when_one_does() -> None:
    wanted = busy(0, often(1e9, "engine drained"))
    well = history(sample(), wanted, drained_with_a_callback)
    assert well.well, told(well)
    with patch.object(EngineState, "serving", property(serving)):
        ill = history(sample(), wanted, drained_with_a_callback)
    assert any(violation.what.startswith("no offer while draining") for violation in ill.violations), told(ill)


@pytest.mark.parametrize("name", MUTATIONS)
def test_it_is_noticed_when_it_is_not_so_any_more_that(name: str) -> None:
    mutation = MUTATIONS[name]
    for seed in range(SEEDS):
        wanted = busy(seed, mutation.rates)
        with mutation.without():
            ill = history(sample(), replace(wanted, dead_man_s=mutation.dead_man_s))
        if any(violation.what.startswith(mutation.noticed) for violation in ill.violations):
            well = history(sample(), wanted)
            assert well.well, told(well)
            return
    raise AssertionError(f"{SEEDS} histories notice nothing")
