"""Why a contact ended: the closed list every call record draws from."""

from __future__ import annotations

from enum import StrEnum


class Exit(StrEnum):
    """Exit reason of a contact; exactly one per call record."""

    ANSWERED = "answered"
    """An agent talked with the caller."""
    SELF_SERVICE = "self_service"
    """The flow gave the caller what was asked for."""
    ABANDONED = "abandoned"
    """The caller left the queue after the short-abandon threshold."""
    SHORT_ABANDONED = "short_abandoned"
    """The caller left the queue within the short-abandon threshold."""
    IVR_EXIT = "ivr_exit"
    """The caller, or the flow, ended the call in the IVR without an outcome."""
    OVERFLOWED = "overflowed"
    """No agent within the queue's maximum wait or length, and nowhere else to go."""
    BLOCKED = "blocked"
    """Refused before answer: every channel of the trunk was in use (Q.850 cause 34)."""
    CLOSED = "closed"
    """Outside the opening hours."""
    TRANSFERRED = "transferred"
    """The flow handed the caller to the dialplan."""
    UNKNOWN_NUMBER = "unknown_number"
    """The number dialled is no access code of ours (Q.850 cause 1)."""
    FALLBACK_ANSWERED = "fallback_answered"
    """Answered through Asterisk's own fallback queue while the engine was away."""
    FALLBACK_ABANDONED = "fallback_abandoned"
    """Left Asterisk's own fallback queue, or never got there, while the engine was away."""
    CALLBACK_SERVED = "callback_served"
    """An agent talked with the customer, who had asked to be called back."""
    CALLBACK_FAILED = "callback_failed"
    """The customer could not be reached in as many calls as there may be."""
    CALLBACK_EXPIRED = "callback_expired"
    """The time for calling the customer back ran out."""
    CALLBACK_CANCELLED = "callback_cancelled"
    """Taken back: by a supervisor, or because the customer called again and took the place along."""
    FAILED_TECHNICAL = "failed_technical"
    """We, Asterisk or the network failed the caller."""
