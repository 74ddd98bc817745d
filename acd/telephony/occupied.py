"""What channels are occupied with: while one plays a prompt or records its caller, ARI changes nothing else on it.

Asterisk gives a channel's requests to the channel's own thread, which takes them when the prompt is over. So before a
prompt begins, the timeout by which a caller leaves a dead engine is made to outlast it: AMI, which could renew it
meanwhile, may be away, or not yet be known to be. Decides how long such a timeout is. Must not know who renews it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from acd.domain.commands import Play, TelephonyCommand
from acd.domain.ids import OUR_LEG_PREFIX, LegId
from acd.domain.sound_commands import PlayTake, StartTake
from acd.telephony.sounds import Sounds

LONGEST_S: Final = 300.0
"""A caller of a dead engine stays for no longer prompt."""
UNKNOWN_S: Final = 60.0
"""What a prompt may last whose file is not seen here, until the timeout is renewed for the first time."""
AFTER: Final = 0.4
"""The part of the dead man's time left when the prompt is over: two of the five rounds in which it is renewed."""
UNSEEN: Final = 0.25
"""A prompt shorter than this part of it needs nothing: so much is left though AMI's death was not noticed yet."""


class Occupied:
    """Which channels are, and until when.

    Args:
        sounds: knows how long prompts are.
        now: seconds, of a clock that only goes forward.
        limit_s: how long a caller stays with a dead engine; 0: for ever.
    """

    def __init__(self, sounds: Sounds, now: Callable[[], float], limit_s: float) -> None:
        self._sounds = sounds
        self._now = now
        self._limit_s = limit_s
        self._until: dict[LegId, tuple[str, float]] = {}
        """By channel: what goes on there, and when it is over at the latest."""
        self._free: set[LegId] = set()

    def begins(self, command: TelephonyCommand, what: str) -> float | None:
        """Note what is about to begin, named ``what``. Gives the timeout to set before; None: it needs none."""
        if not self._limit_s or not isinstance(command, Play | PlayTake | StartTake):
            return None
        if command.leg_id in self._free or command.leg_id.startswith(OUR_LEG_PREFIX):
            return None
        surely, at_most = self._lasts(command)
        self._until[command.leg_id] = what, self._now() + min(surely, LONGEST_S)
        return min(at_most, LONGEST_S) + self._limit_s if at_most > UNSEEN * self._limit_s else None

    def free(self, leg: LegId) -> None:
        """Note a channel that has no timeout, and is to get none: one that is no caller's."""
        self._free.add(leg)

    def ended(self, what: str, target: str) -> None:
        """Tell that something is over, or failed, on ``target``, as events name it."""
        leg = LegId(target.removeprefix("channel:"))
        if self._until.get(leg, ("",))[0] == what:
            del self._until[leg]

    def gone(self, leg: LegId) -> None:
        """Forget a channel that has ended."""
        self._until.pop(leg, None)
        self._free.discard(leg)

    def clear(self) -> None:
        """Forget what goes on: what ends from now on may not be told."""
        self._until.clear()

    def provided_for(self, leg: LegId) -> bool:
        """Whether what goes on is so long that the timeout was set for it, and lasts."""
        return self._left_s(leg) > UNSEEN * self._limit_s

    def outlasting(self, leg: LegId, seconds: float) -> float:
        """Make a timeout long enough for what goes on."""
        left = self._left_s(leg)
        return max(seconds, left + AFTER * self._limit_s) if left else seconds

    def _left_s(self, leg: LegId) -> float:
        """Give how long a channel is occupied still; 0: it is not."""
        return max(0.0, self._until.get(leg, ("", 0.0))[1] - self._now())

    def _lasts(self, command: Play | PlayTake | StartTake) -> tuple[float, float]:
        """Give the seconds for which there is sound, engine or no engine, and those there may be.

        Who has finished speaking hears nothing any more: a recording is nothing to stay with a dead engine for.
        """
        match command:
            case StartTake(most_s=most):
                return 0.0, most
            case PlayTake():
                return 0.0, UNKNOWN_S
            case Play():
                wordings = command.wordings or ("",) * len(command.prompts)
                worded = zip(command.prompts, wordings, strict=True)
                lengths = [self._sounds.length_s(said, command.language, wording) for said, wording in worded]
                known = sum(length for length in lengths if length is not None)
                return known, known + UNKNOWN_S * (None in lengths)
