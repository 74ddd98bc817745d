"""The trunk ledger: which channel holds which trunk's capacity. One lease per channel; SST are counted, not guessed.

Leases follow channels, not contacts: a channel in Asterisk's fallback queue holds its SST as any other. After a resync
the ledger is what Asterisk has, even above capacity; a new call is refused as long as that lasts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from acd.domain.copies import replace
from acd.domain.ids import ONLY_PBX, LegId, PbxId, TrunkId
from acd.domain.plan import Plan
from acd.engine.state import TrunkState

Leases = Mapping[LegId, TrunkId]


def trunk_of(plan: Plan, channel_name: str, pbx: PbxId = ONLY_PBX) -> TrunkId | None:
    """Tell whose trunk a channel such as ``PJSIP/gw1-0000001a`` or ``DAHDI/i1/169-3`` is; None for any other.

    Each of several Asterisks (``pbx``) has names of its own.
    """
    # The serial number goes first: PJSIP/gw1-b-0000001a is no channel of PJSIP/gw1.
    stem = channel_name.rpartition("-")[0]
    for trunk in plan.trunks.values():
        for prefix in trunk.channel_prefixes if trunk.pbx == pbx else ():
            if stem == prefix or stem.startswith(prefix + "/"):
                return trunk.id
    return None


def in_use(leases: Leases, trunk: TrunkId) -> int:
    """Channels of a trunk in use (SST)."""
    return sum(1 for held in leases.values() if held == trunk)


def fits(used: int, capacity: float) -> bool:
    """Tell whether one more channel fits beside ``used``; an infinite capacity takes all."""
    return used < capacity


def has_room(plan: Plan, leases: Leases, trunk: TrunkId) -> bool:
    """Tell whether one more channel of a trunk fits."""
    return fits(in_use(leases, trunk), plan.trunks[trunk].capacity)


def lease(leases: dict[LegId, TrunkId], states: dict[TrunkId, TrunkState], leg: LegId, trunk: TrunkId) -> None:
    """Take one SST of a trunk for a leg."""
    leases[leg] = trunk
    known = states.get(trunk, TrunkState())
    used = in_use(leases, trunk)
    if used > known.peak:
        states[trunk] = replace(known, peak=used)


def rebuild(
    plan: Plan, channels: Iterable[tuple[LegId, str]], refused: frozenset[LegId], pbx: PbxId = ONLY_PBX
) -> dict[LegId, TrunkId]:
    """Make an Asterisk's ledger from its channels (id, name); ``refused`` ones are on their way out and hold none."""
    leases: dict[LegId, TrunkId] = {}
    for leg, name in channels:
        trunk = trunk_of(plan, name, pbx)
        if trunk is not None and leg not in refused:
            leases[leg] = trunk
    return leases
