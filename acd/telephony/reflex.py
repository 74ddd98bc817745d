"""The reflex: a caller is answered the moment the phone offered to is picked up, before the engine has been told.

That this shall be so the engine decided with the offer (``Originate.answers``); its own command to answer follows at
once and is not carried out a second time. Whatever makes an offer void or a caller answered otherwise is a command or
an event that passes here first. Must not know how anything is sent.
"""

from __future__ import annotations

from acd.domain.commands import Answer, HangUp, Originate, TelephonyCommand
from acd.domain.ids import LegId


class Reflex:
    """Which callers wait for which phones."""

    def __init__(self) -> None:
        self._callers: dict[LegId, LegId] = {}
        """By the leg of the phone."""
        self._answered: LegId | None = None

    def ordered(self, command: TelephonyCommand) -> bool:
        """Take note of a command. True for an answer that was given already."""
        match command:
            case Originate(leg_id=leg, answers=caller) if caller is not None:
                self._callers[leg] = caller
            case HangUp(leg_id=leg):
                self.over(leg)
            case Answer(leg_id=caller):
                given = self._answered == caller
                self._answered = None
                self.over(caller)
                return given
            case _:
                pass
        return False

    def over(self, leg: LegId) -> None:
        """A leg has ended, or is about to: nobody is answered for it, nor is it answered."""
        if self._callers:
            self._callers.pop(leg, None)
            for phone in [phone for phone, caller in self._callers.items() if caller == leg]:
                del self._callers[phone]

    def picked_up(self, leg: LegId) -> LegId | None:
        """A phone was picked up: the caller to be answered now, if any."""
        self._answered = self._callers.get(leg)
        return self._answered

    def clear(self) -> None:
        """Forget all: what happened meanwhile was not seen."""
        self._callers.clear()
        self._answered = None
