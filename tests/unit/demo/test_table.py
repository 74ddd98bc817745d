"""The picture and the line say the same, and no traffic is a dash."""

from __future__ import annotations

from io import StringIO
from typing import Any

from rich.console import Console

from acd.demo import table


def status() -> dict[str, Any]:
    phases = ["ivr", "waiting", "offered", "talking", "talking"]
    activities = ["talking", "talking", "offered", "idle", "wrap_up", "paused", "unavailable", "logged_out"]
    return {
        "contacts": [{"phase": phase} for phase in phases],
        "agents": [{"id": f"agent{n}", "activity": activity} for n, activity in enumerate(activities)],
        "trunks": [{"in_use": 5, "capacity": 30, "blocked": 2}],
        "queues": [
            {"id": "q", "name": "Umum", "waiting": 2, "longest_wait_s": 4.2, "agents_ready": 1, "agents_logged_in": 7}
        ],
    }


def ratio(value: float | None) -> dict[str, Any]:
    return {"value": value, "numerator": 8, "denominator": 9}


def figures(value: float | None) -> dict[str, Any]:
    return {
        "contacts": 9,
        "by_exit": {"answered": 8, "abandoned": 1, "blocked": 0},
        "success_call_ratio": ratio(value),
        "service_level": ratio(value),
        "queues": [{"queue": "q", "answered": 8, "service_level": ratio(value)}],
        "recordings_ok": 8,
        "recordings_bad": 1,
    }


def drawn(value: float | None) -> str:
    console = Console(file=StringIO(), width=140)
    console.print(table.picture(12.0, status(), figures(value), "metrics http://127.0.0.1:1/metrics"))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_the_line_counts_an_offered_contact_as_waiting() -> None:
    line = table.line(12.0, status(), figures(0.889))
    assert "ivr 1, waiting 2, talking 2" in line
    assert "trunk 5/30, blocked 2" in line
    assert "SCR 88.9%, service level 88.9%" in line


def test_the_picture_shows_callers_agents_trunk_figures_and_addresses() -> None:
    text = drawn(0.889)
    for part in ("5 of 30", "88.9%", "answered 8", "1 bad", "Umum", "agent7", "2 talking", "/metrics", "wrap-up"):
        assert part in text
    assert "blocked 0" not in text


def test_no_traffic_is_a_dash_not_zero() -> None:
    assert "SCR -, service level -" in table.line(0.0, status(), figures(None))
    assert "0.0%" not in drawn(None)
