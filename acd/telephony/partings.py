"""Calls between two Asterisks, one of which seems to have died: where nothing is heard any more, they are hung up.

That it refuses both connections is not enough to hang up: something between may refuse them while people talk. The
sound on each channel is the witness: an Asterisk that lives sends some at least every second, be it silence
(``rtp_keepalive``). Decides which channels are over. Must not know who is on them, nor who refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final, Protocol

import structlog

from acd.domain.errors import TelephonyError
from acd.telephony.ari import commands
from acd.telephony.ari.snapshots import Resync
from acd.telephony.ari.values import AriRequest

log = structlog.get_logger(__name__)

SILENT_S: Final = 3.0
"""Nothing was heard on a channel for so long: three packets of an Asterisk that lives are missing."""


class Link(Protocol):
    """What is needed of ``AriLink``."""

    async def resync(self) -> Resync:
        """Read all channels. Raises ``TelephonyError``."""

    async def request(self, method: str, path: str, *, params: dict[str, str], key: str) -> object:
        """Send a request and wait for its answer. Raises ``TelephonyError``."""


async def part(link: Link, endpoint: str, still_gone: Callable[[], bool]) -> None:
    """Hang up the silent channels from and to another Asterisk, unless it is seen again meanwhile.

    Args:
        link: to the Asterisk that lives.
        endpoint: by which it calls the other one, and is called.
        still_gone: whether the other one refuses all connections yet.
    """
    try:
        found = await link.resync()
        between = [c.id for c in found.channels if c.state == "Up" and c.name.rpartition("-")[0] == f"PJSIP/{endpoint}"]
        before = await _heard(link, between)
        await asyncio.sleep(SILENT_S)
        after = await _heard(link, before)
    except TelephonyError as error:
        log.warning("silence_not_looked_for", endpoint=endpoint, why=str(error))
        return
    silent = [channel for channel, packets in after.items() if packets == before[channel]]
    if not silent or not still_gone():
        log.info("calls_heard", endpoint=endpoint, heard=len(after))
        return
    log.warning("calls_parted", endpoint=endpoint, silent=len(silent), heard=len(after) - len(silent))
    await asyncio.gather(*(_ask(link, commands.hangup(channel), channel) for channel in silent))


async def _heard(link: Link, channels: Iterable[str]) -> dict[str, int]:
    """Count the packets each channel has received; one without sound, or gone, is left out."""
    asked = list(channels)
    answers = await asyncio.gather(*(_ask(link, commands.rtp_statistics(channel), channel) for channel in asked))
    counts = ((channel, answer.get("rxcount")) for channel, answer in zip(asked, answers, strict=True))
    return {channel: count for channel, count in counts if isinstance(count, int)}


async def _ask(link: Link, request: AriRequest, key: str) -> dict[str, object]:
    """Give what Asterisk answers about a channel; nothing where it refuses."""
    try:
        answer = await link.request(request.method, request.path, params=dict(request.params or {}), key=key)
    except TelephonyError:
        return {}
    return answer if isinstance(answer, dict) else {}
