"""AMI's facts as domain events."""

from __future__ import annotations

from typing import assert_never

from acd.domain.events import Event, FallbackSeen, LinkChanged, PhoneChanged, TrunkChanged, UnroutedEnded
from acd.domain.ids import ONLY_PBX, LegId, PbxId
from acd.telephony.ami.facts import Fact, FallbackCaller, PhoneState, TrunkState, UnroutedCall, WatchState


def to_event(fact: Fact, at: float, pbx: PbxId = ONLY_PBX) -> Event:
    """Translate one fact told at ``at``, by one of several Asterisks."""
    match fact:
        case PhoneState():
            return PhoneChanged(at, fact.device, reachable=fact.reachable, busy=fact.busy)
        case TrunkState():
            return TrunkChanged(at, fact.trunk, up=fact.up, detail=fact.detail, pbx=pbx)
        case FallbackCaller():
            return FallbackSeen(
                at, LegId(fact.uniqueid), fact.channel, fact.exten, fact.caller, fact.started_at, fact.answered_at
            )
        case WatchState():
            return LinkChanged(at, "ami", up=fact.synced, pbx=pbx)
        case UnroutedCall():
            return UnroutedEnded(
                at=fact.ended_at,
                leg_id=LegId(fact.uniqueid),
                channel_name=fact.channel,
                access_code=fact.exten,
                caller=fact.caller,
                arrived_at=fact.started_at,
                connected_at=fact.answered_at,
                cause=fact.cause,
                sip_code=fact.sip_code,
                fell=fact.fallback_at is not None,
            )
    assert_never(fact)
