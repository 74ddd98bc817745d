"""What a command that failed was about, as the adapter to Asterisk says it."""

from __future__ import annotations

from acd.domain.commands import (
    AddToBridge,
    CreateBridge,
    DestroyBridge,
    Play,
    StartRecording,
    StopPlay,
    TelephonyCommand,
)
from acd.domain.sound_commands import Beep, DiscardTake, PlayTake, SeekTake, StartTake, StopTake


def target_of(command: TelephonyCommand) -> str:
    """Its leg, bridge, playback or recording."""
    match command:
        case Play(playback_id=playback) | StopPlay(playback_id=playback):
            return playback
        case Beep(playback_id=playback) | PlayTake(playback_id=playback):
            return playback
        case StartRecording(name=name) | StartTake(name=name) | StopTake(name=name):
            return name
        case SeekTake(name=name) | DiscardTake(name=name):
            return name
        case CreateBridge(bridge_id=bridge) | AddToBridge(bridge_id=bridge) | DestroyBridge(bridge_id=bridge):
            return bridge
        case _:
            return command.leg_id
