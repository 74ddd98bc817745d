"""AMI: a link that survives Asterisk's restarts, and what is read from it: phones, trunks, calls past the engine.

ARI carries the calls. AMI is only listened to, for what ARI does not tell or cannot be trusted to: device states,
contacts, trunk registrations, alarms, and callers the dialplan kept. The connection and the parsing are panoramisk's.
"""

from acd.telephony.ami.facts import DeviceState, Fact, FallbackCaller, PhoneState, TrunkState, UnroutedCall, WatchState
from acd.telephony.ami.link import AmiLink
from acd.telephony.ami.messages import AmiConfig, AmiEvent, AmiRefused, AmiResponse, AmiState, AuthRefused
from acd.telephony.ami.watch import PbxWatch, WatchConfig

__all__ = [
    "AmiConfig",
    "AmiEvent",
    "AmiLink",
    "AmiRefused",
    "AmiResponse",
    "AmiState",
    "AuthRefused",
    "DeviceState",
    "Fact",
    "FallbackCaller",
    "PbxWatch",
    "PhoneState",
    "TrunkState",
    "UnroutedCall",
    "WatchConfig",
    "WatchState",
]
