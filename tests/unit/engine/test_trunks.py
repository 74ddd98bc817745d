"""The trunk ledger counts channels, whoever serves them."""

from __future__ import annotations

import pytest

from acd.domain.ids import LegId, TrunkId
from acd.domain.plan import TrunkPlan
from acd.engine import trunks
from tests.engine_kit import make_plan

GW, GW_B, E1 = TrunkId("gw"), TrunkId("gw-b"), TrunkId("e1")
PLAN = make_plan(
    trunks={
        GW: TrunkPlan(GW, ("PJSIP/gw",), 2),
        GW_B: TrunkPlan(GW_B, ("PJSIP/gw-b",), 2),
        E1: TrunkPlan(E1, ("DAHDI/i1", "DAHDI/i2"), 30),
    }
)


@pytest.mark.parametrize(
    ("channel", "trunk"),
    [
        ("PJSIP/gw-0000001a", GW),
        ("PJSIP/gw-b-0000001a", GW_B),
        ("PJSIP/gw-c-0000001a", None),
        ("PJSIP/gw2-0000001a", None),
        ("DAHDI/i1/169-3", E1),
        ("DAHDI/i2/169-3", E1),
        ("DAHDI/i11/169-3", None),
        ("PJSIP/agent101-00000001", None),
        ("PJSIP/gw", None),
        ("", None),
    ],
)
def test_a_channel_belongs_to_the_trunk_whose_name_it_bears_whole(channel: str, trunk: TrunkId | None) -> None:
    assert trunks.trunk_of(PLAN, channel) == trunk


def test_a_trunk_has_room_until_its_channels_reach_the_capacity() -> None:
    leases = {LegId("a"): GW}
    assert trunks.has_room(PLAN, leases, GW)
    leases[LegId("b")] = GW
    assert not trunks.has_room(PLAN, leases, GW)
    assert trunks.has_room(PLAN, leases, GW_B)
    assert trunks.in_use(leases, GW) == 2


def test_the_ledger_is_made_from_the_channels_that_exist_but_the_refused() -> None:
    channels = [(LegId(leg), f"PJSIP/{leg}-00000001") for leg in ("gw", "gw-b", "agent101")]
    assert trunks.rebuild(PLAN, channels, frozenset({LegId("gw-b")})) == {LegId("gw"): GW}
