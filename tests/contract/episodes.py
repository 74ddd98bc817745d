"""Episodes, and what call control tells of each: of the simulated Asterisk as of the real one.

An episode is what people do and what is ordered; what it gives is the story that must be told.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from acd.domain.commands import AddToBridge, Answer, ContinueInDialplan, CreateBridge, Play
from acd.domain.ids import BridgeId, Language
from tests.contract.stage import LONG, NOBODY, SHORT, Stage, Story

Episode = Callable[[Stage], Awaitable[Story]]


async def _arrived(stage: Stage, *, answered: bool = True) -> None:
    await stage.hands.call()
    await stage.told("caller", "arrived at 169")
    if answered:
        stage.order(Answer(stage.contact, stage.caller))
        await stage.barrier()


async def _connected(stage: Stage) -> None:
    await stage.hands.phone(200)
    await _arrived(stage)
    stage.order(stage.ring())
    await stage.told("leg1", "answered")
    stage.order(*stage.join(stage.caller, stage.leg()))
    await stage.barrier()


async def a_caller_is_answered_and_hangs_up(stage: Stage) -> Story:
    await _arrived(stage)
    stage.hands.hang_up()
    await stage.told("caller", "ended: 16")
    return {"caller": ["arrived at 169", "ended: 16"]}


async def a_caller_gives_up_unanswered(stage: Stage) -> Story:
    await _arrived(stage, answered=False)
    await stage.barrier()
    stage.hands.hang_up()
    await stage.told("caller", "ended: 16")
    return {"caller": ["arrived at 169", "ended: 16"]}


async def a_caller_is_refused(stage: Stage) -> Story:
    await _arrived(stage, answered=False)
    stage.order(stage.drop(stage.caller, 34))
    await stage.until(lambda: len(stage.story()["caller"]) > 1)
    return {"caller": ["arrived at 169", "ended: 34"]}


async def a_prompt_is_heard_to_its_end(stage: Stage) -> Story:
    await _arrived(stage)
    stage.order(stage.say(SHORT))
    await stage.told("play1", "played")
    return {"caller": ["arrived at 169"], "play1": ["played"]}


async def a_prompt_is_stopped_and_cannot_be_stopped_again(stage: Stage) -> Story:
    await _arrived(stage)
    stage.order(stage.say(LONG))
    await stage.barrier()
    stage.order(stage.hush())
    await stage.told("play1", "played")
    stage.order(stage.say(SHORT, 2))
    await stage.told("play2", "played")
    return {"caller": ["arrived at 169"], "play1": ["played"], "play2": ["played"]}


async def who_hangs_up_hears_no_end_of_a_prompt(stage: Stage) -> Story:
    await _arrived(stage)
    stage.order(stage.say(LONG))
    await stage.barrier()
    stage.hands.hang_up()
    await stage.told("caller", "ended: 16")
    return {"caller": ["arrived at 169", "ended: 16"]}


async def keys_are_heard_in_order(stage: Stage) -> Story:
    await _arrived(stage)
    for key in "5#":
        await stage.hands.press(key)
        await stage.told("caller", f"pressed {key}")
    return {"caller": ["arrived at 169", "pressed 5", "pressed #"]}


async def a_conversation_the_caller_ends(stage: Stage) -> Story:
    await _connected(stage)
    stage.hands.hang_up()
    await stage.told("caller", "ended: 16")
    stage.order(stage.drop(stage.leg()), stage.part())
    await stage.told("leg1", "ended: 16")
    await stage.told("recording", "recorded")
    return {
        "caller": ["arrived at 169", "ended: 16"],
        "leg1": ["answered", "ended: 16"],
        "recording": ["recorded"],
    }


async def a_conversation_the_agent_ends(stage: Stage) -> Story:
    await _connected(stage)
    stage.hands.phone_hangs_up()
    await stage.told("leg1", "ended: 16")
    stage.order(stage.part())
    await stage.told("recording", "recorded")
    stage.order(stage.say(SHORT))
    await stage.told("play1", "played")
    return {
        "caller": ["arrived at 169"],
        "leg1": ["answered", "ended: 16"],
        "recording": ["recorded"],
        "play1": ["played"],
    }


async def a_phone_refuses(stage: Stage, status: int, cause: int) -> Story:
    await stage.hands.phone(status)
    stage.order(stage.ring())
    await stage.until(lambda: "leg1" in stage.story())
    return {"leg1": [f"ended: {cause}"]}


async def a_phone_rings_in_vain(stage: Stage) -> Story:
    await stage.hands.phone(180)
    stage.order(stage.ring(timeout_s=1.0))
    await stage.until(lambda: "leg1" in stage.story())
    return {"leg1": ["ended: 19"]}


async def a_ringing_phone_is_silenced(stage: Stage) -> Story:
    await stage.hands.phone(180)
    stage.order(stage.ring())
    await stage.barrier()
    stage.order(stage.drop(stage.leg()))
    await stage.until(lambda: "leg1" in stage.story())
    return {"leg1": ["ended: 16"]}


async def a_caller_gives_up_while_the_phone_rings(stage: Stage) -> Story:
    await stage.hands.phone(180)
    await _arrived(stage, answered=False)
    stage.order(stage.ring())
    await stage.barrier()
    stage.hands.hang_up()
    await stage.told("caller", "ended: 16")
    stage.order(stage.drop(stage.leg()))
    await stage.told("leg1", "ended: 16")
    return {"caller": ["arrived at 169", "ended: 16"], "leg1": ["ended: 16"]}


async def a_phone_that_is_not_there(stage: Stage) -> Story:
    stage.order(stage.ring())
    await stage.until(lambda: "leg1" in stage.story())
    return {"leg1": ["originate failed: refused"]}


async def an_id_in_use(stage: Stage) -> Story:
    await stage.hands.phone(180)
    stage.order(stage.ring(), stage.ring())
    await stage.told("leg1", "originate failed: refused")
    stage.order(stage.drop(stage.leg()))
    await stage.told("leg1", "ended: 16")
    return {"leg1": ["originate failed: refused", "ended: 16"]}


async def nobody_there(stage: Stage) -> Story:
    nowhere = BridgeId("acd-b-nowhere")
    play = Play(stage.contact, NOBODY, stage.playback(), (SHORT,), Language("id"))
    stage.order(Answer(stage.contact, NOBODY), play, stage.hush(2), stage.drop(NOBODY))
    stage.order(AddToBridge(stage.contact, nowhere, (NOBODY,)), stage.part())
    stage.order(CreateBridge(stage.contact, stage.bridge), AddToBridge(stage.contact, stage.bridge, (NOBODY,)))
    await stage.barrier()
    stage.order(stage.part())
    return {
        "nobody": ["answer failed: gone", "hang_up failed: gone"],
        "play1": ["play failed: gone"],
        "play2": ["stop_play failed: gone"],
        "acd-b-nowhere": ["add_to_bridge failed: gone"],
        "bridge": ["destroy_bridge failed: gone", "add_to_bridge failed: refused"],
    }


async def a_caller_goes_back_to_the_dialplan(stage: Stage) -> Story:
    await stage.hands.phone(180)  # the fallback queue's agent
    await _arrived(stage)
    stage.order(ContinueInDialplan(stage.contact, stage.caller, "acd-fallback", "169"))
    await stage.told("caller", "left")
    stage.order(Answer(stage.contact, stage.caller))
    await stage.told("caller", "answer failed: refused")
    stage.hands.hang_up()
    await stage.told("caller", "ended: 16")
    return {"caller": ["arrived at 169", "left", "answer failed: refused", "ended: 16"]}


async def an_engine_is_away_and_another_finds_what_is_left(stage: Stage) -> Story:
    await _connected(stage)
    await stage.hands.lose()
    stage.hands.hang_up()
    await stage.hands.nobody_calls()  # what happens now is told to nobody
    found = await stage.hands.find()
    ours = [(channel.leg_id, channel.up, channel.in_app) for channel in found.channels]
    assert ours == [(stage.leg(), True, True)]
    assert [(bridge.bridge_id, bridge.members) for bridge in found.bridges] == [(stage.bridge, (stage.leg(),))]
    stage.order(stage.drop(stage.leg()))
    await stage.told("leg1", "ended: 16")
    empty = await stage.hands.find()
    assert [(bridge.bridge_id, bridge.members) for bridge in empty.bridges] == [(stage.bridge, ())]
    stage.order(stage.part())
    await stage.told("recording", "recorded")
    return {"caller": ["arrived at 169"], "leg1": ["answered", "ended: 16"], "recording": ["recorded"]}


EPISODES: dict[str, Episode] = {
    **{
        episode.__name__: episode
        for episode in (
            a_caller_is_answered_and_hangs_up,
            a_caller_gives_up_unanswered,
            a_caller_is_refused,
            a_prompt_is_heard_to_its_end,
            a_prompt_is_stopped_and_cannot_be_stopped_again,
            who_hangs_up_hears_no_end_of_a_prompt,
            keys_are_heard_in_order,
            a_conversation_the_caller_ends,
            a_conversation_the_agent_ends,
            a_phone_rings_in_vain,
            a_ringing_phone_is_silenced,
            a_caller_gives_up_while_the_phone_rings,
            a_phone_that_is_not_there,
            an_id_in_use,
            nobody_there,
            a_caller_goes_back_to_the_dialplan,
            an_engine_is_away_and_another_finds_what_is_left,
        )
    },
    **{
        f"a_phone_refuses_with_{status}": partial(a_phone_refuses, status=status, cause=cause)
        for status, cause in ((486, 17), (603, 21), (480, 19))
    },
}


async def perform(stage: Stage, episode: Episode) -> None:
    """Play an episode and hold that its story was told, and nothing else."""
    expected = await episode(stage)
    await stage.barrier()
    told = stage.story()
    barriers = told.pop(NOBODY, [])
    own = [what for what in barriers if what != "hang_up failed: gone"]
    expected.pop(NOBODY, None)
    assert own in ([], ["answer failed: gone"])
    assert told == expected
