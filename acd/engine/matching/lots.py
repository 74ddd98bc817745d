"""Drawing lots without chance: the same contact and offer always draw the same number."""

from __future__ import annotations

_MASK = (1 << 64) - 1
_PRIME = (1 << 61) - 1


def draw(contact: str, offers: int, below: int) -> int:
    """Give a number from 0 to ``below`` - 1 that looks drawn. The mixing is that of Steele's SplitMix64 (2014)."""
    seed = int.from_bytes(contact.encode(), "big") % _PRIME
    mixed = (seed * 0x9E3779B97F4A7C15 + (offers + 1) * 0xD1B54A32D192ED03) & _MASK
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = ((mixed ^ (mixed >> shift)) * factor) & _MASK
    return ((mixed ^ (mixed >> 31)) * below) >> 64
