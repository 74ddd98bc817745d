"""Speaking values: numbers, digits, dates, times, money, a place in the queue as sequences of prompts.

Decides which prompts, in which order, and what each of them says where nobody has recorded it (``words``). Must not
know who speaks when. Every number up to 999,999,999,999 is put together from 0 to 19, the tens, the hundreds, "seribu"
and three larger words: both languages say the larger part first and differ in their words. ``say`` speaks what flows
ask for, ``place``, ``wait`` and ``duration`` what callers are told in a queue.
"""

from __future__ import annotations

from acd.domain.flow_talk import SayKind
from acd.engine.saying.announcing import Bound, duration, place, wait
from acd.engine.saying.digits import digits
from acd.engine.saying.numbers import HIGHEST, number
from acd.engine.saying.values import say
from acd.engine.saying.words import catalogue, speaks

__all__ = ["HIGHEST", "Bound", "SayKind", "catalogue", "digits", "duration", "number", "place", "say", "speaks", "wait"]
