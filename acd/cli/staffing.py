"""``acd staffing``: how many agents and trunk channels, or what results of those there are.

Decides what is asked and what is printed; acd.sim.staffing and acd.sim.erlang do the work.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import typer
from pydantic import TypeAdapter, ValidationError

from acd.domain.errors import AcdError
from acd.settings.fields import PositiveDuration
from acd.sim.erlang import Figures, System, counts, erlang_b, erlang_c, figures
from acd.sim.service_level import Counts, service_level, service_level_forms
from acd.sim.staffing import agents_needed, e1s, lines_needed

_DURATION = TypeAdapter(PositiveDuration)


def _duration(text: str) -> float:
    try:
        return _DURATION.validate_python(text)
    except ValidationError as error:
        raise typer.BadParameter(error.errors()[0]["msg"]) from None


def _share(text: str) -> float:
    try:
        value = float(text.removesuffix("%")) / (100.0 if text.endswith("%") else 1.0)
    except ValueError:
        value = -1.0
    if not 0.0 < value < 1.0:
        raise typer.BadParameter(f"must be a share between 0 and 1 such as 0.85, or 85%, not '{text}'")
    return value


def staffing(
    calls_per_hour: float = typer.Option(..., min=0.001, max=1e8, help="Calls offered in the hour."),
    aht: float = typer.Option(..., parser=_duration, metavar="DURATION", help="Mean of talk, hold and wrap-up: 10m."),
    target: float = typer.Option("20s", parser=_duration, metavar="DURATION", help="T of the service level."),
    level: float = typer.Option(
        "0.85", "--service-level", parser=_share, metavar="SHARE", help="Share of callers to answer within T."
    ),
    patience: float | None = typer.Option(
        None, parser=_duration, metavar="DURATION", help="Mean time until a waiting caller leaves; without it: never."
    ),
    agents: int | None = typer.Option(None, min=1, max=200_000, help="Agents there are: say what results of them."),
    trunk_sst: int | None = typer.Option(
        None, min=1, max=1_000_000, help="Trunk channels there are; when all are taken a call is blocked."
    ),
    blocking: float = typer.Option("0.01", parser=_share, metavar="SHARE", help="Share the trunk may block."),
    as_json: bool = typer.Option(False, "--json", help="For programs: shares of offered calls, times in seconds."),
) -> None:
    """Work out agents and trunk channels (SST) by Erlang B, C and A, exactly.

    Without --patience nobody leaves (Erlang C); with it callers leave after an exponential time (Erlang A). Exit code 1
    when there is no answer.
    """
    system = System(calls_per_hour, aht, agents or 1, patience, trunk_sst)
    try:
        if agents is None:
            system = replace(system, agents=agents_needed(system, target, level))
        found, parts = figures(system), counts(system, target)
        channels = trunk_sst or lines_needed(system, blocking)
    except AcdError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps(_as_json(system, (target, level, blocking), found, parts, channels), indent=2))
    else:
        _show(system, (target, level, blocking), found, parts, channels)


def _model(system: System) -> str:
    left = "+M" if system.patience is not None else ""
    return f"M/M/{system.agents}{'' if system.lines is None else f'/{system.lines}'}{left}"


def _as_json(
    system: System, wanted: tuple[float, float, float], found: Figures, parts: Counts, channels: int
) -> dict[str, Any]:
    target, level, blocking = wanted
    reached = service_level(parts)
    return {
        "model": _model(system),
        "calls_per_hour": system.calls_per_hour,
        "aht": system.aht,
        "patience": system.patience,
        "traffic": system.traffic,
        "target": target,
        "agents": system.agents,
        "service_level_wanted": level,
        "service_level": reached,
        "reached": reached is not None and reached >= level,
        "service_level_forms": service_level_forms(parts),
        **asdict(found),
        "erlang_b": erlang_b(system.traffic, system.agents),
        "erlang_c": erlang_c(system.traffic, system.agents),
        "trunk": {
            "sst": channels,
            "e1": e1s(channels),
            "given": system.lines is not None,
            "blocking_wanted": blocking,
            "blocking": figures(replace(system, lines=channels)).blocked,
        },
    }


def _show(system: System, wanted: tuple[float, float, float], found: Figures, parts: Counts, channels: int) -> None:
    target, level, blocking = wanted
    typer.echo(f"{_model(system)}, {system.traffic:.4g} erlang offered")
    reached = service_level(parts)
    verdict = "" if reached is not None and reached >= level else f", less than the {level:.4g} wanted"
    rows = [
        ("agents", f"{system.agents}"),
        ("service level", f"{_percent(reached)} within {target:g} s{verdict}"),
        *((f"  {name}", _percent(value)) for name, value in service_level_forms(parts).items()),
        ("must wait", _percent(found.waits)),
        ("mean wait, served (ASA)", _seconds(found.wait_served_mean)),
        ("mean wait, all", _seconds(found.wait_all_mean)),
        ("abandoned", _percent(found.abandoned)),
        ("blocked", _percent(found.blocked)),
        ("occupancy", _percent(found.occupancy)),
        ("callers waiting, mean", f"{found.queue_mean:.3f}"),
        ("trunk channels", _channels(system, channels, blocking)),
    ]
    for name, value in rows:
        typer.echo(f"{name:<26} {value}")


def _channels(system: System, channels: int, wanted: float) -> str:
    blocked = figures(replace(system, lines=channels)).blocked
    text = f"{channels} SST ({e1s(channels)} E1), blocking {_percent(blocked)}"
    return text if blocked <= wanted else f"{text}, more than the {wanted:.4g} allowed"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100.0 * share:.2f} %"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} s"
