"""What people see of a running call centre: a table for terminals, a line for logs.

Decides only the picture. Takes the API's JSON (status and figures), gives something to print.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

Json = Mapping[str, Any]

_COLOURS = {
    "talking": "green",
    "offered": "yellow",
    "idle": "cyan",
    "wrap_up": "blue",
    "paused": "magenta",
    "unavailable": "red",
    "logged_out": "dim",
}
_BAR = 30


def percent(ratio: float | None) -> str:
    """Write a ratio; no traffic is a dash, not 0."""
    return "-" if ratio is None else f"{ratio:.1%}"


def phases(status: Json) -> Counter[str]:
    """Count contacts by what they do; one that rings an agent still waits."""
    counted: Counter[str] = Counter()
    for contact in status["contacts"]:
        counted["waiting" if contact["phase"] == "offered" else contact["phase"]] += 1
    return counted


def activities(status: Json) -> Counter[str]:
    """Count agents by activity."""
    return Counter(agent["activity"] for agent in status["agents"])


def trunk_use(status: Json) -> tuple[int, int, int]:
    """Give channels in use, their capacity and refused calls over all trunks."""
    trunks = status["trunks"]
    return (
        sum(trunk["in_use"] for trunk in trunks),
        sum(trunk["capacity"] for trunk in trunks),
        sum(trunk["blocked"] for trunk in trunks),
    )


def line(elapsed_s: float, status: Json, figures: Json) -> str:
    """Say everything in one line."""
    calls, agents = phases(status), activities(status)
    used, capacity, blocked = trunk_use(status)
    return (
        f"{elapsed_s:5.0f} s  calls: ivr {calls['ivr']}, waiting {calls['waiting']}, talking {calls['talking']}"
        f" | agents: talking {agents['talking']}, offered {agents['offered']}, wrap-up {agents['wrap_up']},"
        f" idle {agents['idle']}, unavailable {agents['unavailable']}"
        f" | trunk {used}/{capacity}, blocked {blocked}"
        f" | records {figures['contacts']}, SCR {percent(figures['success_call_ratio']['value'])},"
        f" service level {percent(figures['service_level']['value'])}"
    )


def picture(elapsed_s: float, status: Json, figures: Json, footer: str) -> RenderableType:
    """Draw the whole: figures, trunk, queues, agents, and where to look further."""
    top = Table.grid(expand=True, padding=(0, 1))
    top.add_column(ratio=1)
    top.add_column(ratio=1)
    top.add_row(_calls(elapsed_s, status), _figures(figures))
    return Group(top, _queues(status, figures), _agents(status), Text(footer, style="dim"))


def _calls(elapsed_s: float, status: Json) -> Panel:
    calls = phases(status)
    used, capacity, blocked = trunk_use(status)
    rows = Table.grid(padding=(0, 2))
    for name, phase, style in (
        ("in the IVR", "ivr", "cyan"),
        ("waiting", "waiting", "yellow"),
        ("talking", "talking", "green"),
    ):
        rows.add_row(name, Text(str(calls[phase]), style=f"bold {style}"), Text("■" * calls[phase], style=style))
    filled = round(_BAR * used / capacity) if capacity else 0
    bar = Text("█" * filled, style="red" if used >= capacity else "green") + Text("░" * (_BAR - filled), style="dim")
    rows.add_row("trunk channels", Text(f"{used} of {capacity}", style="bold"), bar)
    rows.add_row("refused", Text(str(blocked), style="bold red" if blocked else "bold"), "")
    return Panel(rows, title=f"callers, {elapsed_s:.0f} s", title_align="left", box=box.ROUNDED)


def _figures(figures: Json) -> Panel:
    rows = Table.grid(padding=(0, 2))
    for name, key in (("success call ratio", "success_call_ratio"), ("service level", "service_level")):
        ratio = figures[key]
        rows.add_row(
            name, Text(percent(ratio["value"]), style="bold"), f"{ratio['numerator']} of {ratio['denominator']}"
        )
    exits = ", ".join(f"{name} {count}" for name, count in figures["by_exit"].items() if count)
    rows.add_row("call records", Text(str(figures["contacts"]), style="bold"), exits)
    good, bad = figures["recordings_ok"], figures["recordings_bad"]
    rows.add_row("recordings", Text(f"{good} good", style="bold"), Text(f"{bad} bad", style="red") if bad else "")
    return Panel(rows, title="figures", title_align="left", box=box.ROUNDED)


def _queues(status: Json, figures: Json) -> Table:
    table = Table(box=box.SIMPLE_HEAD, expand=True)
    for name in ("queue", "waiting", "longest", "agents free", "logged in", "answered", "service level"):
        table.add_column(name, justify="left" if name == "queue" else "right")
    counted = {queue["queue"]: queue for queue in figures["queues"]}
    for queue in status["queues"]:
        past = counted.get(queue["id"])
        table.add_row(
            queue["name"],
            Text(str(queue["waiting"]), style="yellow" if queue["waiting"] else ""),
            f"{queue['longest_wait_s']:.0f} s" if queue["waiting"] else "",
            str(queue["agents_ready"]),
            str(queue["agents_logged_in"]),
            str(past["answered"]) if past else "",
            percent(past["service_level"]["value"]) if past else "",
        )
    return table


def _agents(status: Json) -> Panel:
    text = Text()
    for agent in status["agents"]:
        text.append(f"{agent['id']} ", style=_COLOURS[agent["activity"]])
    text.append("\n")
    for activity, count in sorted(activities(status).items()):
        text.append(f"{count} {activity.replace('_', '-')}   ", style=f"bold {_COLOURS[activity]}")
    return Panel(text, title="agents", title_align="left", box=box.ROUNDED)
