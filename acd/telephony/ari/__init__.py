"""ARI: one link to Asterisk's REST interface, and the requests this engine sends over it.

:class:`~acd.telephony.ari.link.AriLink` delivers events and carries commands; :mod:`~acd.telephony.ari.commands` builds
them. What they mean for a call is decided elsewhere.
"""

from acd.telephony.ari.errors import AriConflict, AriFailed, AriRefused
from acd.telephony.ari.link import AriLink
from acd.telephony.ari.snapshots import BridgeSnapshot, ChannelSnapshot, Resync, channel_snapshot
from acd.telephony.ari.values import AriConfig, AriRequest, AriResult, AriState, AsteriskInfo, RestBy

__all__ = [
    "AriConfig",
    "AriConflict",
    "AriFailed",
    "AriLink",
    "AriRefused",
    "AriRequest",
    "AriResult",
    "AriState",
    "AsteriskInfo",
    "BridgeSnapshot",
    "ChannelSnapshot",
    "RestBy",
    "Resync",
    "channel_snapshot",
]
