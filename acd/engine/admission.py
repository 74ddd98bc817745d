"""Admission: whether a new call may come in at all, or is refused so that those in progress go on undisturbed.

Decides by the attempts so far and by what was measured when the call came. Costs a refused caller nothing and the
engine next to nothing. Must not know flows, queues or trunks: a full trunk is the arrival desk's matter.
"""

from __future__ import annotations

from acd.domain.overload import Load, OverloadPlan, OverloadReason
from acd.engine.state import Bucket

SET_BACK_S = 60.0
"""Events are never so much out of order."""


def refusal(plan: OverloadPlan, bucket: Bucket, load: Load | None, at: float) -> OverloadReason | None:
    """Tell why a call that comes now is refused; None lets it in."""
    if load is not None and load.delay_s > plan.delay_s:
        return "delay"
    if load is not None and load.commands > plan.commands:
        return "commands"
    if _level(plan, bucket, at) + 1.0 > plan.burst:
        return "rate"
    return None


def taken(plan: OverloadPlan, bucket: Bucket, at: float) -> Bucket:
    """Count a call that was let in."""
    return Bucket(_level(plan, bucket, at) + 1.0, at if _set_back(bucket, at) else max(at, bucket.at))


def _set_back(bucket: Bucket, at: float) -> bool:
    """Whether the clock was set back, so that nobody knows how long ago that was."""
    return bucket.at - at > SET_BACK_S


def _level(plan: OverloadPlan, bucket: Bucket, at: float) -> float:
    """What of the calls let in has not yet run off."""
    if _set_back(bucket, at):
        return 0.0
    return max(0.0, bucket.level - max(0.0, at - bucket.at) * plan.calls_per_second)
