"""Plays prompts to callers, and sees to it that none of them is silence.

Decides what is done while a sound is made, and when Asterisk could not play one: the sound that takes its place, then a
tone, which needs no file. Must not know where sounds come from.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from acd.domain.commands import Play, Spoken
from acd.domain.ids import PlaybackId, PromptKey
from acd.telephony.sounds import Sounds

TONE = "tone:880"
"""Asterisk makes it by itself, and does not end it."""
TONE_S = 0.5
_MOST_KEPT = 5000
"""Plays whose end may never be told are forgotten at last."""

Submit = Callable[[Play, PlaybackId, list[str]], None]
"""Have Asterisk play media under an id."""


@dataclass(slots=True)
class _Playing:
    command: Play
    id: PlaybackId
    """The one Asterisk knows; each further try has its own."""
    tries: int = 1


class Speaker:
    """What is being said by one Asterisk.

    Args:
        sounds: where sounds are.
        submit: has Asterisk play media.
        stop: has Asterisk stop a playback.
    """

    def __init__(self, sounds: Sounds, submit: Submit, stop: Callable[[Play, PlaybackId], None]) -> None:
        self._sounds = sounds
        self._submit = submit
        self._stop = stop
        self._waiting: dict[PlaybackId, asyncio.Task[None]] = {}
        self._playing: OrderedDict[PlaybackId, _Playing] = OrderedDict()
        self._again: dict[PlaybackId, PlaybackId] = {}
        """The first id of a play by that of its further tries."""

    def play(self, command: Play) -> list[str] | None:
        """Give the media to play now; None: it is played when its sounds are made."""
        found = [self._sounds.find(said, command.language, wording) for said, wording in _worded(command)]
        media = [uri for uri in found if uri is not None]
        if len(media) == len(found):
            self._keep(_Playing(command, command.playback_id))
            return media
        task = asyncio.create_task(self._play_later(command), name="play later")
        self._waiting[command.playback_id] = task
        task.add_done_callback(lambda _: self._waiting.pop(command.playback_id, None))
        return None

    def stop(self, playback: PlaybackId) -> PlaybackId | None:
        """Give the id under which Asterisk plays something; None: it does not yet, and no longer will."""
        task = self._waiting.pop(playback, None)
        if task is not None:
            task.cancel()
            return None
        found = self._playing.get(playback)
        return found.id if found is not None else playback

    def ended(self, playback: PlaybackId, *, failed: bool) -> PlaybackId | None:
        """Asterisk is at the end of a play, or failed. Gives the play that is over; None: it goes on differently."""
        first = self._again.pop(playback, playback)
        playing = self._playing.get(first)
        if playing is None or playing.id != playback:
            return first
        if not failed or playing.tries > 2:  # noqa: PLR2004 - the fallback and the tone
            del self._playing[first]
            return first
        self._try_again(playing)
        return None

    async def close(self) -> None:
        """Let go of what waits for its sounds."""
        tasks = [*self._waiting.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _play_later(self, command: Play) -> None:
        media = []
        for said, wording in _worded(command):
            language = command.language
            uri = self._sounds.find(said, language, wording) or await self._sounds.obtain(said, language, wording)
            if uri is not None:
                media.append(uri)
            elif len(command.prompts) > 1:
                self._sounds.count(said, "left_out")
        playing = _Playing(command, command.playback_id)
        self._keep(playing)
        if media:
            self._submit(command, playing.id, media)
        else:
            self._beep(playing)

    def _try_again(self, playing: _Playing) -> None:
        """Say the last of what was to be said in another way: it is the one that failed."""
        command, last = playing.command, playing.command.prompts[-1]
        playing.tries += 1
        playing.id = PlaybackId(f"{command.playback_id}~{playing.tries}")
        self._again[playing.id] = command.playback_id
        uri = self._sounds.instead(last, command.language) if playing.tries == 2 else None  # noqa: PLR2004 - first try
        if uri is not None:
            self._submit(command, playing.id, [uri])
        else:
            self._beep(playing)

    def _beep(self, playing: _Playing) -> None:
        playing.tries = 3
        self._sounds.count(playing.command.prompts[-1], "tone")
        self._submit(playing.command, playing.id, [TONE])
        asyncio.get_running_loop().call_later(TONE_S, self._stop, playing.command, playing.id)

    def _keep(self, playing: _Playing) -> None:
        self._playing[playing.command.playback_id] = playing
        if len(self._playing) > _MOST_KEPT:
            _, forgotten = self._playing.popitem(last=False)
            self._again.pop(forgotten.id, None)


def _worded(command: Play) -> zip[tuple[PromptKey | Spoken, str]]:
    """Each thing said, with its wording; the one in force where none is named."""
    return zip(command.prompts, command.wordings or ("",) * len(command.prompts), strict=True)
