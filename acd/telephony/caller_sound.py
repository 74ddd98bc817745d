"""The requests about a caller's own sound: the tone before a recording, recordings, their playing back, listening.

Decides what Asterisk is asked for. Must not know why.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import assert_never

from acd.domain.ids import Language, PromptKey
from acd.domain.sound_commands import (
    Beep,
    DiscardTake,
    PlayTake,
    SeekTake,
    SoundCommand,
    StartListening,
    StartTake,
    StopListening,
    StopTake,
)
from acd.telephony.ari import commands
from acd.telephony.ari.values import AriRequest

TONE = "tone:1000/400,0/10000"
"""Asterisk's own ``beep`` is a file of a sound package: where that is missing, a recording that is to begin with it
ends at once, and Asterisk calls it done. A tone needs no file; silence follows until the playback is stopped."""
TALKING = "1,256"
"""Of TALK_DETECT: after how many ms without sound somebody is silent, and the mean amplitude that is sound. With more
than the 20 ms of a packet it takes the first packet for speech, silent or not."""


def request_of(
    command: SoundCommand, media: Callable[[PromptKey, Language, str], str | None]
) -> tuple[str, AriRequest]:
    """Make the request, and name what it is about. Prompts without a sound are left out."""
    match command:
        case Beep(leg_id=leg, playback_id=playback):
            return playback, commands.play(leg, [TONE], playback)
        case StartTake(leg_id=leg, name=name):
            return name, commands.record_channel(
                leg,
                name,
                max_duration_s=ceil(command.most_s),
                max_silence_s=ceil(command.silence_s),
                terminate_on=command.terminator,
            )
        case StopTake(name=name):
            return name, commands.stop_recording(name)
        case SeekTake(name=name):
            return name, commands.live_recording(name)
        case DiscardTake(name=name):
            return name, commands.delete_recording(name)
        case PlayTake(leg_id=leg, playback_id=playback, name=name):
            wordings = command.wordings or ("",) * len(command.prompts)
            worded = zip(command.prompts, wordings, strict=True)
            spoken = (media(key, command.language, wording) for key, wording in worded)
            uris = [f"recording:{name}", *(uri for uri in spoken if uri is not None)]
            return playback, commands.play(leg, uris, playback)
        case StartListening(leg_id=leg):
            return leg, commands.set_variable(leg, "TALK_DETECT(set)", TALKING)
        case StopListening(leg_id=leg):
            return leg, commands.set_variable(leg, "TALK_DETECT(remove)", "")
    assert_never(command)
