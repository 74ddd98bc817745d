"""Runs a scenario for a test, and compares figures with what they should be."""

from __future__ import annotations

from pathlib import Path

from acd.sim.answer import answer
from acd.sim.figures import Report
from acd.sim.scenario import load
from acd.sim.statistics import Estimate


def run(folder: Path, text: str) -> Report:
    """Simulate a scenario given as text."""
    path = folder / "scenario.yaml"
    path.write_text(text, encoding="utf-8")
    return answer(load(path)).report


def agree(cells: dict[str, tuple[Estimate, float]]) -> None:
    """See that the exact values lie in the 95 % intervals: one in twenty may be outside, none far outside."""
    outside = []
    for name, (found, exact) in cells.items():
        assert found.mean is not None, name
        assert found.ci95 is not None, name
        distance = abs(found.mean - exact)
        assert distance <= 2 * found.ci95, f"{name}: {found}, should be {exact:.6g}"
        if distance > found.ci95:
            outside.append(f"{name}: {found}, should be {exact:.6g}")
    assert len(outside) <= 1 + len(cells) // 20, outside
