from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

from structlog.testing import capture_logs

from acd.domain.ids import ContactId, LegId, QueueId
from acd.engine.dead_man import Caller, Place
from acd.runtime.dead_man import PARTED_S, RENEWALS_PER_S, ROUNDS, TALK_S, DeadMan
from acd.settings.surroundings import MIN_DEAD_MAN_S
from acd.telephony.ami.messages import AmiConfig
from acd.telephony.silence import longest_s
from tests.fakes.virtual_time import EPOCH, VirtualClock, in_virtual_time

LIMIT_S = 10.0
BILLING = QueueId("billing")


def waiting(name: str, since: float = EPOCH, priority: int = 0) -> Caller:
    return Caller(ContactId(name), LegId(name), Place(BILLING, since, priority))


def in_menu(name: str) -> Caller:
    return Caller(ContactId(name), LegId(name))


def talking(name: str) -> Caller:
    return Caller(ContactId(name), LegId(name), talking=True)


@dataclass
class Asterisk:
    """What Asterisk would know: when each channel leaves, and where it would stand in its queue."""

    line: list[Caller]
    ends: dict[str, float] = field(default_factory=dict)
    places: dict[str, tuple[Place | None, int]] = field(default_factory=dict)
    writes: list[tuple[float, str, str]] = field(default_factory=list)
    """Time, what, whose."""
    clock: VirtualClock = field(default_factory=VirtualClock)

    def renew(self, contact_id: ContactId, leg_id: LegId, seconds: float) -> None:
        assert str(leg_id) == str(contact_id)
        self.ends[contact_id] = self.clock.now() + seconds
        self.writes.append((self.clock.now(), "renew", contact_id))

    def note(self, contact_id: ContactId, leg_id: LegId, place: Place | None, number: int) -> int:
        assert str(leg_id) == str(contact_id)
        self.places[contact_id] = place, number
        self.writes.append((self.clock.now(), "note", contact_id))
        return 3

    def now(self, contact: ContactId) -> Caller | None:
        return next((caller for caller in self.line if caller.contact == contact), None)

    def handle(self, limit_s: float = LIMIT_S) -> DeadMan:
        return DeadMan(lambda: list(self.line), self.now, self, limit_s)

    def leaving(self) -> list[str]:
        return sorted(self.ends, key=self.ends.__getitem__)

    def queueing(self) -> list[str]:
        """As ``Queue()`` sorts them."""
        return sorted(self.places, key=lambda name: -self.places[name][1])

    def count(self, what: str) -> int:
        return sum(kind == what for _, kind, _ in self.writes)


@in_virtual_time
async def test_callers_are_kept_as_long_as_the_engine_lives_and_leave_within_the_limit_when_it_dies() -> None:
    pbx = Asterisk([waiting("a"), waiting("b"), in_menu("c")])
    handle = pbx.handle()
    handle.start()
    for _ in range(600):
        await asyncio.sleep(0.1)
        assert all(pbx.clock.now() + LIMIT_S / 2 < end <= pbx.clock.now() + LIMIT_S for end in pbx.ends.values())
    await handle.close()
    died = pbx.clock.now()
    await asyncio.sleep(LIMIT_S)
    assert pbx.clock.now() >= died + LIMIT_S >= max(pbx.ends.values())


@in_virtual_time
async def test_wherever_a_round_is_cut_off_callers_leave_in_their_order() -> None:
    line = [waiting(f"c{n:03}", EPOCH + n) for n in range(40)]
    for cut in range(0, 300, 7):
        pbx = Asterisk(line)
        handle = pbx.handle()
        handle.start()
        while pbx.count("renew") < len(line) + cut:  # noqa: ASYNC110 - the test is about any moment
            await asyncio.sleep(0.005)
        await handle.close()
        assert pbx.leaving() == [caller.contact for caller in line]
        assert pbx.queueing() == [caller.contact for caller in line]


@in_virtual_time
async def test_who_talks_is_left_alone_for_hours_and_renewed_before_they_are_over() -> None:
    pbx = Asterisk([talking("a")])
    handle = pbx.handle()
    handle.start()
    await asyncio.sleep(60)
    assert pbx.writes == [(EPOCH, "renew", "a")]
    assert pbx.ends["a"] == EPOCH + TALK_S
    await asyncio.sleep(TALK_S)
    assert pbx.ends["a"] > EPOCH + TALK_S
    pbx.line = [in_menu("a")]  # the agent hung up, a survey follows
    await asyncio.sleep(5)
    assert pbx.ends["a"] <= pbx.clock.now() + LIMIT_S
    await handle.close()


@in_virtual_time
async def test_who_is_joined_in_the_middle_of_a_round_is_not_called_back_by_it() -> None:
    line = [waiting(f"c{n}") for n in range(20)]
    pbx = Asterisk(line)
    handle = pbx.handle()
    handle.start()
    while not pbx.ends:  # noqa: ASYNC110 - the round has begun
        await asyncio.sleep(0)
    assert "c0" not in pbx.ends
    pbx.line = [talking("c0"), *line[1:]]
    await asyncio.sleep(1)
    assert pbx.ends["c0"] > EPOCH + TALK_S - 1
    await handle.close()


@in_virtual_time
async def test_who_is_back_from_a_conversation_in_the_middle_of_a_round_has_the_whole_limit() -> None:
    pbx = Asterisk([talking("a"), *(waiting(f"c{n}") for n in range(20))])
    handle = pbx.handle()
    handle.start()
    while not pbx.ends:  # noqa: ASYNC110 - the round has begun
        await asyncio.sleep(0)
    pbx.line[0] = in_menu("a")
    while "a" not in pbx.ends:  # noqa: ASYNC110 - its turn comes
        await asyncio.sleep(0.01)
    assert pbx.ends["a"] == pbx.writes[-1][0] + LIMIT_S
    await handle.close()


@in_virtual_time
async def test_no_more_is_written_per_second_than_asterisk_is_asked_to_bear() -> None:
    pbx = Asterisk([waiting(f"c{n:04}", EPOCH + n) for n in range(3000)])
    handle = pbx.handle()
    handle.start()
    await asyncio.sleep(60)
    await handle.close()
    for begin in range(60):
        within = [kind for at, kind, _ in pbx.writes if begin <= at - EPOCH < begin + 1]
        assert within.count("renew") + 3 * within.count("note") <= RENEWALS_PER_S * 1.1
    last = pbx.clock.now()
    assert len(pbx.ends) == 3000
    assert min(pbx.ends.values()) > last


@in_virtual_time
async def test_a_place_is_written_once_and_again_when_it_changes() -> None:
    pbx = Asterisk([waiting("a"), waiting("b")])
    handle = pbx.handle()
    handle.start()
    await asyncio.sleep(30)
    assert pbx.count("note") == 2
    pbx.line[1] = waiting("b", priority=9)
    await asyncio.sleep(3)
    assert pbx.count("note") == 3
    pbx.line[1] = in_menu("b")
    await asyncio.sleep(3)
    assert pbx.places["b"] == (None, 0)
    await handle.close()


@in_virtual_time
async def test_numbers_follow_the_line_however_it_changes_and_few_are_written_anew() -> None:
    line = [waiting(f"c{n:02}") for n in range(10)]
    pbx = Asterisk(list(line))
    handle = pbx.handle()
    handle.start()
    await asyncio.sleep(3)
    written = pbx.count("note")
    pbx.line = [waiting("first"), *line[2:5], waiting("between"), *line[5:], waiting("last")]
    await asyncio.sleep(3)
    order = [caller.contact for caller in pbx.line]
    assert [name for name in pbx.queueing() if name in order] == order
    assert pbx.count("note") - written <= 4
    await handle.close()


@in_virtual_time
async def test_numbers_begin_again_when_there_are_none_left() -> None:
    pbx = Asterisk([waiting("a"), waiting("b")])
    handle = pbx.handle()
    handle._numbers = {ContactId("a"): 2}
    handle.start()
    await asyncio.sleep(3)
    assert pbx.places["a"][1] > pbx.places["b"][1] > 0
    await handle.close()


@in_virtual_time
async def test_after_a_loss_of_asterisk_everything_is_written_again() -> None:
    pbx = Asterisk([waiting("a"), talking("b")])
    handle = pbx.handle()
    handle.start()
    await asyncio.sleep(3)
    handle.stop()
    pbx.writes.clear()
    await asyncio.sleep(30)
    assert pbx.writes == []
    handle.start()
    await asyncio.sleep(1)
    assert [(kind, name) for _, kind, name in pbx.writes] == [("renew", "b"), ("renew", "a"), ("note", "a")]
    await handle.close()


@in_virtual_time
async def test_a_defect_of_one_round_does_not_end_the_next() -> None:
    pbx = Asterisk([waiting("a")])
    handle = pbx.handle()
    broken, pbx.line = pbx.line, [replace(waiting("a"), contact=None)]  # type: ignore[arg-type]
    pbx.now = lambda _contact: 1 / 0  # type: ignore[assignment, method-assign, return-value]
    with capture_logs() as logs:
        handle.start()
        await asyncio.sleep(LIMIT_S / ROUNDS / 2)
    assert [log["event"] for log in logs] == ["dead_man_failed"]
    pbx.line = broken
    del pbx.now
    await asyncio.sleep(LIMIT_S / ROUNDS)
    assert "a" in pbx.ends
    await handle.close()


@in_virtual_time
async def test_without_a_limit_nothing_is_written() -> None:
    pbx = Asterisk([waiting("a")])
    handle = pbx.handle(0.0)
    handle.start()
    await asyncio.sleep(30)
    assert pbx.writes == []
    await handle.close()


@in_virtual_time
async def test_places_that_may_not_have_arrived_are_written_again() -> None:
    pbx = Asterisk([waiting("a"), waiting("b")])
    handle = pbx.handle()
    handle.start()
    await asyncio.sleep(5)
    assert pbx.count("note") == 2
    handle.forget([ContactId("b")])
    await asyncio.sleep(5)
    assert [who for _, what, who in pbx.writes if what == "note"][2:] == ["b"]
    handle.forget()
    await asyncio.sleep(5)
    assert pbx.count("note") == 5
    await handle.close()


@in_virtual_time
async def test_who_talks_no_more_and_is_still_here_is_looked_after_at_once() -> None:
    pbx = Asterisk([talking("a"), talking("b")])
    handle = pbx.handle()
    handle.start()
    await asyncio.sleep(1.0)
    pbx.line = [in_menu("a"), talking("b")]
    await asyncio.sleep(PARTED_S + 0.01)
    assert pbx.ends["a"] <= pbx.clock.now() + LIMIT_S
    assert pbx.ends["b"] > pbx.clock.now() + TALK_S / 2
    pbx.line = []
    await asyncio.sleep(1.0)
    await handle.close()


@in_virtual_time
async def test_when_the_way_to_the_callers_broke_they_are_written_anew_before_anybody_leaves() -> None:
    """Even with the shortest limit, though all that was written since the last round may be lost."""
    ami = AmiConfig("h", 1, "u", "s")
    shortest, unseen_s = MIN_DEAD_MAN_S, longest_s(ami.quiet_s, ami.pong_limit_s)
    pbx = Asterisk([waiting("a"), talking("b")])
    handle = pbx.handle(shortest)
    handle.again()
    assert pbx.writes == [], "it was not begun"
    handle.start()
    await asyncio.sleep(20)
    kept = dict(pbx.ends)
    lost_at = pbx.clock.now()
    await asyncio.sleep(unseen_s)
    written = len(pbx.writes)
    handle.again()
    await asyncio.sleep(0.1)
    assert [(what, who) for _, what, who in pbx.writes[written:]] == [("renew", "b"), ("renew", "a"), ("note", "a")]
    assert lost_at + unseen_s + 0.1 < kept["a"]
    await handle.close()
