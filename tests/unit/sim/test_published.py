"""Published multi-skill results, from the scenarios that ship with the product.

Each published mean was estimated from 1,000 replications, ours from fewer, so that our interval is the wider one: the
published value must lie in it. The seeds are those of the scenarios; none was chosen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from acd.sim.answer import answer
from acd.sim.figures import Report
from acd.sim.scenario import load
from tests.unit.sim.simulated import agree

SCENARIOS = Path(__file__).parents[3] / "config/scenarios"
REPLICATIONS = 100


def reproduced(name: str) -> Report:
    """Simulate a shipped scenario."""
    return answer(replace(load(SCENARIOS / name), replications=REPLICATIONS)).report


SIMPLE_MSK = {"served": 4297.305, "abandoned": 910.335, "service_level": 0.501}
SIMPLE_MSK_OCCUPANCY = 0.881
SIMPLE_MSK_IN_TARGET = {
    "T0": (170.154, 599.334, 15.490),
    "T1": (262.936, 511.648, 34.697),
    "T2": (259.806, 613.732, 24.888),
}
"""doc/examples/SimpleMSK.res of github.com/umontreal-simul/contactcenters at dd71c175."""


REROUTING = {"served": 4274.426, "abandoned": 933.214, "service_level": 0.579}
REROUTING_OCCUPANCY = 0.884
REROUTING_IN_TARGET = {
    "T0": (298.745, 595.270, 106.823),
    "T1": (383.203, 504.090, 121.441),
    "T2": (239.008, 611.550, 22.298),
}
"""doc/examples/SimpleMSKWithRerouting.res of the same."""


def compare(
    found: Report, total: dict[str, float], occupancy: float, in_target: Mapping[str, tuple[float, ...]]
) -> None:
    """Hold the published figures against ours."""
    cells = {name: (found.total.named[name], value) for name, value in total.items()}
    cells["occupancy"] = (found.agents["G0"], occupancy)
    for name, values in in_target.items():
        for period, value in enumerate(values):
            cells[f"{name} {period}"] = (found.contacts[name][1][period].named["answered_within_target"], value)
    agree(cells)


def test_the_simple_multi_skill_contact_center_of_contactcenters_is_reproduced() -> None:
    found = reproduced("published_simple_msk.yaml")
    compare(found, SIMPLE_MSK, SIMPLE_MSK_OCCUPANCY, SIMPLE_MSK_IN_TARGET)


def test_the_contact_center_with_rerouting_after_a_delay_is_reproduced() -> None:
    found = reproduced("published_msk_rerouting.yaml")
    compare(found, REROUTING, REROUTING_OCCUPANCY, REROUTING_IN_TARGET)
