"""The threshold: channels that are known of but not yet inside our application, and what was ordered meanwhile.

A caller is announced when the channel is made, an agent when the phone is picked up; both are a moment before Asterisk
takes orders about the channel. What can be done at once is (a phone rings, a caller is answered), the rest waits here.
Must not know how a command is sent.
"""

from __future__ import annotations

from acd.domain.commands import AddToBridge, Originate, TelephonyCommand
from acd.domain.ids import ContactId, LegId

CAME_KEPT = 1_000
"""Callers remembered, so that one who is told of late is not announced again."""


class Threshold:
    """Who stands on it. Each list of held commands is given back once, in the order ordered."""

    def __init__(self) -> None:
        self._callers: dict[ContactId, list[TelephonyCommand]] = {}
        self._legs: dict[LegId, list[TelephonyCommand]] = {}
        self._joining: dict[ContactId, LegId] = {}
        """Contacts whose commands wait for an agent's leg."""
        self._came: dict[LegId, None] = {}

    def knows(self, leg: LegId) -> bool:
        """Whether a caller was announced, lately."""
        return leg in self._came

    def announce(self, leg: LegId) -> None:
        """A caller is on the way in."""
        self._came[leg] = None
        if len(self._came) > CAME_KEPT:
            del self._came[next(iter(self._came))]
        # Who is announced again, having come twice from Asterisk's own queue, is owed what was ordered at first.
        self._callers.setdefault(ContactId(leg), [])

    def waits_for(self, leg: LegId) -> bool:
        """Whether a caller was announced and is not inside yet."""
        return ContactId(leg) in self._callers

    def enter(self, leg: LegId) -> list[TelephonyCommand] | None:
        """A caller is inside, or will never be. None: nobody waited."""
        return self._callers.pop(ContactId(leg), None)

    def pick_up(self, leg: LegId) -> bool:
        """An agent picked up. False when that is known."""
        if leg in self._legs:
            return False
        self._legs[leg] = []
        return True

    def come_in(self, leg: LegId) -> list[TelephonyCommand] | None:
        """An agent's leg is inside, or gone. None: nobody picked it up."""
        held = self._legs.pop(leg, None)
        if held:
            self._joining.pop(held[0].contact_id, None)
        return held

    def holds(self, command: TelephonyCommand) -> bool:
        """Keep a command that has to wait; False when it can be sent.

        Of a caller on the way in all but the ringing of a phone waits; then what joins a leg not yet inside, and all
        that follows it in the same contact.
        """
        contact = command.contact_id
        entering = self._callers.get(contact)
        if entering is not None and not isinstance(command, Originate):
            entering.append(command)
            return True
        if not self._legs:
            return False
        if isinstance(command, AddToBridge):
            coming = next((leg for leg in command.leg_ids if leg in self._legs), None)
            if coming is not None:
                self._joining[contact] = coming
        leg = self._joining.get(contact)
        if leg is None:
            return False
        self._legs[leg].append(command)
        return True

    def clear(self) -> None:
        """Forget those on the way: the link by which they would come is down."""
        self._callers.clear()
        self._legs.clear()
        self._joining.clear()
