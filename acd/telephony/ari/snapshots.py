"""What Asterisk says exists: channels and bridges as frozen values, for reconciliation after a reconnect.

Decides what of Asterisk's answers is kept; must not know what a contact is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Container, Mapping


@dataclass(frozen=True, slots=True)
class ChannelSnapshot:
    """One channel of Asterisk, ours or not."""

    id: str
    name: str
    """As in ``PJSIP/trunk-0000001a``: technology, endpoint, serial number."""
    state: str
    """``Down``, ``Ring``, ``Ringing``, ``Up`` …"""
    exten: str
    context: str
    caller_number: str
    creation_time: str
    """ISO 8601 with offset, as Asterisk gives it."""
    app_name: str
    app_data: str
    in_app: bool
    """Whether our Stasis application has it: inside, or originated by us and still ringing."""
    variables: tuple[tuple[str, str], ...] = ()
    """The variables named by ``channelvars`` in ari.conf, sorted by name."""


@dataclass(frozen=True, slots=True)
class BridgeSnapshot:
    """One bridge of Asterisk and the ids of the channels in it."""

    id: str
    technology: str
    bridge_type: str
    creator: str
    name: str
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Resync:
    """Everything Asterisk holds, read at one reconnect."""

    channels: tuple[ChannelSnapshot, ...]
    bridges: tuple[BridgeSnapshot, ...]


def channel_snapshot(found: Mapping[str, Any], in_app: Container[str]) -> ChannelSnapshot:
    """Build from one element of ``GET /channels``, or the ``channel`` of an event.

    ``in_app`` are the ids that ``GET /applications/APP`` names: the channel itself does not tell, for after
    StasisBroadcast it shows the pattern instead of the application, and a ringing leg shows neither.
    """
    dialplan = found.get("dialplan") or {}
    return ChannelSnapshot(
        id=str(found["id"]),
        name=str(found.get("name") or ""),
        state=str(found.get("state") or ""),
        exten=str(dialplan.get("exten") or ""),
        context=str(dialplan.get("context") or ""),
        caller_number=str((found.get("caller") or {}).get("number") or ""),
        creation_time=str(found.get("creationtime") or ""),
        app_name=str(dialplan.get("app_name") or ""),
        app_data=str(dialplan.get("app_data") or ""),
        in_app=str(found["id"]) in in_app,
        variables=tuple(sorted((str(k), str(v)) for k, v in (found.get("channelvars") or {}).items())),
    )


def bridge_snapshot(found: Mapping[str, Any]) -> BridgeSnapshot:
    """Build from one element of ``GET /bridges``."""
    return BridgeSnapshot(
        id=str(found["id"]),
        technology=str(found.get("technology") or ""),
        bridge_type=str(found.get("bridge_type") or ""),
        creator=str(found.get("creator") or ""),
        name=str(found.get("name") or ""),
        channels=tuple(str(channel) for channel in found.get("channels") or ()),
    )
